/** What every runtime's `loadImage` can be asked. Platform-free. */
import { S2Error } from "../core/index.ts";

export interface LoadImageOptions {
  /** What lies behind transparent pixels, 0 to 255 each. Default white. */
  background?: readonly [red: number, green: number, blue: number];
  /** "srgb" (default) converts by the embedded colour profile; "ignore" takes the numbers as they are. */
  icc?: "srgb" | "ignore";
  /** Refuses larger photos before decoding them. Default 268402689 (16383 x 16383), as sharp. */
  maxPixels?: number;
}

export const WHITE = [255, 255, 255] as const;
const MAX_PIXELS = 16383 ** 2;

/** @throws S2Error "too-many-pixels"; `name` begins the sentence. */
export function refusePixels(name: string, width: number, height: number, maxPixels = MAX_PIXELS): void {
  if (width * height > maxPixels) {
    throw new S2Error(
      "too-many-pixels",
      `${name} has ${width} x ${height} = ${width * height} pixels; the limit is ${maxPixels}. ` +
        `Make the photo smaller, or raise the option maxPixels to at least ${width * height}.`,
    );
  }
}

/** @throws S2Error "photo-options". */
export function checkPhotoOptions({ background, icc, maxPixels }: LoadImageOptions): void {
  if (background && !(background.length === 3 && background.every((v) => Number.isInteger(v) && v >= 0 && v <= 255))) {
    throw new S2Error(
      "photo-options",
      `Got background [${background}]; expected three whole numbers from 0 to 255: red, green, blue.`,
    );
  }
  if (icc !== undefined && icc !== "srgb" && icc !== "ignore") {
    throw new S2Error(
      "photo-options",
      `Got icc "${icc}"; expected "srgb" (convert) or "ignore" (leave the numbers as they are).`,
    );
  }
  if (maxPixels !== undefined && !(maxPixels >= 1)) {
    throw new S2Error(
      "photo-options",
      `Got maxPixels ${maxPixels}; expected a number of at least 1. Leave it out for ${MAX_PIXELS}.`,
    );
  }
}
