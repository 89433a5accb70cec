/** Images with boxes or masks from YOLO label files: images/ and labels/, one line per box or polygon, in fractions of the image. */
import * as v from "valibot";
import { S2Error } from "../core/index.ts";
import { clipBox, readObjects } from "./boxes.ts";
import { isNamesFile, needClassNames, paintedIgnore, USUAL_NAMES } from "./class-names.ts";
import type { DataSetImage, Raster } from "./data-set.ts";
import { decodeText, linesOf, parseYaml, readBytes, reading } from "./files.ts";
import { namingOf } from "./layout-names.ts";
import type { Draft, Known, Listing } from "./listing.ts";
import { idsOf, type Palette, paintClasses, paletteOf } from "./paint-classes.ts";
import { entriesOf, pairFiles } from "./pairs.ts";
import { readLabelFile, readYoloLines, refuseLines, type YoloGrammar } from "./yolo-lines.ts";

const LABEL_FILE = {
  role: "label",
  extension: ".txt",
  description: "label file (.txt; an empty one if there is no object)",
} as const;

const namesOf = ({ folder, paths, options }: Listing): Promise<string[]> =>
  needClassNames(folder, paths, options.classes, USUAL_NAMES.counting);

/** Reads boxes of objects. An empty label file means no objects; a missing one is an issue. */
export async function readYoloBoxes(listing: Listing): Promise<Draft<"counting">> {
  const { folder, locations, splits } = listing;
  const classes = await namesOf(listing);
  const grammar = { classes, keypoints: await readKeypoints(listing) };
  const { pairs, issues } = pairFiles(locations, [LABEL_FILE], splits);
  const entries = entriesOf<"counting">(pairs, async ({ label }, size) =>
    readBoxes(await readLabelFile(folder, label!), grammar, size, label!),
  );
  return { classes, entries, issues };
}

/** Parses boxes in pixels, cut at the image's edges; of polygons their bounding boxes. @throws an `invalidFile` error. */
export function readBoxes(text: string, grammar: YoloGrammar, size: DataSetImage["size"], path: string): Known<"counting"> {
  const [height, width] = size;
  return readObjects(
    path,
    readYoloLines(text, grammar, path),
    ({ line, label, box: [x, y, w, h] }) => {
      const [left, right] = [(x - w / 2) * width, (x + w / 2) * width];
      const [top, bottom] = [(y - h / 2) * height, (y + h / 2) * height];
      const cut = clipBox({ left, top, right, bottom }, size);
      return typeof cut === "string" ? `line ${line} ${cut}` : { label, ...cut };
    },
    (invalid) => refuseLines(invalid, path),
  );
}

/** Reads polygons painted into masks, with pixels of no polygon as background. Boxes are refused, for their pixels are unknown. */
export async function readYoloMasks(listing: Listing): Promise<Draft<"segmentation">> {
  const { folder, locations, splits, options } = listing;
  const names = await namesOf(listing);
  const palette = paletteOf(names, paintedIgnore(names, options.ignore));
  const { pairs, issues } = pairFiles(locations, [LABEL_FILE], splits);
  const entries = entriesOf<"segmentation">(pairs, async ({ label }, size) => {
    const maskPath = label!;
    const mask = async () => {
      const text = await readLabelFile(folder, maskPath);
      return await reading(
        maskPath,
        async () => paintLines(text, names, size, palette, maskPath),
        (message) => `${message}.`,
      );
    };
    return { maskPath, mask, classes: idsOf(await mask(), palette.ignore) };
  });
  const { classes, ignore } = palette;
  return { classes, ignore, entries, issues };
}

function paintLines(text: string, names: readonly string[], size: DataSetImage["size"], palette: Palette, path: string): Raster {
  const [height, width] = size;
  const objects = readYoloLines(text, { classes: names }, path);
  const boxes = objects.filter(({ polygon }) => polygon === undefined);
  const invalid = boxes.map(({ line }) => `line ${line} is a box, expected a polygon: masks need outlines`);
  refuseLines(invalid, path);
  const shapes = objects.map(({ line, label, polygon }) => ({
    label,
    polygons: [polygon!.map((value, i) => value * (i % 2 === 0 ? width : height))],
    name: `line ${line}`,
  }));
  return paintClasses(shapes, size, palette);
}

/** Label files that are inspected. */
const SAMPLED = 20;

/** Returns true if label files are YOLO's and not captions; empty ones are if all are empty. */
export async function hasYoloLabels({ folder, locations }: Listing): Promise<boolean> {
  const files = locations.filter(({ role, extension, path }) => role === "label" && extension === ".txt" && !isNamesFile(path));
  let empty = 0;
  for (const { path } of files.slice(0, SAMPLED)) {
    const lines = linesOf(decodeText(await folder.read(path).catch(() => new Uint8Array()))).filter((line) => line.trim() !== "");
    if (lines.some((line) => /^[\s\d.,+eE-]+$/.test(line) && line.trim().split(/[\s,]+/).length >= 5)) return true;
    if (lines.length === 0) empty++;
  }
  const inFolder = files.some(({ path }) => path.split("/").some((name) => namingOf(name)?.role === "label"));
  return inFolder || (files.length > 0 && empty === Math.min(SAMPLED, files.length));
}

const SHAPE = v.object({
  kpt_shape: v.optional(v.strictTuple([v.pipe(v.number(), v.integer(), v.minValue(1)), v.picklist([2, 3])])),
});

/** Reads the shape of keypoints of a pose data set from `kpt_shape` of its YAML file: their count, and 2 or 3 numbers each. */
async function readKeypoints({ folder, paths, options }: Listing): Promise<readonly [number, number] | undefined> {
  const given = typeof options.classes === "string" && /\.ya?ml$/i.test(options.classes) ? [options.classes] : [];
  const path = [...given, "data.yaml", "dataset.yaml"].find((name) => paths.includes(name));
  if (path === undefined) return undefined;
  const text = new TextDecoder().decode(await readBytes(folder, path));
  if (!/kpt_shape/.test(text)) return undefined;
  const result = v.safeParse(SHAPE, await parseYaml(text, path));
  if (result.success) return result.output.kpt_shape;
  throw new S2Error("data-set", `"${path}" has a kpt_shape that is not [number of keypoints, 2 or 3]. Correct it.`);
}
