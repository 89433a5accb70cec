/** Depth from a 16-bit PNG: metres, with 0 where nothing was measured. */
import { S2Error } from "../core/index.ts";
import { decodePngValues, type Raster } from "./png-values.ts";

/** Metres a pixel, [height, width] row-major; 0 = no value. `data[y][x]` belongs to the photo's pixel [y·step, x·step]. */
export interface DepthMap {
  readonly width: number;
  readonly height: number;
  readonly step: number;
  readonly data: Float32Array;
}

/** The grid that depth of this size has on a photo: every `step`th pixel, in both directions alike. */
export function stepOf(depth: { width: number; height: number }, [height, width]: readonly [number, number]): number {
  const step = height / depth.height;
  if (Number.isInteger(step) && width === step * depth.width) return step;
  throw new S2Error(
    "data-file",
    `It is ${depth.width}x${depth.height} pixels and its photo ${width}x${height}; expected the photo's size, or that divided by a whole number.`,
  );
}

/** Decodes depth of a photo. @throws S2Error "data-file" with the reason as a sentence. */
export async function decodeDepth(
  bytes: Uint8Array,
  size: readonly [height: number, width: number],
  metresPerUnit: number,
): Promise<DepthMap> {
  const { width, height, bits, palette, data } = await decodePngValues(bytes);
  if (bits !== 16 || palette) {
    const what = palette ? "a palette PNG" : `a grey PNG of ${bits} bits`;
    throw new S2Error("data-file", `It is ${what}; expected grey of 16 bits, whose values are depth.`);
  }
  const step = stepOf({ width, height }, size);
  const metres = new Float32Array(data.length);
  let measured = 0;
  for (let i = 0; i < data.length; i++) {
    metres[i] = data[i] * metresPerUnit;
    measured |= data[i];
  }
  if (measured === 0) throw new S2Error("data-file", "It has no value at all: every pixel is 0.");
  return { width, height, step, data: metres };
}

/** Every `step`th number: a mask of the photo's size on the grid of its depth. */
export function everyStep({ width, data }: Raster, grid: { width: number; height: number; step: number }): Raster {
  const { step } = grid;
  const sampled = new (data instanceof Uint16Array ? Uint16Array : Uint8Array)(grid.width * grid.height);
  for (let y = 0, to = 0; y < grid.height; y++)
    for (let x = 0; x < grid.width; x++) sampled[to++] = data[y * step * width + x * step];
  return { width: grid.width, height: grid.height, data: sampled };
}
