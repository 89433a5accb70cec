/** The table of names by which folders and lists name a split or the role of their files. */

/** Maps each word of a list to a value. */
const table = <T extends string>(lists: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(lists).flatMap(([words, value]) => words.split(" ").map((word) => [word, value])));

/** Unambiguous spellings of splits. */
const SPLITS = table({ "train training trainval": "train", "val valid validation validate": "val", "test testing": "test" });

/** Spellings that may name a class instead; such folders are splits only beside other splits. "eval" is a test split in Hugging Face sets. */
const SHORT_SPLITS = table({
  "trn tr": "train",
  "dev devel development": "val",
  "tst ts te eval evaluation": "test",
});

/** Roles of the files in a folder. No layout reads images or labels from "list" (lists of splits) and "other" (pictures of masks). */
export type Role = "image" | "mask" | "depth" | "label" | "list" | "other";

const ROLES = table<Role>({
  "image images img imgs photo photos rgb picture pictures leftimg8bit img8bit": "image",
  "mask masks annotation annotations ann anns annot annots": "mask",
  "segmentation segmentations segmentationclass seg segs segm": "mask",
  "gt gts groundtruth gtfine gtcoarse labelmaps": "mask",
  "depth depths depthmap depthmaps": "depth",
  "label labels": "label",
  "imagesets splits lists meta": "list",
  "segmentationobject instances visualization visualizations overlay overlays color colour colors panoptic": "other",
});

/** Roles that may name a class instead ("photo" beside "sketch"); such folders have the role only beside other roles. */
const CLASS_LIKE = "mask ann seg gt photo photos picture pictures rgb depth meta lists color colour colors instances".split(" ");

/** Words without a meaning here: the Set of Training_Set, the JPEG of JPEGImages. */
const FILLERS =
  "set data dataset split dir folder files jpeg jpg png raw aug obj all semantic maps fine coarse left trainvaltest".split(" ");

/** Split and role in a folder's name. */
export interface Naming {
  readonly split?: string;
  readonly role?: Role;
  /** The name may as well be that of a class. */
  readonly ambiguous: boolean;
}

const cache = new Map<string, Naming | undefined>();

/** Reads a folder's name ("train", "Training_Set", "val2017", "JPEGImages", "train_masks"); undefined if it names neither split nor role. */
export function namingOf(name: string): Naming | undefined {
  if (!cache.has(name)) {
    if (cache.size > 10_000) cache.clear();
    cache.set(name, parseName(name));
  }
  return cache.get(name);
}

/** Returns the usual name of a split, "val" for "Validation" and "val2017", and any other word unchanged. */
export const splitName = (word: string): string => knownSplit(word) ?? word;

/** Returns the usual name of a split, or undefined for a word that names none. */
export function knownSplit(word: string): string | undefined {
  const naming = namingOf(word);
  return naming?.role === undefined ? naming?.split : undefined;
}

function parseName(name: string): Naming | undefined {
  const letters = name.toLowerCase().replace(/[^a-z0-9]/g, "");
  if (Object.hasOwn(ROLES, letters)) return { role: ROLES[letters], ambiguous: CLASS_LIKE.includes(letters) };
  const words = name
    .replace(/([a-z])([A-Z])|([A-Z])([A-Z][a-z])/g, "$1$3 $2$4")
    .toLowerCase()
    .replace(/(?<=[a-z])[ _.-]?(19|20)\d\d(?![0-9])/g, " ") // train2017, VOC's years
    .split(/[ _.-]+/)
    .filter((word) => word !== "")
    .flatMap(splitWord);
  let split: string | undefined;
  let role: Role | undefined;
  let ambiguous = false;
  for (const word of words) {
    if (Object.hasOwn(SPLITS, word)) split ??= SPLITS[word];
    else if (Object.hasOwn(SHORT_SPLITS, word)) {
      ambiguous ||= split === undefined;
      split ??= SHORT_SPLITS[word];
    } else if (Object.hasOwn(ROLES, word)) role = strongest(role, ROLES[word]);
    else if (!FILLERS.includes(word)) return undefined;
  }
  if (split === undefined && role === undefined) return undefined;
  return { ...(split !== undefined && { split }), ...(role !== undefined && { role }), ambiguous };
}

/** Splits "trainset" into two words. */
function splitWord(word: string): string[] {
  if (Object.hasOwn(SPLITS, word) || Object.hasOwn(ROLES, word)) return [word];
  for (const start of Object.keys(SPLITS)) {
    const end = word.slice(start.length);
    if (word.startsWith(start) && (FILLERS.includes(end) || Object.hasOwn(ROLES, end))) return [start, end];
  }
  return [word];
}

/** Returns the role of two words: "image_labels" are labels, "mask_images" masks, "color_masks" pictures of masks. */
function strongest(one: Role | undefined, two: Role): Role {
  const order: readonly Role[] = ["image", "label", "mask", "depth", "list", "other"];
  return one === undefined || order.indexOf(two) > order.indexOf(one) ? two : one;
}
