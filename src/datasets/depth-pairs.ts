/** Images and depth in 16-bit PNGs: rgb/ and depth/, with ids of objects in labels/ where there are any. */
import { S2Error } from "../core/index.ts";
import { type DepthMap, decodeDepth, everyStep } from "./depth-map.ts";
import type { Folder } from "./folder.ts";
import { invalidFile, readBytes } from "./invalid-file.ts";
import type { Draft, Known, Listing } from "./listing.ts";
import { readMask } from "./mask-pairs.ts";
import { pairFiles } from "./pairs.ts";

const PARTS = [
  { role: "depth", extension: ".png", what: "depth (a 16-bit PNG)" },
  { role: "label", extension: ".png", what: "object mask (a PNG of ids)", optional: true },
] as const;

export async function readDepthPairs({ folder, locations, splits, options }: Listing): Promise<Draft<Known<"depth">>> {
  const { metersPerUnit } = options;
  if (!(metersPerUnit !== undefined && metersPerUnit > 0 && Number.isFinite(metersPerUnit))) {
    throw new S2Error(
      "data-set",
      `Got metersPerUnit ${metersPerUnit} for "${folder.name}"; expected the meters of one step of its depth files: 0.001 for ` +
        "millimeters, 1 / 256 for KITTI, 1 / 5000 for TUM.",
    );
  }
  const { pairs, problems } = pairFiles(locations, PARTS, splits);
  const entries = pairs.map(({ image, split, labelFiles }) => ({
    path: image.path,
    split,
    read: async (size: readonly [number, number]) => {
      const depthPath = labelFiles.depth!;
      const depth = () => readDepth(folder, depthPath, size, metersPerUnit);
      const { width, height, step } = await depth();
      if (labelFiles.label === undefined) return { depthPath, depth, classes: [] };
      const objects = async () => everyStep(await readMask(folder, labelFiles.label!, size), { width, height, step });
      await objects();
      return { depthPath, depth, objectsPath: labelFiles.label, objects, classes: [] };
    },
  }));
  return { classes: [], entries, issues: problems };
}

async function readDepth(
  folder: Folder,
  path: string,
  size: readonly [number, number],
  metersPerUnit: number,
): Promise<DepthMap> {
  const bytes = await readBytes(folder, path);
  try {
    return await decodeDepth(bytes, size, metersPerUnit);
  } catch (error) {
    throw invalidFile(path, (error as Error).message, error);
  }
}
