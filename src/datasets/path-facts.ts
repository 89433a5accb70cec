/** Facts about a file that the folders around it give: its split ("train/"), its role ("masks/"), and the rest, by which it is paired. */
import { isPhotoName } from "../images/index.ts";
import { namingOf, type Role } from "./layout-names.ts";

export type { Role };

export interface Place {
  /** The folder's own spelling, for opening. */
  readonly path: string;
  readonly split?: string;
  readonly role?: Role;
  /** The path without the folders of split and role, in Unicode's composed form (macOS writes the decomposed one). */
  readonly rest: string;
  /** `rest` without its extension: a photo and its mask share it. */
  readonly key: string;
  /** With its dot, in small letters. */
  readonly extension: string;
  /** Labels of one photo in several forms: the lowest is read. */
  readonly rank: number;
}

/** Endings by which a file is told from its photo, the best form of class ids first. */
const MASK_ENDINGS = [
  /[._-](gt(fine|coarse)[._-])?labeltrainids$/i,
  /[._-](gt(fine|coarse)[._-])?labelids$/i,
  /[._-](gt[._-])?(masks?|seg|segm|segmentation|segmap|labels?|labelmap|gt|groundtruth|annotation|matte)$/i,
  /_L$/,
];
/** Forms of masks whose values are no class ids. */
const OTHER_ENDING = /[._-](gt(fine|coarse)[._-])?(colou?r|instance(train)?ids|instances?|polygons|viz|overlay|color_mask)$/i;

/** Sorts the files of a folder. All are needed at once, for a name such as "dev" or "photo" means little without those beside it. */
export function placesOf(paths: readonly string[]): Place[] {
  const levels = levelsOf(paths);
  const places = paths.map((path) => placeAt(path, levels));
  const photos = new Set(places.filter(isPhoto).map(pairName));
  return places.map((place) => besidePhoto(place, photos));
}

/** Files pair within a split. */
export const pairName = ({ split, key }: Pick<Place, "split" | "key">): string => `${split ?? ""}:${key}`;

/** Without its extension. */
export const stem = (path: string): string => path.replace(/(?<=[^/])\.[^./]*$/, "");

const isPhoto = ({ path, role }: Place) => (role === undefined || role === "photo") && isPhotoName(path);

/** Folders by the folder that they lie in, and which of them have folders themselves. */
type Levels = ReadonlyMap<string, ReadonlyMap<string, boolean>>;

function levelsOf(paths: readonly string[]): Levels {
  const levels = new Map<string, Map<string, boolean>>();
  for (const path of paths) {
    const parts = path.split("/");
    for (let depth = 0; depth + 1 < parts.length; depth++) {
      const above = parts.slice(0, depth).join("/");
      const names = levels.get(above) ?? new Map<string, boolean>();
      levels.set(above, names.set(parts[depth], names.get(parts[depth]) || depth + 2 < parts.length));
    }
  }
  return levels;
}

function placeAt(path: string, levels: Levels): Place {
  const parts = path.split("/");
  const file = parts.pop()!.normalize("NFC");
  let split: string | undefined;
  let role: Role | undefined;
  const left = parts.filter((name, depth) => {
    const beside = levels.get(parts.slice(0, depth).join("/"))!;
    const naming = namingOf(name);
    const says = { split: namesSplit(name, beside) && naming?.split, role: namesRole(name, beside) && naming?.role };
    // A second word of either kind belongs to the rest, unless it only repeats the first: Training_Set/training_set.
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
    key: role === undefined || role === "photo" ? key.replace(/[._-]leftImg8bit$/i, "") : key,
    extension: extension.toLowerCase(),
    rank: 0,
  };
}

/** Folders name splits where all that lie together do, or two and more that leave no doubt, or one that has folders of its own. */
function namesSplit(name: string, beside: ReadonlyMap<string, boolean>): boolean {
  if (namingOf(name)?.split === undefined) return false;
  const names = [...beside.keys()];
  if (names.every((each) => namingOf(each) !== undefined)) return true;
  const clear = names.filter((each) => namingOf(each)?.split !== undefined && !namingOf(each)!.doubtful);
  if (new Set(clear.map((each) => namingOf(each)!.split)).size > 1) return true;
  const splits = new Set(names.map((each) => namingOf(each)?.split).filter((split) => split !== undefined));
  if (clear.some((each) => namingOf(each)!.split === "train") && splits.size > 1) return true;
  return clear.includes(name) && beside.get(name)!;
}

/** "photo" beside "sketch" is a class; beside "masks", or alone, it is where the photos are. */
function namesRole(name: string, beside: ReadonlyMap<string, boolean>): boolean {
  const naming = namingOf(name);
  if (naming?.role === undefined) return false;
  if (!naming.doubtful) return true;
  const others = [...beside.keys()].filter((each) => each !== name);
  return others.every((each) => namingOf(each) !== undefined) || others.some((each) => namingOf(each)?.role !== undefined);
}

/** A file beside a photo or in a folder of labels, under the photo's key: "a_mask.png" and "a.txt" are of "a.jpg". */
function besidePhoto(place: Place, photos: ReadonlySet<string>): Place {
  const { role, key, extension } = place;
  if (role === "photo" || role === undefined) {
    if (extension === ".txt" || extension === ".xml") return photos.has(pairName(place)) ? { ...place, role: "label" } : place;
    if (extension !== ".png") return place;
    const paired = withoutEnding(place, photos);
    if (paired) return { ...place, ...paired, role: paired.rank < 0 ? "other" : "mask" };
    return place;
  }
  if (role !== "mask" && !(role === "label" && extension === ".png")) return place;
  if (photos.has(pairName(place))) return place;
  const paired = withoutEnding(place, photos);
  if (paired === undefined) return OTHER_ENDING.test(key) ? { ...place, role: "other" } : place;
  return { ...place, ...paired, ...(paired.rank < 0 && { role: "other" as const }) };
}

/** The key of the photo that a file's name goes with when its ending is taken off, and how good that form is; below 0 = not to be read. */
function withoutEnding(place: Place, photos: ReadonlySet<string>): { key: string; rank: number } | undefined {
  for (const [i, ending] of [...MASK_ENDINGS, OTHER_ENDING].entries()) {
    const bare = place.key.replace(ending, "");
    if (bare === place.key || bare === "" || bare.endsWith("/")) continue;
    const rank = i < MASK_ENDINGS.length ? i + 1 : -1;
    if (photos.has(pairName({ ...place, key: bare }))) return { key: bare, rank };
  }
  return undefined;
}
