/** Images and boxes from COCO's detection JSON: instances_train2017.json, or _annotations.coco.json in each folder of a split. */
import * as v from "valibot";
import { showJson } from "../tensors/json.ts";
import { clipBox } from "./clip-box.ts";
import { checkCocoSize, findCocoImages } from "./coco-images.ts";
import { type CocoAnnotation, type CocoFile, mergeCategories, readCocoFile } from "./coco-json.ts";
import type { DataSetIssue, LabeledBox } from "./data-set.ts";
import { invalidFile, shortList } from "./invalid-file.ts";
import type { Draft, Known, Listing } from "./listing.ts";

const BBOX = v.strictTuple([v.number(), v.number(), v.number(), v.number()]);

/** Boxes around crowds are no objects: they are left out, and how many is among the problems. */
export async function readCocoBoxes(listing: Listing, jsons: readonly string[]): Promise<Draft<Known<"counting">>> {
  const issues: DataSetIssue[] = [];
  const files: CocoFile<"boxes">[] = [];
  for (const path of jsons) files.push(await readCocoFile(listing, path, "boxes", issues));
  const { classes, labels } = await mergeCategories(listing, files, issues);
  for (const file of files) noteCrowds(file, issues);
  const entries = findCocoImages(listing, files, new Set(), issues).map((image) => ({
    path: image.path,
    split: image.split,
    read: async (size: readonly [number, number]) => {
      const { path: labelPath, annotations } = files[image.file];
      checkCocoSize(image, labelPath, size);
      const objects = annotations.get(image.image.id)!.filter(({ iscrowd }) => !iscrowd);
      const boxes: LabeledBox[] = [];
      const bad: string[] = [];
      for (const [i, object] of objects.entries()) {
        const box = readBox(object, labels[image.file], size);
        if (typeof box === "string") bad.push(`${annotationName(object, i)} ${box}`);
        else boxes.push(box);
      }
      if (bad.length > 0) throw invalidFile(image.path, `${labelPath}: ${shortList(bad)}. Correct the file.`);
      return { labelPath, boxes, classes: [...new Set(boxes.map(({ label }) => label))].sort((a, b) => a - b) };
    },
  }));
  return { classes, entries, issues };
}

function readBox(
  { bbox, category_id }: CocoAnnotation<"boxes">,
  labels: ReadonlyMap<number, number>,
  size: readonly [number, number],
): LabeledBox | string {
  const label = labels.get(category_id);
  if (label === undefined) return `is of category ${category_id}, which has no name`;
  const { success, output } = v.safeParse(BBOX, bbox);
  if (!success) return `has the bbox ${showJson(bbox)}, expected 4 numbers: left, top, width, height`;
  const [left, top, width, height] = output;
  const cut = clipBox({ left, top, right: left + width, bottom: top + height }, size);
  return typeof cut === "string" ? `${cut} (bbox ${output.join(", ")})` : { label, ...cut };
}

/** Name of an annotation in messages. */
export const annotationName = ({ id }: { id?: number | string }, index: number): string =>
  id === undefined ? `annotation ${index + 1} of the image` : `annotation ${id}`;

function noteCrowds({ path, annotations }: CocoFile<"boxes">, problems: DataSetIssue[]): void {
  const crowds = [...annotations.values()].map((all) => all.filter(({ iscrowd }) => iscrowd).length).filter((count) => count > 0);
  if (crowds.length === 0) return;
  const count = crowds.reduce((sum, each) => sum + each, 0);
  problems.push({
    path,
    reason: `${count} boxes around crowds (iscrowd), in ${crowds.length} images, are left out.`,
    used: true,
  });
}
