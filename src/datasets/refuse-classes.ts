/** Evidence that a folder's folders are no classes: a classifier of "JPEGImages" against "SegmentationClass" is always right, and worth nothing. */
import { S2Error } from "../core/index.ts";
import { isImageName } from "../images/index.ts";
import { classFolders } from "./class-folders.ts";
import type { Listing } from "./listing.ts";
import { type PathFacts, stem } from "./path-facts.ts";

const ANNOTATION = /\.(json|xml)$/i;
/** The start of a JSON that is enough to see what it lists. */
const SEEN_BYTES = 65_536;

/** @throws S2Error "data-set" where folders cannot be classes, naming what was found; with kind "classification" they are taken all the same. */
export async function refuseClasses(listing: Listing): Promise<void> {
  const { folder, locations, options, paths } = listing;
  const classOf = classFolders(locations);
  const images = new Map<string, PathFacts[]>();
  for (const place of locations) {
    const name = isImageName(place.path) ? classOf(place) : undefined;
    if (name !== undefined) images.set(name, [...(images.get(name) ?? []), place]);
  }
  const annotated = await annotations(listing);
  const why =
    images.size === 0
      ? undefined
      : annotated !== undefined
        ? `"${annotated}" holds annotations of the images, so that their folders are hardly classes`
        : images.size === 1 && options.classes === undefined && !paths.includes("classes.txt")
          ? `all images are in one class, "${[...images.keys()][0]}", and there is nothing to tell apart`
          : await pairedFolders(listing, images);
  if (images.size > 0 && why === undefined) return;
  throw new S2Error("data-set", unknownLayout(folder.name, locations, why));
}

/** The refusal of a folder of no layout: what was found, and what can be done. */
export function unknownLayout(name: string, places: readonly PathFacts[], why?: string): string {
  const lists = places.map(({ path }) => path).filter((path) => /^[^/]+\.(csv|tsv)$/i.test(path) && path !== "splits.csv");
  const reason = why === undefined ? "" : ` ${why[0].toUpperCase()}${why.slice(1)}.`;
  const list =
    lists.length > 0
      ? ` If ${lists.slice(0, 3).join(" or ")} lists images and their labels, give it as list (--list ${lists[0]}).`
      : "";
  const anyway =
    why === undefined
      ? ""
      : ' If the folders are classes all the same, say so with task "classification" (--task classification).';
  return (
    `"${name}" (${places.length} files) is laid out in no way that is known.${found(places)}${reason}${list}${anyway} Expected a folder of images ` +
    "for each class, or images/ with masks/ or labels/, or rgb/ with depth/; docs/datasets.md draws each layout."
  );
}

/** " It has JPEGImages/ (17 .jpg) and Labels/ (17 .xml)." */
function found(places: readonly PathFacts[]): string {
  const counts = new Map<string, Map<string, number>>();
  for (const { path, extension } of places) {
    const parts = path.split("/");
    const above = parts.length === 1 ? "its top" : `${parts.slice(0, Math.min(2, parts.length - 1)).join("/")}/`;
    const kinds = counts.get(above) ?? new Map<string, number>();
    counts.set(above, kinds.set(extension, (kinds.get(extension) ?? 0) + 1));
  }
  const all = Array.from(counts, ([above, kinds]) => {
    const files = Array.from(kinds, ([extension, count]) => `${count} ${extension || "files"}`);
    return `${above} (${files.slice(0, 3).join(", ")})`;
  });
  if (all.length === 0) return "";
  return ` It has ${all.slice(0, 6).join(", ")}${all.length > 6 ? ` and ${all.length - 6} more folders` : ""}.`;
}

/** An XML or JSON file for an image, or a JSON that lists images and annotations as COCO does. */
async function annotations({ folder, locations }: Listing): Promise<string | undefined> {
  const files = locations.filter(({ path }) => ANNOTATION.test(path));
  const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1).normalize("NFC");
  const names = new Set(
    locations.filter(({ path }) => isImageName(path)).flatMap(({ path }) => [nameOf(path), stem(nameOf(path))]),
  );
  const ofImages = files.find(({ path }) => names.has(stem(nameOf(path))));
  if (ofImages) return ofImages.path;
  const usual = files.find(({ path }) =>
    /(instances|annotations?|panoptic|captions|keypoints|coco|via_)[^/]*\.json$/i.test(path),
  );
  if (usual) return usual.path;
  for (const { path } of files.filter((each) => /\.json$/i.test(each.path)).slice(0, 20)) {
    const bytes = await folder.read(path).catch(() => new Uint8Array());
    const start = new TextDecoder().decode(bytes.subarray(0, SEEN_BYTES));
    const end = new TextDecoder().decode(bytes.subarray(-SEEN_BYTES));
    if (/"(annotations|bbox|segmentation|regions|shapes|objects)"\s*:/.test(start + end)) return path;
  }
  return undefined;
}

/** Folders whose files go by the same names are halves of pairs (images and masks, say), unless the names are mere numbers. */
async function pairedFolders(
  { folder }: Listing,
  images: ReadonlyMap<string, readonly PathFacts[]>,
): Promise<string | undefined> {
  const folders = Array.from(images, ([name, places]) => ({ name, places, stems: new Set(places.map(bareName)) }));
  const [first, ...others] = folders.sort((a, b) => a.stems.size - b.stems.size);
  const paired = others.filter(({ stems }) => [...first.stems].every((each) => stems.has(each)));
  if (paired.length < others.length || others.length === 0 || first.stems.size < 2) return undefined;
  const formats = await Promise.all(folders.map(({ places }) => formatOf(places[0], (path) => folder.read(path))));
  if (folders.every(({ stems }) => isNumbering(stems)) && new Set(formats).size === 1) return undefined;
  const [a, b] = [paired[0].name, first.name];
  return `the files in "${b}" have the names of those in "${a}" ("${[...first.stems][0]}"), so that they are pairs and not classes`;
}

/** The name without folders, extension and endings such as _mask. */
const bareName = ({ rest }: PathFacts): string =>
  stem(rest.slice(rest.lastIndexOf("/") + 1)).replace(/[._-](masks?|seg|segmentation|labels?|gt|depth|image|img|rgb)$/i, "");

/** 1, 2, 3 ... or img_0, img_1 ...: every class numbers its images through. */
function isNumbering(stems: ReadonlySet<string>): boolean {
  const parts = Array.from(stems, (each) => /^(.*?)[([]?(\d+)[)\]]?$/.exec(each));
  if (parts.some((part) => part === null || part[1] !== parts[0]![1])) return false;
  const numbers = parts.map((part) => Number(part![2])).sort((a, b) => a - b);
  return numbers[0] <= 1 && numbers.at(-1)! - numbers[0] < 2 * numbers.length;
}

/** The extension, and for a PNG the color type: masks are gray or of a palette. */
async function formatOf({ path, extension }: PathFacts, read: (path: string) => Promise<Uint8Array>): Promise<string> {
  if (extension !== ".png") return extension.replace("jpeg", "jpg");
  const bytes = await read(path).catch(() => new Uint8Array());
  return `${extension} ${[0, 3].includes(bytes[25]) ? "ids" : "colors"}`;
}
