/** Photos and boxes as YOLO writes them: images/ and labels/, a line a box or polygon, as parts of the photo. */
import { needClassNames } from "./class-names.ts";
import { cutBox } from "./cut-box.ts";
import type { LabelledBox } from "./data-set.ts";
import type { Draft, Known, Listing } from "./listing.ts";
import { pairFiles } from "./pairs.ts";
import { readKeypoints } from "./yolo-keypoints.ts";
import { readLabelFile, readYoloLines, refuseLines, type YoloGrammar } from "./yolo-lines.ts";

export const YOLO_NAMES = ["classes.txt", "data.yaml", "dataset.yaml", "detection_classes.yaml", "obj.names"];

export const YOLO_LABEL = {
  role: "label",
  extension: ".txt",
  what: "label file (.txt; an empty one where there is no object)",
} as const;

/** An empty label file says that there is nothing; one that is missing says nothing, and is a problem. */
export async function readYoloBoxes(listing: Listing): Promise<Draft<Known<"boxes">>> {
  const { folder, paths, places, splits, options } = listing;
  const classes = await needClassNames(folder, paths, options.classes, YOLO_NAMES);
  const grammar = { classes, keypoints: await readKeypoints(listing) };
  const { pairs, problems } = pairFiles(places, [YOLO_LABEL], splits);
  const entries = pairs.map(({ photo, split, parts }) => ({
    path: photo.path,
    split,
    read: async (size: readonly [number, number]) => {
      const labelPath = parts.label!;
      const boxes = readBoxes(await readLabelFile(folder, labelPath), grammar, size, labelPath);
      const ids = [...new Set(boxes.map(({ label }) => label))].sort((a, b) => a - b);
      return { labelPath, boxes, classes: ids };
    },
  }));
  return { classes, entries, problems };
}

/** Boxes in pixels, cut at the photo's edges; of a polygon its bounding box. */
export function readBoxes(
  text: string,
  grammar: YoloGrammar,
  size: readonly [height: number, width: number],
  path: string,
): LabelledBox[] {
  const [height, width] = size;
  const boxes: LabelledBox[] = [];
  const bad: string[] = [];
  for (const { line, label, box } of readYoloLines(text, grammar, path)) {
    const [x, y, w, h] = box;
    const sides = {
      left: (x - w / 2) * width,
      top: (y - h / 2) * height,
      right: (x + w / 2) * width,
      bottom: (y + h / 2) * height,
    };
    const cut = cutBox(sides, size);
    if (typeof cut === "string") bad.push(`line ${line} ${cut}`);
    else boxes.push({ label, ...cut });
  }
  refuseLines(bad, path);
  return boxes;
}
