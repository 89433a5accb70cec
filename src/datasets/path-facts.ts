/** Facts that a file's path gives: its split ("train/"), its role ("masks/"), and the remaining path, by which files are paired. */
import { isImageName } from "../images/index.ts";
import { namingOf, type Role } from "./layout-names.ts";

/** Split, role and pairing name of a file. */
export interface PathFacts {
  /** Path as the folder lists it, for reading. */
  readonly path: string;
  readonly split?: string;
  readonly role?: Role;
  /** The path without the folders of split and role, in composed Unicode (macOS writes decomposed names). */
  readonly rest: string;
  /** `rest` without its extension; an image and its mask share it. */
  readonly key: string;
  /** With its dot, in lower case. */
  readonly extension: string;
  /** Preference among several label files of one image; the lowest is read. */
  readonly rank: number;
}

/** Endings of a mask's name after that of its image, the best form of class ids first. */
const MASK_ENDINGS = [
  /[._-](gt(fine|coarse)[._-])?labeltrainids$/i,
  /[._-](gt(fine|coarse)[._-])?labelids$/i,
  /[._-](gt[._-])?(masks?|seg|segm|segmentation|segmap|labels?|labelmap|gt|groundtruth|annotation|matte)$/i,
  /_L$/,
];
/** Endings of pictures of masks, whose values are no class ids. */
const OTHER_ENDING = /[._-](gt(fine|coarse)[._-])?(colou?r|instance(train)?ids|instances?|polygons|viz|overlay|color_mask)$/i;

/** Reads the paths of a folder together, since a name such as "dev" or "photo" is ambiguous without those beside it. */
export function pathFactsOf(paths: readonly string[]): PathFacts[] {
  const levels = levelsOf(paths);
  const locations = paths.map((path) => readPath(path, levels));
  const images = new Set(locations.filter(isImage).map(pairName));
  return locations.map((location) => besideImage(location, images));
}

/** Returns the name by which files pair within a split. */
export const pairName = ({ split, key }: Pick<PathFacts, "split" | "key">): string => `${split ?? ""}:${key}`;

const isImage = ({ path, role }: PathFacts) => (role === undefined || role === "image") && isImageName(path);

/** For each folder the names of its folders, true for those that have folders themselves. */
type Levels = ReadonlyMap<string, ReadonlyMap<string, boolean>>;

function levelsOf(paths: readonly string[]): Levels {
  const levels = new Map<string, Map<string, boolean>>();
  for (const path of paths) {
    const segments = path.split("/");
    for (let depth = 0; depth + 1 < segments.length; depth++) {
      const above = segments.slice(0, depth).join("/");
      const names = levels.get(above) ?? new Map<string, boolean>();
      levels.set(above, names.set(segments[depth], names.get(segments[depth]) || depth + 2 < segments.length));
    }
  }
  return levels;
}

function readPath(path: string, levels: Levels): PathFacts {
  const folders = path.split("/");
  const file = folders.pop()!.normalize("NFC");
  let split: string | undefined;
  let role: Role | undefined;
  const left = folders.filter((name, depth) => {
    const beside = levels.get(folders.slice(0, depth).join("/"))!;
    const naming = namingOf(name);
    const says = { split: namesSplit(name, beside) && naming?.split, role: namesRole(name, beside) && naming?.role };
    // A second split or role belongs to the rest, unless it repeats the first: Training_Set/training_set.
    const isNew = (says.split && split === undefined) || (says.role && role === undefined);
    const repeats = (!says.split || says.split === split) && (!says.role || says.role === role);
    if (!(says.split || says.role) || !(isNew || repeats)) return true;
    if (says.split) split ??= says.split;
    if (says.role) role ??= says.role;
    return false;
  });
  const rest = [...left.map((name) => name.normalize("NFC")), file].join("/");
  const extension = /(?<=[^/])\.[^./]*$/.exec(rest)?.[0] ?? "";
  const key = rest.slice(0, rest.length - extension.length);
  return {
    path,
    ...(split !== undefined && { split }),
    ...(role !== undefined && { role }),
    rest,
    key: role === undefined || role === "image" ? key.replace(/[._-]leftImg8bit$/i, "") : key,
    extension: extension.toLowerCase(),
    rank: 0,
  };
}

/** Returns true for a folder named for a split if all beside it are named for splits or roles, or two unambiguously, or it has subfolders. */
function namesSplit(name: string, beside: ReadonlyMap<string, boolean>): boolean {
  if (namingOf(name)?.split === undefined) return false;
  const names = [...beside.keys()];
  if (names.every((each) => namingOf(each) !== undefined)) return true;
  const clear = names.filter((each) => namingOf(each)?.split !== undefined && !namingOf(each)!.ambiguous);
  if (new Set(clear.map((each) => namingOf(each)!.split)).size > 1) return true;
  const splits = new Set(names.map((each) => namingOf(each)?.split).filter((split) => split !== undefined));
  if (clear.some((each) => namingOf(each)!.split === "train") && splits.size > 1) return true;
  return clear.includes(name) && beside.get(name)!;
}

/** Returns true for a folder named for a role: "photo" beside "sketch" is a class, but beside "masks" or alone it holds the images. */
function namesRole(name: string, beside: ReadonlyMap<string, boolean>): boolean {
  const naming = namingOf(name);
  if (naming?.role === undefined) return false;
  if (!naming.ambiguous) return true;
  const others = [...beside.keys()].filter((each) => each !== name);
  return others.every((each) => namingOf(each) !== undefined) || others.some((each) => namingOf(each)?.role !== undefined);
}

/** Gives a label file the key of its image: "a_mask.png" and "a.txt" belong to "a.jpg". */
function besideImage(file: PathFacts, images: ReadonlySet<string>): PathFacts {
  const { role, key, extension } = file;
  if (role === "image" || role === undefined) {
    if (extension === ".txt" || extension === ".xml") return images.has(pairName(file)) ? { ...file, role: "label" } : file;
    if (extension !== ".png") return file;
    const paired = withoutEnding(file, images);
    if (paired) return { ...file, ...paired, role: paired.rank < 0 ? "other" : "mask" };
    return file;
  }
  if (role !== "mask" && !(role === "label" && extension === ".png")) return file;
  if (images.has(pairName(file))) return file;
  const paired = withoutEnding(file, images);
  if (paired === undefined) return OTHER_ENDING.test(key) ? { ...file, role: "other" } : file;
  return { ...file, ...paired, ...(paired.rank < 0 && { role: "other" as const }) };
}

/** Removes a mask's ending; returns the key of the image and the rank of that form, below 0 for pictures of masks. */
function withoutEnding(file: PathFacts, images: ReadonlySet<string>): { key: string; rank: number } | undefined {
  for (const [i, ending] of [...MASK_ENDINGS, OTHER_ENDING].entries()) {
    const bare = file.key.replace(ending, "");
    if (bare === file.key || bare === "" || bare.endsWith("/")) continue;
    const rank = i < MASK_ENDINGS.length ? i + 1 : -1;
    if (images.has(pairName({ ...file, key: bare }))) return { key: bare, rank };
  }
  return undefined;
}
