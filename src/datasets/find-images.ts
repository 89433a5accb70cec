/** The images that a line of a list means: its path may be absolute, of another machine's folder, without extension, or of another Unicode form. */
import { isImageName } from "../images/index.ts";
import { type PathFacts, stem } from "./path-facts.ts";

/** Returns the images that a name means: none, one, or several that it does not tell apart. */
export type FindImages = (name: string, beside?: string) => readonly PathFacts[];

/** Normalizes a path to the form in which `Folder` lists paths: "/" between folders, none before, composed Unicode, and the extension in small letters. */
export function tidy(path: string): string {
  const parts = path.normalize("NFC").replaceAll("\\", "/").split("/");
  const plain = parts.filter((part, i) => part !== "." && (part !== "" || i === 0)).join("/");
  return plain.replace(/\.[^./]*$/, (extension) => extension.toLowerCase());
}

/** Prepares the search among the images of a folder. `byName`: a file's name alone will do where only one image has it. */
export function imageFinder(places: readonly PathFacts[], { byName = false } = {}): FindImages {
  const images = places.filter(({ path, role }) => (role === undefined || role === "image") && isImageName(path));
  // As YOLO (paths), VOC (names alone) and Food-101 (class/name) list them, the most exact first.
  const paths = indexed(images, ({ path }) => tidy(path));
  const indexes = [paths, indexed(images, ({ path }) => stem(tidy(path)))];
  for (const name of [({ rest }: PathFacts) => tidy(rest), ({ key }: PathFacts) => key]) indexes.push(indexed(images, name));
  if (byName) for (const name of [nameOf, (place: PathFacts) => stem(nameOf(place))]) indexes.push(indexed(images, name));
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

const nameOf = ({ rest }: PathFacts): string => tidy(rest.slice(rest.lastIndexOf("/") + 1));

function indexed(images: readonly PathFacts[], name: (image: PathFacts) => string): ReadonlyMap<string, PathFacts[]> {
  const index = new Map<string, PathFacts[]>();
  for (const image of images) {
    const same = index.get(name(image));
    if (same) same.push(image);
    else index.set(name(image), [image]);
  }
  return index;
}
