/** COCO's annotation files: which files of a folder they are, their images with annotations, and classes that agree over all files. */
import * as v from "valibot";
import { S2Error } from "../core/index.ts";
import { parseJson } from "../tensors/json.ts";
import { readClassNames } from "./class-names.ts";
import { type Folder, fileName, type IssueList, readBytes, shortList } from "./files.ts";
import type { Listing } from "./listing.ts";

/** Paths of the annotation files of a folder. */
export interface CocoFiles {
  /** Files with boxes, and with outlines if `outlines` is true. */
  readonly instances: readonly string[];
  readonly panoptic: readonly string[];
  readonly outlines: boolean;
}

/** Names by COCO and by Roboflow's exports. Damaged files of these names are refused, not ignored. */
const INSTANCES_FILE = /^(instances[_.-].*|.*\.coco)\.json$/i;
const PANOPTIC_FILE = /^panoptic[_.-].*\.json$/i;

/** Files of COCO without objects. */
const NO_OBJECTS = /^(captions|image_info)_/i;
/** Files of COCO that repeat objects of other files. */
const REPEATED = /^(person_keypoints|stuff)_/i;

/** Files of other names are opened if there are few; a folder with more JSON files has one per image, as labelme writes. */
const MOST_OPENED = 20;

/** Bytes at both ends of a file in which its fields are searched. */
const ENDS = 2 ** 18;

/** Finds COCO's annotation files. */
export async function findCocoFiles(folder: Folder, paths: readonly string[]): Promise<CocoFiles> {
  const all = paths.filter((path) => /\.json$/i.test(path) && !NO_OBJECTS.test(fileName(path)));
  const named = all.filter((path) => INSTANCES_FILE.test(fileName(path)) || PANOPTIC_FILE.test(fileName(path)));
  const instances: string[] = [];
  const panoptic: string[] = [];
  let outlines = false;
  for (const path of named.length > 0 || all.length > MOST_OPENED ? named : all) {
    const ends = await endsOf(folder, path);
    if (PANOPTIC_FILE.test(fileName(path)) ? ends.startsWith("{") : /"segments_info"\s*:/.test(ends)) panoptic.push(path);
    else if (INSTANCES_FILE.test(fileName(path)) || isLikelyCoco(ends)) {
      instances.push(path);
      outlines ||= /"segmentation"\s*:\s*(\[\s*\[|\[\s*[\d.-]|\{)/.test(ends);
    }
  }
  const first = instances.filter((path) => !REPEATED.test(fileName(path)));
  return { instances: first.length > 0 ? first : instances, panoptic, outlines };
}

const isLikelyCoco = (ends: string): boolean =>
  ends.startsWith("{") &&
  /"(images|annotations|categories)"\s*:\s*\[/.test(ends) &&
  /"(file_name|image_id|category_id|supercategory)"\s*:/.test(ends);

async function endsOf(folder: Folder, path: string): Promise<string> {
  const bytes = await readBytes(folder, path);
  const text = (half: Uint8Array) => new TextDecoder().decode(half);
  const ends = bytes.length <= 2 * ENDS ? text(bytes) : `${text(bytes.subarray(0, ENDS))} ${text(bytes.subarray(-ENDS))}`;
  return ends.trimStart();
}

const WORD = v.pipe(
  v.string(),
  v.check((text) => text !== "", "expected a text that is not empty"),
);
const ID = v.union([v.number(), WORD]);
const SIDE = v.nullish(v.number());
const IMAGE = v.object({ id: ID, file_name: WORD, width: SIDE, height: SIDE });
const CATEGORY = v.object({ id: v.number(), name: WORD });

/** An annotation. Its box or outline is checked with its image, so that a mistake excludes one image; other fields are dropped to save memory. */
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

/** Schemas of annotations by type. */
const ANNOTATIONS = { boxes: BOX, outlines: OUTLINE, panoptic: PANOPTIC } as const;

export type AnnotationType = keyof typeof ANNOTATIONS;
export type CocoImage = v.InferOutput<typeof IMAGE>;
export type CocoAnnotation<T extends AnnotationType> = v.InferOutput<(typeof ANNOTATIONS)[T]>;

/** An annotation file. */
export interface CocoFile<T extends AnnotationType> {
  readonly path: string;
  readonly images: readonly CocoImage[];
  /** Annotations by the id of their image; every image has a list. */
  readonly annotations: ReadonlyMap<number | string, readonly CocoAnnotation<T>[]>;
  readonly categories: readonly v.InferOutput<typeof CATEGORY>[];
}

/** The longest string in JavaScript engines (V8: 2^29 - 24 characters). */
const LONGEST = 2 ** 29 - 24;

/** Reads and checks an annotation file; notes annotations of images that it does not list. */
export async function readCocoFile<T extends AnnotationType>(
  { folder }: Listing,
  path: string,
  type: T,
  issues: IssueList,
): Promise<CocoFile<T>> {
  const bytes = await readBytes(folder, path);
  if (bytes.length > LONGEST)
    throw new S2Error(
      "data-file",
      `${path} is ${Math.ceil(bytes.length / 1e6)} MB; JSON is read up to ${Math.floor(LONGEST / 1e6)} MB. Split it into several files.`,
    );
  const schema = v.object({
    images: v.array(IMAGE),
    annotations: v.array(ANNOTATIONS[type]),
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
        `${path} lists two images with the id ${id} (one is "${file_name}"), so that annotations fit both. ${advice}`,
      );
    byImage.set(id, []);
  }
  const lost = (annotations as CocoAnnotation<T>[]).filter((each) => byImage.get(each.image_id)?.push(each) === undefined);
  if (lost.length > 0) {
    const ids = shortList([...new Set(lost.map((each) => each.image_id))]);
    issues.note(path, `${lost.length} of its annotations are of images that it does not list (${ids}).`);
  }
  return { path, images, annotations: byImage, categories };
}

/**
 * Merges the categories of all files by name into classes without gaps, in ascending order of category ids; `labels` are the class ids by
 * category id, one map per file. Notes files whose categories differ. @throws S2Error "data-set" if the option `classes` lacks a category.
 */
export async function mergeCategories(
  { folder, paths, options }: Listing,
  files: readonly Pick<CocoFile<"boxes">, "path" | "categories">[],
  issues: IssueList,
) {
  const lowest = new Map<string, number>();
  for (const { name, id } of files.flatMap(({ categories }) => categories))
    lowest.set(name, Math.min(id, lowest.get(name) ?? id));
  const found = [...lowest].sort(([a, i], [b, j]) => i - j || (a < b ? -1 : 1)).map(([name]) => name);
  const classes = (options.classes && (await readClassNames(folder, paths, options.classes, []))) || found;
  const unnamed = found.filter((name) => !classes.includes(name));
  if (unnamed.length > 0)
    throw new S2Error("data-set", `The given classes lack categories of "${folder.name}": ${shortList(unnamed)}. Add them.`);
  const ids = new Map(classes.map((name, id) => [name, id]));
  const key = ({ categories }: (typeof files)[number]) => JSON.stringify(categories.map(({ id, name }) => [id, name]).sort());
  for (const file of files.slice(1))
    if (key(file) !== key(files[0]))
      issues.note(file.path, `Its categories are not those of ${files[0].path}; they are matched by name.`);
  return { classes, labels: files.map(({ categories }) => new Map(categories.map(({ id, name }) => [id, ids.get(name)!]))) };
}
