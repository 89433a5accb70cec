/** The lens: one part of the image in the pixels that the model gets at each scale, each pixel a rectangle, with the borders of patches. */
import type { S2Plan } from "s2-vision";
import { type Box, type Photo, resizePixels } from "s2-vision/web";
import { make } from "./dom.ts";
import { canvasOf } from "./draw.ts";
import { scaleNames, session } from "./session.ts";

/** The lens is this fraction of the image's sides: two patches of a 224 px model at 1x. */
const FRACTION = 1 / 7;

interface Zoom {
  readonly pixels: HTMLCanvasElement;
  readonly canvas: HTMLCanvasElement;
  readonly patches: readonly [across: number, down: number];
}

export interface Lens {
  readonly element: HTMLElement;
  show(image: Photo, plan: S2Plan): void;
  /** Moves the lens's middle to a pixel of the image, or as near as its border allows; returns its box. */
  move(x: number, y: number): Box;
}

export function lens(): Lens {
  const element = make("div", { className: "zooms" });
  let zooms: Zoom[] = [];
  let size: readonly [width: number, height: number] = [1, 1];
  return {
    element,
    show(image, plan) {
      size = [image.width, image.height];
      zooms = plan.scales.map(({ size: [height, width], grid, canvas: [down, across] }) => {
        const canvas = make("canvas", { width: 240, height: Math.round((240 * image.height) / image.width) });
        const patches = [across / (grid?.cols ?? across), down / (grid?.rows ?? down)] as const;
        return { pixels: canvasOf(resizePixels(image, [height, width], "bicubic")), canvas, patches };
      });
      element.replaceChildren(...zooms.map(figureOf));
    },
    move(x, y) {
      const [width, height] = [size[0] * FRACTION, size[1] * FRACTION];
      const left = Math.max(0, Math.min(size[0] - width, x - width / 2));
      const top = Math.max(0, Math.min(size[1] - height, y - height / 2));
      const box = { left, top, width, height };
      for (const zoom of zooms) draw(zoom, box, size);
      return box;
    },
  };
}

function figureOf({ pixels, canvas }: Zoom, i: number): HTMLElement {
  const name = scaleNames([session.scales[i]]);
  const [wide, high] = [pixels.width, pixels.height].map((side) => Math.round(side * FRACTION));
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `What the model gets of this part at ${name}: ${wide} x ${high} pixels`);
  const caption = make("figcaption", {}, make("strong", { textContent: name }), ` ${wide} × ${high} px`);
  return make("figure", {}, canvas, caption);
}

function draw({ pixels, canvas, patches }: Zoom, { left, top, width, height }: Box, size: readonly [number, number]): void {
  const [across, down] = [pixels.width / size[0], pixels.height / size[1]];
  const context = canvas.getContext("2d")!;
  context.imageSmoothingEnabled = false;
  context.drawImage(pixels, left * across, top * down, width * across, height * down, 0, 0, canvas.width, canvas.height);
  context.strokeStyle = "rgb(255 255 255 / 55%)";
  context.lineWidth = 1;
  context.beginPath();
  const [zoomX, zoomY] = [canvas.width / (width * across), canvas.height / (height * down)];
  for (let x = patches[0] - ((left * across) % patches[0]); x * zoomX < canvas.width; x += patches[0]) {
    context.moveTo(x * zoomX, 0);
    context.lineTo(x * zoomX, canvas.height);
  }
  for (let y = patches[1] - ((top * down) % patches[1]); y * zoomY < canvas.height; y += patches[1]) {
    context.moveTo(0, y * zoomY);
    context.lineTo(canvas.width, y * zoomY);
  }
  context.stroke();
}
