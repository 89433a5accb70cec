/** What a file's folders say of it: its split ("train/"), its role ("masks/"), and the rest, by which it is paired. */

/** Folders that name a split; all others are class folders, roles or nothing. */
const SPLITS: Readonly<Record<string, string>> = {
  ...{ train: "train", training: "train" },
  ...{ val: "val", valid: "val", validation: "val" },
  ...{ test: "test", testing: "test" },
};

const ROLES = {
  ...{ images: "photo", photos: "photo", rgb: "photo" },
  ...{ masks: "mask", annotations: "mask" },
  depth: "depth",
  labels: "label",
} as const;

export type Role = (typeof ROLES)[keyof typeof ROLES];

export interface Place {
  readonly path: string;
  readonly split?: string;
  readonly role?: Role;
  /** The path without the folders of split and role. */
  readonly rest: string;
  /** `rest` without its extension: a photo and its mask share it. */
  readonly key: string;
  /** With its dot, in small letters. */
  readonly extension: string;
}

/** The usual name of a split: "val" for "validation"; any other word as it is. */
export const splitName = (word: string): string =>
  Object.hasOwn(SPLITS, word.toLowerCase()) ? SPLITS[word.toLowerCase()] : word;

/** "images/train/a.jpg" and "train/images/a.jpg" alike are the photo "a" of the split "train". */
export function placeOf(path: string): Place {
  const parts = path.split("/");
  const file = parts.pop()!;
  const splitAt = parts.findIndex((part) => Object.hasOwn(SPLITS, part.toLowerCase()));
  const roleAt = parts.findIndex((part) => Object.hasOwn(ROLES, part.toLowerCase()));
  const rest = [...parts.filter((_, i) => i !== splitAt && i !== roleAt), file].join("/");
  const extension = /\.[^./]*$/.exec(file)?.[0] ?? "";
  return {
    path,
    ...(splitAt >= 0 && { split: splitName(parts[splitAt]) }),
    ...(roleAt >= 0 && { role: ROLES[parts[roleAt].toLowerCase() as keyof typeof ROLES] }),
    rest,
    key: rest.slice(0, rest.length - extension.length),
    extension: extension.toLowerCase(),
  };
}

/** Without its extension. */
export const stem = (path: string): string => path.replace(/\.[^./]*$/, "");
