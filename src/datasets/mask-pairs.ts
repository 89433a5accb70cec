/** Images and masks of one class id a pixel: images/ and masks/, as CamVid and ADE20k lie on disk. */
import { benchmarkClasses } from "./benchmark-classes.ts";
import { needClassNames, readClassNames, USUAL_NAMES } from "./class-names.ts";
import type { DataSetIssue } from "./data-set.ts";
import type { Folder } from "./folder.ts";
import { ignoredId } from "./ignored-id.ts";
import { invalidFile, readBytes, shortList } from "./invalid-file.ts";
import type { Draft, Known, Listing } from "./listing.ts";
import { pairFiles } from "./pairs.ts";
import type { PathFacts } from "./path-facts.ts";
import { decodePngValues, type Raster } from "./png-values.ts";

export async function readMaskPairs(listing: Listing): Promise<Draft<Known<"segmentation">>> {
  const { folder, splits } = listing;
  const places = maskFiles(listing.locations);
  const part = { role: "mask", extension: ".png", what: "mask (a PNG of class ids)" } as const;
  const { pairs, problems } = pairFiles(places, [part], splits);
  const { classes, ids, notes } = await classesOf(
    listing,
    pairs.map(({ labelFiles }) => labelFiles.mask!),
  );
  const ignore = ignoredId(classes, listing.options.ignore);
  const entries = pairs.map(({ image, split, labelFiles }) => ({
    path: image.path,
    split,
    read: async (size: readonly [number, number]) => {
      const maskPath = labelFiles.mask!;
      const mask = async () => mapped(await readMask(folder, maskPath, size), ids);
      return { maskPath, mask, classes: idsIn(await mask(), classes, ignore, maskPath) };
    },
  }));
  return { classes, ignore, entries, issues: [...notes, ...problems] };
}

/** PNGs in labels/ are masks where no folder is for masks alone. */
export function maskFiles(places: readonly PathFacts[]): PathFacts[] {
  if (places.some(({ role, extension }) => role === "mask" && extension === ".png")) return [...places];
  return places.map((place) => (place.role === "label" && place.extension === ".png" ? { ...place, role: "mask" } : place));
}

/** Names from the option or a file, else those of the benchmark whose layout it is. */
async function classesOf(
  { folder, paths, options }: Listing,
  masks: readonly string[],
): Promise<{ classes: readonly string[]; ids?: readonly number[]; notes: DataSetIssue[] }> {
  const given = await readClassNames(folder, paths, options.classes, USUAL_NAMES.masks);
  if (given) return { classes: given, notes: [] };
  const found = benchmarkClasses(masks);
  if (!found) return { classes: await needClassNames(folder, paths, undefined, USUAL_NAMES.masks), notes: [] };
  const reason = `No file names the classes; by the layout they are the ${found.classes.length} of ${found.name}. A classes.txt says others.`;
  return { ...found, notes: [{ path: folder.name, reason, used: true }] };
}

function mapped(mask: Raster, ids: readonly number[] | undefined): Raster {
  return ids === undefined ? mask : { ...mask, data: mask.data.map((id) => ids[id] ?? id) };
}

/** A mask of its image's size, or a `flaw`. */
export async function readMask(folder: Folder, path: string, [height, width]: readonly [number, number]): Promise<Raster> {
  const bytes = await readBytes(folder, path);
  let mask: Raster;
  try {
    const { width, height, data } = await decodePngValues(bytes);
    mask = { width, height, data };
  } catch (error) {
    throw invalidFile(path, (error as Error).message, error);
  }
  if (mask.width === width && mask.height === height) return mask;
  throw invalidFile(path, `It is ${mask.width}x${mask.height} pixels and its image ${width}x${height}; they must be alike.`);
}

/** Class ids of a mask without the ignored one; an id that no class has is a `flaw`. */
function idsIn({ data }: Raster, classes: readonly string[], ignore: number, path: string): number[] {
  const pixels = new Uint32Array(65536);
  for (let i = 0; i < data.length; i++) pixels[data[i]]++;
  if (ignore >= 0) pixels[ignore] = 0;
  const ids: number[] = [];
  for (let id = 0; id < pixels.length; id++) if (pixels[id] > 0) ids.push(id);
  const foreign = ids.filter((id) => !classes[id]);
  if (foreign.length === 0) return ids;
  const count = foreign.reduce((sum, id) => sum + pixels[id], 0);
  const advice =
    foreign.length === 1 && foreign[0] === classes.length
      ? `Name it; or, if the names are those of 1 to ${classes.length}, start each line with its id ("1 ${classes[0]}").`
      : "Name them, or give ignore (--ignore).";
  throw invalidFile(path, `${count} of its pixels have ids that no class has: ${shortList(foreign)}. ${advice}`);
}
