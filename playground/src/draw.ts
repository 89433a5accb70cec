/** Draws pixels on canvases. */
import type { Box, Pixels } from "s2-vision/web";

/** Converts pixels to a canvas of their size; gray and RGB pixels are opaque. */
export function canvasOf({ width, height, channels, data }: Pixels): HTMLCanvasElement {
  const image = new ImageData(width, height);
  if (channels === 4) image.data.set(data);
  else {
    const [second, third] = channels === 1 ? [0, 0] : [1, 2];
    const words = new Uint32Array(image.data.buffer); // little-endian, as on all machines that run browsers
    for (let from = 0, to = 0; to < words.length; from += channels, to++) {
      words[to] = 0xff000000 | (data[from + third] << 16) | (data[from + second] << 8) | data[from];
    }
  }
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  canvas.getContext("2d")!.putImageData(image, 0, 0);
  return canvas;
}

/** Encodes a canvas as a JPEG. */
export function jpegOf(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((give, refuse) =>
    canvas.toBlob((blob) => (blob ? give(blob) : refuse(new Error("The browser made no JPEG of the image."))), "image/jpeg", 0.9),
  );
}

/** Strokes a white line with dark edges, visible on any color. */
export function outline(context: CanvasRenderingContext2D, box: Box, scale: number, color = "#fff"): void {
  const rectangle = [box.left * scale, box.top * scale, box.width * scale, box.height * scale] as const;
  context.strokeStyle = "rgb(0 0 0 / 65%)";
  context.lineWidth = 4;
  context.strokeRect(...rectangle);
  context.strokeStyle = color;
  context.lineWidth = 2;
  context.strokeRect(...rectangle);
}

/** Dims boxes, evenly where they overlap. */
export function dim(context: CanvasRenderingContext2D, boxes: readonly Box[], scale: number): void {
  context.fillStyle = "rgb(0 0 0 / 35%)";
  context.beginPath();
  for (const { left, top, width, height } of boxes) context.rect(left * scale, top * scale, width * scale, height * scale);
  context.fill();
}

/** Strokes a dashed line inside a box, where the outlines of its neighbors do not cover it. */
export function dashed(context: CanvasRenderingContext2D, box: Box, scale: number, color: string): void {
  const inset = 6;
  context.setLineDash([6, 5]);
  context.strokeStyle = color;
  context.lineWidth = 2;
  context.strokeRect(
    ...([box.left * scale + inset, box.top * scale + inset] as const),
    ...([box.width * scale - 2 * inset, box.height * scale - 2 * inset] as const),
  );
  context.setLineDash([]);
}

/** Draws a ring around a point. */
export function ring(context: CanvasRenderingContext2D, x: number, y: number, color: string): void {
  for (const [width, style] of [
    [6, "rgb(0 0 0 / 65%)"],
    [3, color],
  ] as const) {
    context.lineWidth = width;
    context.strokeStyle = style;
    context.beginPath();
    context.arc(x, y, 8, 0, 2 * Math.PI);
    context.stroke();
  }
}
