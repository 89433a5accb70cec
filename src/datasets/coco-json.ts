/** COCO's annotation files as data: images with their annotations, and classes that agree over all files. */
import * as v from "valibot";
import { S2Error } from "../core/index.ts";
import { parseJson } from "../tensors/json.ts";
import { readClassNames } from "./class-names.ts";
import type { Problem } from "./data-set.ts";
import { readBytes, some } from "./invalid-file.ts";
import type { Listing } from "./listing.ts";

const WORD = v.pipe(
  v.string(),
  v.check((text) => text !== "", "expected a text that is not empty"),
);
const ID = v.union([v.number(), WORD]);
const SIDE = v.nullish(v.number());
const IMAGE = v.object({ id: ID, file_name: WORD, width: SIDE, height: SIDE });
const CATEGORY = v.object({ id: v.number(), name: WORD });

/** Fields of a box or outline are checked with their photo, so that a wrong one costs one photo. Other fields are dropped to save memory. */
const BOX = v.object({
  id: v.optional(ID),
  image_id: ID,
  category_id: v.number(),
  iscrowd: v.nullish(v.union([v.literal(0), v.literal(1), v.boolean()])),
  bbox: v.optional(v.unknown()),
});
const OUTLINE = v.object({ ...v.omit(BOX, ["bbox"]).entries, segmentation: v.optional(v.unknown()) });
const PANOPTIC = v.object({
  image_id: ID,
  file_name: WORD,
  segments_info: v.array(v.object({ id: v.number(), category_id: v.number() })),
});

export const COCO_ANNOTATIONS = { boxes: BOX, outlines: OUTLINE, panoptic: PANOPTIC } as const;

export type CocoImage = v.InferOutput<typeof IMAGE>;
export type CocoAnnotation<T extends keyof typeof COCO_ANNOTATIONS> = v.InferOutput<(typeof COCO_ANNOTATIONS)[T]>;

export interface CocoFile<T extends keyof typeof COCO_ANNOTATIONS> {
  readonly path: string;
  readonly images: readonly CocoImage[];
  /** Annotations by the id of their image. */
  readonly annotations: ReadonlyMap<number | string, readonly CocoAnnotation<T>[]>;
  readonly categories: readonly v.InferOutput<typeof CATEGORY>[];
}

/** The longest text that JavaScript engines hold (V8: 2^29 - 24 characters). */
const LONGEST = 2 ** 29 - 24;

/** Reads and checks an annotation file. Annotations of images that it does not list are among the problems. */
export async function readCocoFile<T extends keyof typeof COCO_ANNOTATIONS>(
  { folder }: Listing,
  path: string,
  type: T,
  problems: Problem[],
): Promise<CocoFile<T>> {
  const bytes = await readBytes(folder, path);
  if (bytes.length > LONGEST)
    throw new S2Error(
      "data-file",
      `${path} is ${Math.ceil(bytes.length / 1e6)} MB; JSON is read up to ${Math.floor(LONGEST / 1e6)} MB. Split it into several files.`,
    );
  const schema = v.object({
    images: v.array(IMAGE),
    annotations: v.array(COCO_ANNOTATIONS[type]),
    categories: v.pipe(
      v.array(CATEGORY),
      v.check((all) => all.length > 0, "expected at least one category"),
    ),
  });
  const advice = "Export the annotations again as COCO JSON.";
  const { images, annotations, categories } = parseJson(schema, bytes, { code: "data-file", name: path, advice });
  const byImage = new Map<number | string, CocoAnnotation<T>[]>();
  for (const { id, file_name } of images) {
    if (byImage.has(id))
      throw new S2Error(
        "data-file",
        `${path} lists two images of the id ${id} (one is "${file_name}"), so that annotations fit both. ${advice}`,
      );
    byImage.set(id, []);
  }
  const lost = (annotations as CocoAnnotation<T>[]).filter((each) => byImage.get(each.image_id)?.push(each) === undefined);
  if (lost.length > 0) {
    const ids = some([...new Set(lost.map((each) => each.image_id))]);
    problems.push({
      path,
      reason: `${lost.length} of its annotations are of images that it does not list (${ids}).`,
      used: true,
    });
  }
  return { path, images, annotations: byImage, categories };
}

/** Class names, and the class id of a category in each file. */
export interface CocoClasses {
  readonly classes: readonly string[];
  /** Class ids by category id, for each file in turn. */
  readonly labels: readonly ReadonlyMap<number, number>[];
}

/**
 * One list of classes for all files, by name: in ascending order of category ids, without gaps. Files that give a name other ids, or have
 * other names, are matched by name, which is among the problems.
 */
export async function mergeCategories(
  { folder, paths, options }: Listing,
  files: readonly Pick<CocoFile<"boxes">, "path" | "categories">[],
  problems: Problem[],
): Promise<CocoClasses> {
  const lowest = new Map<string, number>();
  for (const { name, id } of files.flatMap(({ categories }) => categories))
    lowest.set(name, Math.min(id, lowest.get(name) ?? id));
  const found = [...lowest].sort(([a, i], [b, j]) => i - j || (a < b ? -1 : 1)).map(([name]) => name);
  const classes = (options.classes && (await readClassNames(folder, paths, options.classes, []))) || found;
  const unnamed = found.filter((name) => !classes.includes(name));
  if (unnamed.length > 0)
    throw new S2Error("data-set", `The classes that are given lack categories of "${folder.name}": ${some(unnamed)}. Add them.`);
  const ids = new Map(classes.map((name, id) => [name, id]));
  const key = ({ categories }: (typeof files)[number]) => JSON.stringify(categories.map(({ id, name }) => [id, name]).sort());
  for (const file of files.slice(1)) {
    if (key(file) === key(files[0])) continue;
    problems.push({
      path: file.path,
      reason: `Its categories are not those of ${files[0].path}; they are matched by name.`,
      used: true,
    });
  }
  return { classes, labels: files.map(({ categories }) => new Map(categories.map(({ id, name }) => [id, ids.get(name)!]))) };
}
