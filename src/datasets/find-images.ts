/** The images that a line of a list names: paths may be absolute, of another machine, without extension, or in another Unicode form. */
import { isImageName } from "../images/index.ts";
import { groupBy } from "./data-set.ts";
import { fileName, stem } from "./files.ts";
import type { PathFacts } from "./path-facts.ts";

/** Returns the images that a name fits: none, one, or several if it is ambiguous. */
export type FindImages = (name: string, beside?: string) => readonly PathFacts[];

/** Normalizes a path as `Folder` lists paths: "/" between folders and none before, composed Unicode, and the extension in lower case. */
export function tidy(path: string): string {
  const segments = path.normalize("NFC").replaceAll("\\", "/").split("/");
  const plain = segments.filter((segment, i) => segment !== "." && (segment !== "" || i === 0)).join("/");
  return plain.replace(/\.[^./]*$/, (extension) => extension.toLowerCase());
}

/**
 * Indexes the images of a folder. With `byName` a file name alone is enough if it is unique, and a whole path also finds an image in a folder
 * that is named for masks or other labels.
 */
export function imageFinder(locations: readonly PathFacts[], { byName = false } = {}): FindImages {
  const images = locations.filter(({ path, role }) => (role === undefined || role === "image") && isImageName(path));
  const nameOf = ({ rest }: PathFacts) => tidy(fileName(rest));
  // Paths as in YOLO, names as in VOC, class/name as in Food-101; the most exact form first.
  const paths = groupBy(images, ({ path }) => tidy(path));
  const names = [({ path }: PathFacts) => stem(tidy(path)), ({ rest }: PathFacts) => tidy(rest), ({ key }: PathFacts) => key];
  if (byName) names.push(nameOf, (file) => stem(nameOf(file)));
  const all = byName ? locations.filter(({ path }) => isImageName(path)) : images;
  const anyRole = groupBy(all, ({ path }) => tidy(path));
  const indexes = [paths, ...names.map((name) => groupBy(images, name))];
  const search = (name: string) => indexes.map((index) => index.get(name)).find((found) => found !== undefined);
  return (given, beside = "") => {
    const name = tidy(given);
    const found =
      (beside && search(tidy(beside + given))) || search(name) || anyRole.get(tidy(beside + given)) || anyRole.get(name);
    if (found) return found;
    const segments = name.split("/");
    const suffixes = segments.slice(1).map((_, i) => segments.slice(i + 1).join("/"));
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
