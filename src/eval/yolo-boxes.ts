/** Photos and boxes as YOLO writes them: images/ and labels/, a line "class cx cy w h" a box, as parts of the photo. */
import { isNamesFile, needClassNames, USUAL_NAMES } from "./class-names.ts";
import type { LabelledBox } from "./data-set.ts";
import { flaw } from "./flaw.ts";
import { namingOf } from "./layout-names.ts";
import type { Draft, Known, Listing } from "./listing.ts";
import { pairFiles } from "./pairs.ts";
import { decodeText, linesOf, readText } from "./text.ts";

/** An empty label file says that there is nothing; one that is missing says nothing, and is a problem. */
export async function readYoloBoxes({ folder, paths, places, splits, options }: Listing): Promise<Draft<Known<"boxes">>> {
  const classes = await needClassNames(folder, paths, options.classes, USUAL_NAMES.boxes);
  const part = { role: "label", extension: ".txt", what: "label file (.txt; an empty one where there is no object)" } as const;
  const { pairs, problems } = pairFiles(places, [part], splits);
  const entries = pairs.map(({ photo, split, parts }) => ({
    path: photo.path,
    split,
    read: async (size: readonly [number, number]) => {
      const labelPath = parts.label!;
      const boxes = readBoxes(await readText(folder, labelPath), classes, size, labelPath);
      const ids = [...new Set(boxes.map(({ label }) => label))].sort((a, b) => a - b);
      return { labelPath, boxes, classes: ids };
    },
  }));
  return { classes, entries, problems };
}

/** Returns true where a label file beside the photos, or in labels/, is of YOLO and not a caption; empty ones are, where there are none but them. */
export async function labelsLookLikeYolo({ folder, places }: Listing): Promise<boolean> {
  const files = places.filter(({ role, extension, path }) => role === "label" && extension === ".txt" && !isNamesFile(path));
  let empty = 0;
  for (const { path } of files.slice(0, SAMPLED)) {
    const lines = linesOf(decodeText(await folder.read(path).catch(() => new Uint8Array()))).filter((line) => line.trim() !== "");
    if (lines.some((line) => /^[\s\d.,+eE-]+$/.test(line) && line.trim().split(/[\s,]+/).length >= 5)) return true;
    if (lines.length === 0) empty++;
  }
  const inFolder = files.some(({ path }) => path.split("/").some((name) => namingOf(name)?.role === "label"));
  return inFolder || (files.length > 0 && empty === Math.min(SAMPLED, files.length));
}

/** Label files that are looked at. */
const SAMPLED = 20;

/** Boxes in pixels, cut at the photo's edges. A file with one bad line is refused whole: without that box, figures would be wrong. */
export function readBoxes(
  text: string,
  classes: readonly string[],
  size: readonly [height: number, width: number],
  path: string,
): LabelledBox[] {
  const boxes: LabelledBox[] = [];
  const bad: string[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const box = readBox(line.trim().split(/\s+/), classes, size);
    if (typeof box === "string") bad.push(`line ${i + 1} ${box}`);
    else boxes.push(box);
  }
  if (bad.length === 0) return boxes;
  throw flaw(
    path,
    `${bad.length} of its boxes cannot be used: ${bad[0]}${bad.length > 1 ? ` (and ${bad.length - 1} more)` : ""}. Correct the file.`,
  );
}

function readBox(words: string[], classes: readonly string[], [height, width]: readonly [number, number]): LabelledBox | string {
  if (words.length !== 5) return `has ${words.length} numbers, expected 5: class, centre x, centre y, width, height`;
  const [label, x, y, w, h] = words.map(Number);
  if (!Number.isInteger(label) || !classes[label]) return `is of class ${words[0]}, which has no name`;
  const parts = [x, y, w, h];
  if (!parts.every((part) => part >= 0 && part <= 1) || w === 0 || h === 0)
    return `has the box ${words.slice(1).join(" ")}, expected parts of the photo from 0 to 1`;
  const outside = Math.max((w / 2 - x) * width, (x + w / 2 - 1) * width, (h / 2 - y) * height, (y + h / 2 - 1) * height);
  if (outside > 1) return `reaches ${outside.toFixed(1)} pixels out of the photo`; // up to one is the rounding of labelling tools
  const left = Math.max(0, x - w / 2) * width;
  const top = Math.max(0, y - h / 2) * height;
  return { label, left, top, width: Math.min(1, x + w / 2) * width - left, height: Math.min(1, y + h / 2) * height - top };
}
