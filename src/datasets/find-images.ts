/** The photos that a line of a list means: its path may be absolute, of another machine's folder, without extension, or of another Unicode form. */
import { isPhotoName } from "../images/index.ts";
import { type Place, stem } from "./path-facts.ts";

/** Returns the photos that a name means: none, one, or several that it does not tell apart. */
export type FindPhotos = (name: string, beside?: string) => readonly Place[];

/** Normalizes a path to the form in which `Folder` lists paths: "/" between folders, none before, composed Unicode, and the extension in small letters. */
export function tidy(path: string): string {
  const parts = path.normalize("NFC").replaceAll("\\", "/").split("/");
  const plain = parts.filter((part, i) => part !== "." && (part !== "" || i === 0)).join("/");
  return plain.replace(/\.[^./]*$/, (extension) => extension.toLowerCase());
}

/** Prepares the search among the photos of a folder. `byName`: a file's name alone will do where only one photo has it. */
export function photoFinder(places: readonly Place[], { byName = false } = {}): FindPhotos {
  const photos = places.filter(({ path, role }) => (role === undefined || role === "photo") && isPhotoName(path));
  // As YOLO (paths), VOC (names alone) and Food-101 (class/name) list them, the most exact first.
  const paths = indexed(photos, ({ path }) => tidy(path));
  const indexes = [paths, indexed(photos, ({ path }) => stem(tidy(path)))];
  for (const name of [({ rest }: Place) => tidy(rest), ({ key }: Place) => key]) indexes.push(indexed(photos, name));
  if (byName) for (const name of [nameOf, (place: Place) => stem(nameOf(place))]) indexes.push(indexed(photos, name));
  const search = (name: string) => indexes.map((index) => index.get(name)).find((found) => found !== undefined);
  return (given, beside = "") => {
    const name = tidy(given);
    const found = (beside && search(tidy(beside + given))) || search(name);
    if (found) return found;
    const parts = name.split("/");
    const suffixes = parts.slice(1).map((_, i) => parts.slice(i + 1).join("/"));
    for (const suffix of suffixes) if (paths.has(suffix)) return paths.get(suffix)!;
    // The folders of an absolute path, "/home/ann/set/img/a.jpg", may have other names here.
    if (byName || /^(\/|[a-z]:\/)/i.test(name))
      for (const suffix of suffixes) {
        const same = search(suffix);
        if (same) return same;
      }
    return [];
  };
}

const nameOf = ({ rest }: Place): string => tidy(rest.slice(rest.lastIndexOf("/") + 1));

function indexed(photos: readonly Place[], name: (photo: Place) => string): ReadonlyMap<string, Place[]> {
  const index = new Map<string, Place[]>();
  for (const photo of photos) {
    const same = index.get(name(photo));
    if (same) same.push(photo);
    else index.set(name(photo), [photo]);
  }
  return index;
}
