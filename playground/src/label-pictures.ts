/** Pictures of the labeling interface as addresses: the photo is its own file; small ones and masks are drawn. */
import { maskOver } from "s2-vision/web";
import { canvasOf, jpegOf } from "./draw.ts";

type Mask = Parameters<typeof maskOver>[1];

/** Longest sides of pictures in pixels, as `s2 label` has them. */
const LARGE = 1400;
const SMALL = 168;
/** Large pictures that may still be loading when the next is asked for. */
const KEPT = 8;

/** Draws pictures until `forget`, which frees their addresses. */
export function labelPictures(file: (image: number) => Promise<Blob>, mask: (image: number) => Promise<Mask | undefined>) {
  /** Addresses of large pictures, the last one at the end, and of all small ones. */
  const large: string[] = [];
  const small: string[] = [];
  /** Pixels of the photo on which masks are drawn. */
  let kept: { readonly image: number; readonly pixels: Promise<ImageData> } | undefined;
  const pixelsOf = (image: number): Promise<ImageData> => {
    if (kept?.image !== image) kept = { image, pixels: file(image).then(async (blob) => pixelsIn(await shrunken(blob, LARGE))) };
    return kept.pixels;
  };
  const addressOf = (blob: Blob, addresses: string[]): string => {
    const address = URL.createObjectURL(blob);
    addresses.push(address);
    if (large.length > KEPT) URL.revokeObjectURL(large.shift()!);
    return address;
  };
  return {
    async picture(kind: "image" | "small" | "mask", image: number): Promise<string> {
      if (kind === "image") return addressOf(await file(image), large);
      if (kind === "small") return addressOf(await jpegOf(await shrunken(await file(image), SMALL)), small);
      const found = await mask(image);
      if (!found) throw new Error(`Image ${image} has no mask.`);
      const { width, height, data } = await pixelsOf(image);
      const pixels = { width, height, channels: 4, data: new Uint8Array(data.buffer) } as const;
      return addressOf(await jpegOf(canvasOf(maskOver(pixels, found))), large);
    },
    forget() {
      for (const address of [...large, ...small]) URL.revokeObjectURL(address);
    },
  };
}

/** Draws the image upright, at most `side` pixels on its longer side. */
async function shrunken(blob: Blob, side: number): Promise<HTMLCanvasElement> {
  const bitmap = await createImageBitmap(blob);
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d")!;
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas;
}

const pixelsIn = (canvas: HTMLCanvasElement): ImageData =>
  canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
