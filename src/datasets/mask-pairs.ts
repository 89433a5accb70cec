/** Images and masks of one class id per pixel: images/ and masks/, as in CamVid, ADE20K, Pascal VOC and Cityscapes. */
import { ignoredId, needClassNames, readClassNames, USUAL_NAMES } from "./class-names.ts";
import type { DataSetImage, Raster } from "./data-set.ts";
import { type DataSetIssue, type Folder, invalidFile, readBytes, reading, shortList } from "./files.ts";
import type { Draft, Listing } from "./listing.ts";
import { idsOf } from "./paint-classes.ts";
import { entriesOf, pairFiles } from "./pairs.ts";
import type { PathFacts } from "./path-facts.ts";
import { decodePngValues } from "./png-values.ts";

const MASK = { role: "mask", extension: ".png", description: "mask (a PNG of class ids)" } as const;

/** Reads masks, with names of classes from the option or a file, else those of the benchmark with this layout. */
export async function readMaskPairs(listing: Listing): Promise<Draft<"segmentation">> {
  const { folder, splits, options } = listing;
  const { pairs, issues } = pairFiles(maskFiles(listing.locations), [MASK], splits);
  const masks = pairs.map(({ labelFiles }) => labelFiles.mask!);
  const { classes, ids, notes } = await classesOf(listing, masks);
  const ignore = ignoredId(classes, options.ignore);
  const entries = entriesOf<"segmentation">(pairs, async ({ mask: path }, size) => {
    const maskPath = path!;
    const mask = async () => {
      const raster = await readMask(folder, maskPath, size);
      return ids === undefined ? raster : { ...raster, data: raster.data.map((id) => ids[id] ?? id) };
    };
    return { maskPath, mask, classes: idsIn(await mask(), classes, ignore, maskPath) };
  });
  return { classes, ignore, entries, issues: [...notes, ...issues] };
}

/** Takes PNGs in labels/ as masks if no folder is for masks alone. */
function maskFiles(locations: readonly PathFacts[]): PathFacts[] {
  if (locations.some(({ role, extension }) => role === "mask" && extension === ".png")) return [...locations];
  return locations.map((file) => (file.role === "label" && file.extension === ".png" ? { ...file, role: "mask" } : file));
}

async function classesOf(
  { folder, paths, options }: Listing,
  masks: readonly string[],
): Promise<{ classes: readonly string[]; ids?: readonly number[]; notes: DataSetIssue[] }> {
  const found = benchmarkClasses(masks);
  if (!found) return { classes: await needClassNames(folder, paths, options.classes, USUAL_NAMES.segmentation), notes: [] };
  const given = await readClassNames(folder, paths, options.classes, USUAL_NAMES.segmentation);
  if (given) return { classes: given, notes: [] };
  const reason = `No file names the classes; by the layout they are the ${found.classes.length} of ${found.name}. A classes.txt overrides them.`;
  return { ...found, notes: [{ path: folder.name, reason, used: true }] };
}

/** Reads a mask of its image's size. @throws an `invalidFile` error. */
export async function readMask(folder: Folder, path: string, [height, width]: DataSetImage["size"]): Promise<Raster> {
  const bytes = await readBytes(folder, path);
  const { data, ...mask } = await reading(path, () => decodePngValues(bytes));
  if (mask.width === width && mask.height === height) return { width, height, data };
  throw invalidFile(path, `It is ${mask.width}x${mask.height} pixels and its image ${width}x${height}; they must be equal.`);
}

/** Returns the class ids of a mask without the ignored one. @throws an `invalidFile` error for an id without a class. */
export function idsIn(mask: Raster, classes: readonly string[], ignore: number, path: string): number[] {
  const ids = idsOf(mask, ignore);
  const unknown = ids.filter((id) => !classes[id]);
  if (unknown.length === 0) return ids;
  const count = Array.from(mask.data).filter((id) => unknown.includes(id)).length;
  const advice =
    unknown.length === 1 && unknown[0] === classes.length
      ? `Name it; or, if the names are those of 1 to ${classes.length}, start each line with its id ("1 ${classes[0]}").`
      : "Name them, or give ignore (--ignore).";
  throw invalidFile(path, `${count} of its pixels have ids that no class has: ${shortList(unknown)}. ${advice}`);
}

/** Classes of Pascal VOC 2012 (development kit, 3.2); the border is 255. */
const VOC = (
  "background aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person " +
  "pottedplant sheep sofa train tvmonitor"
).split(" ");

/** Classes of Cityscapes that are evaluated, by trainId (cityscapesScripts, labels.py). */
const CITYSCAPES = (
  "road,sidewalk,building,wall,fence,pole,traffic light,traffic sign,vegetation,terrain," +
  "sky,person,rider,car,truck,bus,train,motorcycle,bicycle"
).split(",");
/** The labelIds from 0 to 33 of these classes, in their order; the others are not evaluated. */
const CITYSCAPES_IDS = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33];
const TRAIN_IDS = Array.from({ length: 34 }, (_, id) => (CITYSCAPES_IDS.includes(id) ? CITYSCAPES_IDS.indexOf(id) : 255));

/** Returns the classes of the benchmark whose masks have these paths, and the class id of each id in the files if they differ. */
function benchmarkClasses(
  masks: readonly string[],
): { name: string; classes: readonly string[]; ids?: readonly number[] } | undefined {
  const all = (pattern: RegExp) => masks.length > 0 && masks.every((path) => pattern.test(path));
  if (all(/(^|\/)SegmentationClass(Aug)?\//)) return { name: "Pascal VOC", classes: VOC };
  if (all(/gt(Fine|Coarse)_labelTrainIds\.png$/)) return { name: "Cityscapes", classes: CITYSCAPES };
  if (all(/gt(Fine|Coarse)_labelIds\.png$/)) return { name: "Cityscapes", classes: CITYSCAPES, ids: TRAIN_IDS };
  return undefined;
}
