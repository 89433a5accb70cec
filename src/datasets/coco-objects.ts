/** Images with boxes or masks from COCO's detection JSON: instances_train2017.json, or _annotations.coco.json in each folder of a split. */
import * as v from "valibot";
import { showJson } from "../tensors/json.ts";
import { clipBox, readObjects } from "./boxes.ts";
import { paintedIgnore } from "./class-names.ts";
import { type AnnotatedImage, readCoco } from "./coco-images.ts";
import type { CocoAnnotation } from "./coco-json.ts";
import type { DataSetImage, LabeledBox } from "./data-set.ts";
import { invalidFile, reading, shortList } from "./files.ts";
import type { Draft, Listing } from "./listing.ts";
import { idsOf, paintClasses, paletteOf, type Shape } from "./paint-classes.ts";

const BBOX = v.strictTuple([v.number(), v.number(), v.number(), v.number()]);
const RUNS = v.object({ size: v.strictTuple([v.number(), v.number()]), counts: v.union([v.string(), v.array(v.unknown())]) });
const POLYGONS = v.pipe(v.array(v.array(v.unknown())), v.nonEmpty());
const POLYGON = v.pipe(v.array(v.number()), v.nonEmpty());

/** Returns the name of an annotation in messages. */
const annotationName = ({ id }: { id?: number | string }, index: number): string =>
  id === undefined ? `annotation ${index + 1} of the image` : `annotation ${id}`;

const noName = (category: number): string => `is of category ${category}, which has no name`;

/** Reads boxes of objects. Boxes around crowds are not of objects; they are left out, and a note counts them. */
export async function readCocoBoxes(listing: Listing, jsons: readonly string[]): Promise<Draft<"counting">> {
  const { files, classes, issues, entries } = await readCoco(listing, jsons, "boxes");
  for (const { path, annotations } of files) {
    const crowds = [...annotations.values()].map((each) => each.filter(({ iscrowd }) => iscrowd).length).filter(Boolean);
    const count = crowds.reduce((sum, each) => sum + each, 0);
    if (count > 0) issues.note(path, `${count} boxes around crowds (iscrowd), in ${crowds.length} images, are left out.`);
  }
  const found = entries<"counting">(({ path, json, annotations, labels }, size) =>
    readObjects(
      json,
      annotations.filter(({ iscrowd }) => !iscrowd),
      (object, i) => {
        const box = readBox(object, labels, size);
        return typeof box === "string" ? `${annotationName(object, i)} ${box}` : box;
      },
      (invalid) => {
        throw invalidFile(path, `${json}: ${shortList(invalid)}. Correct the file.`);
      },
    ),
  );
  return { classes, entries: found, issues: issues.all };
}

function readBox(
  { bbox, category_id }: CocoAnnotation<"boxes">,
  labels: ReadonlyMap<number, number>,
  size: DataSetImage["size"],
): LabeledBox | string {
  const label = labels.get(category_id);
  if (label === undefined) return noName(category_id);
  const { success, output } = v.safeParse(BBOX, bbox);
  if (!success) return `has the bbox ${showJson(bbox)}, expected 4 numbers: left, top, width, height`;
  const [left, top, width, height] = output;
  const cut = clipBox({ left, top, right: left + width, bottom: top + height }, size);
  return typeof cut === "string" ? `${cut} (bbox ${output.join(", ")})` : { label, ...cut };
}

/** Reads outlines, polygons or run lengths, painted into one mask of classes. Crowds are painted like single objects. */
export async function readCocoMasks(listing: Listing, jsons: readonly string[]): Promise<Draft<"segmentation">> {
  const { classes: names, issues, entries } = await readCoco(listing, jsons, "outlines");
  const { classes, ignore, background } = paletteOf(names, paintedIgnore(names, listing.options.ignore));
  const found = entries<"segmentation">(async ({ path, json: maskPath, annotations, labels }, size) => {
    const mask = () =>
      reading(
        path,
        async () => {
          const shapes = annotations.map((object, i) => shapeOf(object, annotationName(object, i), labels, size));
          return paintClasses(shapes, size, { classes, ignore, background });
        },
        (message) => `${maskPath}: ${message}.`,
      );
    return { maskPath, mask, classes: idsOf(await mask(), ignore) };
  });
  return { classes, ignore, entries: found, issues: issues.all };
}

function shapeOf(
  { segmentation, category_id }: CocoAnnotation<"outlines">,
  name: string,
  labels: AnnotatedImage<"outlines">["labels"],
  [height, width]: DataSetImage["size"],
): Shape {
  const label = labels.get(category_id);
  if (label === undefined) throw new Error(`${name} ${noName(category_id)}`);
  if (v.is(POLYGONS, segmentation)) return { label, name, polygons: segmentation };
  if (v.is(POLYGON, segmentation)) return { label, name, polygons: [segmentation] };
  if (!v.is(RUNS, segmentation)) {
    const isEmpty = (segmentation ?? undefined) === undefined || (Array.isArray(segmentation) && segmentation.length === 0);
    throw new Error(
      isEmpty
        ? `${name} has no segmentation; without outlines the task is "counting"`
        : `${name} has a segmentation that is neither polygons nor run lengths`,
    );
  }
  const { size, counts } = segmentation;
  if (size[0] === height && size[1] === width) return { label, name, counts };
  throw new Error(`${name} has run lengths of ${size[1]}x${size[0]} pixels and the image is ${width}x${height}`);
}
