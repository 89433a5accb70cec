/** Images and boxes as YOLO writes them: images/ and labels/, a line a box or polygon, as parts of the image. */
import { isNamesFile, needClassNames, USUAL_NAMES } from "./class-names.ts";
import { clipBox } from "./clip-box.ts";
import type { LabeledBox } from "./data-set.ts";
import { namingOf } from "./layout-names.ts";
import type { Draft, Known, Listing } from "./listing.ts";
import { pairFiles } from "./pairs.ts";
import { decodeText, linesOf } from "./text.ts";
import { readKeypoints } from "./yolo-keypoints.ts";
import { readLabelFile, readYoloLines, refuseLines, type YoloGrammar } from "./yolo-lines.ts";

export const YOLO_LABEL = {
  role: "label",
  extension: ".txt",
  what: "label file (.txt; an empty one where there is no object)",
} as const;

/** An empty label file says that there is nothing; one that is missing says nothing, and is a problem. */
export async function readYoloBoxes(listing: Listing): Promise<Draft<Known<"counting">>> {
  const { folder, paths, locations, splits, options } = listing;
  const classes = await needClassNames(folder, paths, options.classes, USUAL_NAMES.boxes);
  const grammar = { classes, keypoints: await readKeypoints(listing) };
  const { pairs, problems } = pairFiles(locations, [YOLO_LABEL], splits);
  const entries = pairs.map(({ image, split, labelFiles }) => ({
    path: image.path,
    split,
    read: async (size: readonly [number, number]) => {
      const labelPath = labelFiles.label!;
      const boxes = readBoxes(await readLabelFile(folder, labelPath), grammar, size, labelPath);
      const ids = [...new Set(boxes.map(({ label }) => label))].sort((a, b) => a - b);
      return { labelPath, boxes, classes: ids };
    },
  }));
  return { classes, entries, issues: problems };
}

/** Returns true where a label file beside the images, or in labels/, is of YOLO and not a caption; empty ones are, where there are none but them. */
export async function labelsLookLikeYolo({ folder, locations }: Listing): Promise<boolean> {
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

/** Label files that are looked at. */
const SAMPLED = 20;

/** Boxes in pixels, cut at the image's edges; of a polygon its bounding box. */
export function readBoxes(
  text: string,
  grammar: YoloGrammar,
  size: readonly [height: number, width: number],
  path: string,
): LabeledBox[] {
  const [height, width] = size;
  const boxes: LabeledBox[] = [];
  const bad: string[] = [];
  for (const { line, label, box } of readYoloLines(text, grammar, path)) {
    const [x, y, w, h] = box;
    const sides = {
      left: (x - w / 2) * width,
      top: (y - h / 2) * height,
      right: (x + w / 2) * width,
      bottom: (y + h / 2) * height,
    };
    const cut = clipBox(sides, size);
    if (typeof cut === "string") bad.push(`line ${line} ${cut}`);
    else boxes.push({ label, ...cut });
  }
  refuseLines(bad, path);
  return boxes;
}
