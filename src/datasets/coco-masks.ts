/** Images and masks from COCO's detection JSON: the outlines of objects, as polygons or run lengths, painted into one mask of classes. */
import * as v from "valibot";
import { annotationName } from "./coco-boxes.ts";
import { checkCocoSize, findCocoImages } from "./coco-images.ts";
import { type CocoAnnotation, type CocoFile, mergeCategories, readCocoFile } from "./coco-json.ts";
import type { DataSetIssue } from "./data-set.ts";
import { paintedIgnore } from "./ignored-id.ts";
import { invalidFile } from "./invalid-file.ts";
import type { Draft, Known, Listing } from "./listing.ts";
import { idsOf, paintClasses, paletteOf, type Shape } from "./paint-classes.ts";

const RUNS = v.object({ size: v.strictTuple([v.number(), v.number()]), counts: v.union([v.string(), v.array(v.unknown())]) });
const POLYGONS = v.pipe(v.array(v.array(v.unknown())), v.nonEmpty());
const POLYGON = v.pipe(v.array(v.number()), v.nonEmpty());

/** Crowds are of their class like single objects: a mask does not tell objects apart. */
export async function readCocoMasks(listing: Listing, jsons: readonly string[]): Promise<Draft<Known<"segmentation">>> {
  const issues: DataSetIssue[] = [];
  const files: CocoFile<"outlines">[] = [];
  for (const path of jsons) files.push(await readCocoFile(listing, path, "outlines", issues));
  const merged = await mergeCategories(listing, files, issues);
  const palette = paletteOf(merged.classes, paintedIgnore(merged.classes, listing.options.ignore));
  const entries = findCocoImages(listing, files, new Set(), issues).map((image) => ({
    path: image.path,
    split: image.split,
    read: async (size: readonly [number, number]) => {
      const { path: maskPath, annotations } = files[image.file];
      checkCocoSize(image, maskPath, size);
      const objects = annotations.get(image.image.id)!;
      const shape = (object: (typeof objects)[number], i: number) =>
        shapeOf(object, annotationName(object, i), merged.labels[image.file], size);
      const mask = async () => {
        try {
          return paintClasses(objects.map(shape), size, palette);
        } catch (error) {
          throw invalidFile(image.path, `${maskPath}: ${(error as Error).message}.`, error);
        }
      };
      return { maskPath, mask, classes: idsOf(await mask(), palette.ignore) };
    },
  }));
  const { classes, ignore } = palette;
  return { classes, ignore, entries, issues };
}

function shapeOf(
  { segmentation, category_id }: CocoAnnotation<"outlines">,
  name: string,
  labels: ReadonlyMap<number, number>,
  [height, width]: readonly [number, number],
): Shape {
  const label = labels.get(category_id);
  if (label === undefined) throw new Error(`${name} is of category ${category_id}, which has no name`);
  if (v.is(POLYGONS, segmentation)) return { label, name, polygons: segmentation };
  if (v.is(POLYGON, segmentation)) return { label, name, polygons: [segmentation] };
  if (!v.is(RUNS, segmentation)) {
    const empty =
      segmentation === undefined || segmentation === null || (Array.isArray(segmentation) && segmentation.length === 0);
    throw new Error(
      empty
        ? `${name} has no segmentation; without outlines the task is "counting"`
        : `${name} has a segmentation that is neither polygons nor run lengths`,
    );
  }
  const { size, counts } = segmentation;
  if (size[0] === height && size[1] === width) return { label, name, counts };
  throw new Error(`${name} has run lengths of ${size[1]}x${size[0]} pixels and the image is ${width}x${height}`);
}
