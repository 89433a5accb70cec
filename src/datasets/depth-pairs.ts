/** Images and depth in 16-bit PNGs: rgb/ and depth/, with ids of objects in labels/ if there are any. */
import { S2Error } from "../core/index.ts";
import type { DataSetImage, DepthMap, Raster } from "./data-set.ts";
import { readBytes, reading } from "./files.ts";
import type { Draft, Listing } from "./listing.ts";
import { readMask } from "./mask-pairs.ts";
import { entriesOf, pairFiles } from "./pairs.ts";
import { decodePngValues } from "./png-values.ts";

const LABEL_FILES = [
  { role: "depth", extension: ".png", description: "depth (a 16-bit PNG)" },
  { role: "label", extension: ".png", description: "object mask (a PNG of ids)", optional: true },
] as const;

/** Reads depth in meters. @throws S2Error "data-set" without the option `metersPerUnit`. */
export async function readDepthPairs({ folder, locations, splits, options }: Listing): Promise<Draft<"depth">> {
  const { metersPerUnit } = options;
  if (!(metersPerUnit !== undefined && metersPerUnit > 0 && Number.isFinite(metersPerUnit))) {
    throw new S2Error(
      "data-set",
      `Got metersPerUnit ${metersPerUnit} for "${folder.name}"; expected the meters per unit of its depth files: 0.001 for ` +
        "millimeters, 1 / 256 for KITTI, 1 / 5000 for TUM.",
    );
  }
  const { pairs, issues } = pairFiles(locations, LABEL_FILES, splits);
  const entries = entriesOf<"depth">(pairs, async ({ depth: path, label: objectsPath }, size) => {
    const depthPath = path!;
    const depth = async () => {
      const bytes = await readBytes(folder, depthPath);
      return reading(depthPath, () => decodeDepth(bytes, size, metersPerUnit));
    };
    const { width, height, step } = await depth();
    if (objectsPath === undefined) return { depthPath, depth, classes: [] };
    const objects = async () => subsample(await readMask(folder, objectsPath, size), { width, height, step });
    await objects();
    return { depthPath, depth, objectsPath, objects, classes: [] };
  });
  return { classes: [], entries, issues };
}

/** Decodes the depth of an image. @throws S2Error "data-file" with the reason as a sentence. */
async function decodeDepth(bytes: Uint8Array, size: DataSetImage["size"], metersPerUnit: number): Promise<DepthMap> {
  const { width, height, bits, palette, data } = await decodePngValues(bytes);
  if (bits !== 16 || palette) {
    const format = palette ? "a palette PNG" : `a gray PNG of ${bits} bits`;
    throw new S2Error("data-file", `It is ${format}; expected gray of 16 bits, whose values are depth.`);
  }
  const step = stepOf({ width, height }, size);
  const meters = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) meters[i] = data[i] * metersPerUnit;
  if (meters.every((value) => value === 0)) throw new S2Error("data-file", "It has no value at all: every pixel is 0.");
  return { width, height, step, data: meters };
}

/** Returns the step between pixels of the image that have depth, equal in both directions. */
function stepOf(depth: { width: number; height: number }, [height, width]: DataSetImage["size"]): number {
  const step = height / depth.height;
  if (Number.isInteger(step) && width === step * depth.width) return step;
  throw new S2Error(
    "data-file",
    `It is ${depth.width}x${depth.height} pixels and its image ${width}x${height}; expected the image's size, or that divided by a whole number.`,
  );
}

/** Reduces a mask of the image's size to the grid of its depth. */
function subsample({ width, data }: Raster, grid: { width: number; height: number; step: number }): Raster {
  const { step } = grid;
  const sampled = new (data instanceof Uint16Array ? Uint16Array : Uint8Array)(grid.width * grid.height);
  for (let y = 0, to = 0; y < grid.height; y++)
    for (let x = 0; x < grid.width; x++) sampled[to++] = data[y * step * width + x * step];
  return { width: grid.width, height: grid.height, data: sampled };
}
