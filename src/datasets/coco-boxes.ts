/** Photos and boxes from COCO's detection JSON: instances_train2017.json, or _annotations.coco.json in each folder of a split. */
import * as v from "valibot";
import { showJson } from "../tensors/json.ts";
import { cutBox } from "./clip-box.ts";
import { checkCocoSize, findCocoPhotos } from "./coco-images.ts";
import { type CocoAnnotation, type CocoFile, mergeCategories, readCocoFile } from "./coco-json.ts";
import type { LabelledBox, Problem } from "./data-set.ts";
import { flaw, some } from "./invalid-file.ts";
import type { Draft, Known, Listing } from "./listing.ts";

const BBOX = v.strictTuple([v.number(), v.number(), v.number(), v.number()]);

/** Boxes around crowds are no objects: they are left out, and how many is among the problems. */
export async function readCocoBoxes(listing: Listing, jsons: readonly string[]): Promise<Draft<Known<"boxes">>> {
  const problems: Problem[] = [];
  const files: CocoFile<"boxes">[] = [];
  for (const path of jsons) files.push(await readCocoFile(listing, path, "boxes", problems));
  const { classes, labels } = await mergeCategories(listing, files, problems);
  for (const file of files) noteCrowds(file, problems);
  const entries = findCocoPhotos(listing, files, new Set(), problems).map((photo) => ({
    path: photo.path,
    split: photo.split,
    read: async (size: readonly [number, number]) => {
      const { path: labelPath, annotations } = files[photo.file];
      checkCocoSize(photo, labelPath, size);
      const objects = annotations.get(photo.image.id)!.filter(({ iscrowd }) => !iscrowd);
      const boxes: LabelledBox[] = [];
      const bad: string[] = [];
      for (const [i, object] of objects.entries()) {
        const box = readBox(object, labels[photo.file], size);
        if (typeof box === "string") bad.push(`${annotationName(object, i)} ${box}`);
        else boxes.push(box);
      }
      if (bad.length > 0) throw flaw(photo.path, `${labelPath}: ${some(bad)}. Correct the file.`);
      return { labelPath, boxes, classes: [...new Set(boxes.map(({ label }) => label))].sort((a, b) => a - b) };
    },
  }));
  return { classes, entries, problems };
}

function readBox(
  { bbox, category_id }: CocoAnnotation<"boxes">,
  labels: ReadonlyMap<number, number>,
  size: readonly [number, number],
): LabelledBox | string {
  const label = labels.get(category_id);
  if (label === undefined) return `is of category ${category_id}, which has no name`;
  const { success, output } = v.safeParse(BBOX, bbox);
  if (!success) return `has the bbox ${showJson(bbox)}, expected 4 numbers: left, top, width, height`;
  const [left, top, width, height] = output;
  const cut = cutBox({ left, top, right: left + width, bottom: top + height }, size);
  return typeof cut === "string" ? `${cut} (bbox ${output.join(", ")})` : { label, ...cut };
}

/** Name of an annotation in messages. */
export const annotationName = ({ id }: { id?: number | string }, index: number): string =>
  id === undefined ? `annotation ${index + 1} of the photo` : `annotation ${id}`;

function noteCrowds({ path, annotations }: CocoFile<"boxes">, problems: Problem[]): void {
  const crowds = [...annotations.values()].map((all) => all.filter(({ iscrowd }) => iscrowd).length).filter((count) => count > 0);
  if (crowds.length === 0) return;
  const count = crowds.reduce((sum, each) => sum + each, 0);
  problems.push({
    path,
    reason: `${count} boxes around crowds (iscrowd), in ${crowds.length} photos, are left out.`,
    used: true,
  });
}
