/** Photos and depth in 16-bit PNGs: rgb/ and depth/, with ids of objects in labels/ where there are any. */
import { S2Error } from "../core/index.ts";
import { type DepthMap, decodeDepth, everyStep } from "./depth-map.ts";
import type { Folder } from "./folder.ts";
import { flaw, readBytes } from "./invalid-file.ts";
import type { Draft, Known, Listing } from "./listing.ts";
import { readMask } from "./mask-pairs.ts";
import { pairFiles } from "./pairs.ts";

const PARTS = [
  { role: "depth", extension: ".png", what: "depth (a 16-bit PNG)" },
  { role: "label", extension: ".png", what: "object mask (a PNG of ids)", optional: true },
] as const;

export async function readDepthPairs({ folder, places, splits, options }: Listing): Promise<Draft<Known<"depth">>> {
  const { metresPerUnit } = options;
  if (!(metresPerUnit !== undefined && metresPerUnit > 0 && Number.isFinite(metresPerUnit))) {
    throw new S2Error(
      "data-set",
      `Got metresPerUnit ${metresPerUnit} for "${folder.name}"; expected the metres of one step of its depth files: 0.001 for ` +
        "millimetres, 1 / 256 for KITTI, 1 / 5000 for TUM.",
    );
  }
  const { pairs, problems } = pairFiles(places, PARTS, splits);
  const entries = pairs.map(({ photo, split, parts }) => ({
    path: photo.path,
    split,
    read: async (size: readonly [number, number]) => {
      const depthPath = parts.depth!;
      const depth = () => readDepth(folder, depthPath, size, metresPerUnit);
      const { width, height, step } = await depth();
      if (parts.label === undefined) return { depthPath, depth, classes: [] };
      const objects = async () => everyStep(await readMask(folder, parts.label!, size), { width, height, step });
      await objects();
      return { depthPath, depth, objectsPath: parts.label, objects, classes: [] };
    },
  }));
  return { classes: [], entries, problems };
}

async function readDepth(
  folder: Folder,
  path: string,
  size: readonly [number, number],
  metresPerUnit: number,
): Promise<DepthMap> {
  const bytes = await readBytes(folder, path);
  try {
    return await decodeDepth(bytes, size, metresPerUnit);
  } catch (error) {
    throw flaw(path, (error as Error).message, error);
  }
}
