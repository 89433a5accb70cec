/** The one table of names by which folders and lists name a split, or say what the files below them are. */

/** Spellings of splits that leave no doubt. */
const SPLITS: Readonly<Record<string, string>> = {
  ...{ train: "train", training: "train", trainval: "train" },
  ...{ val: "val", valid: "val", validation: "val", validate: "val" },
  ...{ test: "test", testing: "test" },
};

/** Spellings that may as well name a class; folders of such names are splits only beside other splits. "eval" is a test split, as for Hugging Face. */
const SHORT_SPLITS: Readonly<Record<string, string>> = {
  ...{ trn: "train", tr: "train", dev: "val", devel: "val", development: "val" },
  ...{ tst: "test", ts: "test", te: "test", eval: "test", evaluation: "test" },
};

/** Roles of the files in a folder. "list" and "other" are read by no layout as photos or labels: lists of splits, pictures of masks. */
export type Role = "photo" | "mask" | "depth" | "label" | "list" | "other";

const ROLES: Readonly<Record<string, Role>> = {
  ...{ image: "photo", images: "photo", img: "photo", imgs: "photo", photo: "photo", photos: "photo", rgb: "photo" },
  ...{ picture: "photo", pictures: "photo", leftimg8bit: "photo", img8bit: "photo" },
  ...{
    mask: "mask",
    masks: "mask",
    annotation: "mask",
    annotations: "mask",
    ann: "mask",
    anns: "mask",
    annot: "mask",
    annots: "mask",
  },
  ...{ segmentation: "mask", segmentations: "mask", segmentationclass: "mask", seg: "mask", segs: "mask", segm: "mask" },
  ...{ gt: "mask", gts: "mask", groundtruth: "mask", gtfine: "mask", gtcoarse: "mask", labelmaps: "mask" },
  ...{ depth: "depth", depths: "depth", depthmap: "depth", depthmaps: "depth" },
  ...{ label: "label", labels: "label" },
  ...{ imagesets: "list", splits: "list", lists: "list", meta: "list" },
  ...{ segmentationobject: "other", instances: "other", visualization: "other", visualizations: "other", overlay: "other" },
  ...{ color: "other", colour: "other", colors: "other", overlays: "other", panoptic: "other" },
};

/** Roles that are classes of photos as well ("photo" beside "sketch"): folders of such names have the role only beside other roles. */
const ALSO_CLASSES = [
  "mask",
  "ann",
  "seg",
  "gt",
  "photo",
  "photos",
  "picture",
  "pictures",
  "rgb",
  "depth",
  "meta",
  "lists",
  "color",
  "colour",
  "colors",
  "instances",
];

/** Words that say nothing more: the Set of Training_Set, the JPEG of JPEGImages. */
const FILLERS = [
  "set",
  "data",
  "dataset",
  "split",
  "dir",
  "folder",
  "files",
  "jpeg",
  "jpg",
  "png",
  "raw",
  "aug",
  "obj",
  "all",
  "semantic",
  "maps",
  "fine",
  "coarse",
  "left",
  "trainvaltest",
];

/** Split and role in a folder's name. */
export interface Naming {
  readonly split?: string;
  readonly role?: Role;
  /** The name could as well be that of a class. */
  readonly doubtful: boolean;
}

const known = new Map<string, Naming | undefined>();

/** Reads a folder's name: "train", "Training_Set", "val2017", "JPEGImages", "train_masks"; undefined for a name of neither split nor role. */
export function namingOf(name: string): Naming | undefined {
  if (!known.has(name)) {
    if (known.size > 10_000) known.clear();
    known.set(name, parseName(name));
  }
  return known.get(name);
}

/** The usual name of a split, "val" for "Validation" and "val2017"; any other word as it is. */
export const splitName = (word: string): string => knownSplit(word) ?? word;

/** The usual name of a split; undefined for a word that names none. */
export function knownSplit(word: string): string | undefined {
  const naming = namingOf(word);
  return naming?.role === undefined ? naming?.split : undefined;
}

function parseName(name: string): Naming | undefined {
  const whole = name.toLowerCase().replace(/[^a-z0-9]/g, "");
  if (Object.hasOwn(ROLES, whole)) return { role: ROLES[whole], doubtful: ALSO_CLASSES.includes(whole) };
  const words = name
    .replace(/([a-z])([A-Z])|([A-Z])([A-Z][a-z])/g, "$1$3 $2$4")
    .toLowerCase()
    .replace(/(?<=[a-z])[ _.-]?(19|20)\d\d(?![0-9])/g, " ") // train2017, VOC's years
    .split(/[ _.-]+/)
    .filter((word) => word !== "")
    .flatMap(partsOf);
  let split: string | undefined;
  let role: Role | undefined;
  let doubtful = false;
  for (const word of words) {
    if (Object.hasOwn(SPLITS, word)) split ??= SPLITS[word];
    else if (Object.hasOwn(SHORT_SPLITS, word)) {
      doubtful ||= split === undefined;
      split ??= SHORT_SPLITS[word];
    } else if (Object.hasOwn(ROLES, word)) role = strongest(role, ROLES[word]);
    else if (!FILLERS.includes(word)) return undefined;
  }
  if (split === undefined && role === undefined) return undefined;
  return { ...(split !== undefined && { split }), ...(role !== undefined && { role }), doubtful };
}

/** "trainset" is two words. */
function partsOf(word: string): string[] {
  if (Object.hasOwn(SPLITS, word) || Object.hasOwn(ROLES, word)) return [word];
  for (const start of Object.keys(SPLITS)) {
    const end = word.slice(start.length);
    if (word.startsWith(start) && (FILLERS.includes(end) || Object.hasOwn(ROLES, end))) return [start, end];
  }
  return [word];
}

/** "image_labels" are labels, "mask_images" masks, "color_masks" pictures of them. */
function strongest(one: Role | undefined, two: Role): Role {
  const order: readonly Role[] = ["photo", "label", "mask", "depth", "list", "other"];
  return one === undefined || order.indexOf(two) > order.indexOf(one) ? two : one;
}
