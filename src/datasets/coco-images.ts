/** Images that COCO's annotation files list, found among the photos of the folder, each with its split. */
import { isPhotoName } from "../images/index.ts";
import type { CocoFile, CocoImage } from "./coco-json.ts";
import type { Photographed, Problem } from "./data-set.ts";
import { tidy } from "./find-images.ts";
import { flaw } from "./invalid-file.ts";
import { knownSplit } from "./layout-names.ts";
import type { Listing } from "./listing.ts";
import { inNoSplit } from "./pairs.ts";

type Files = readonly Pick<CocoFile<"boxes">, "path" | "images">[];

/** A photo that is listed, and the index of the file that lists it. */
export interface CocoPhoto {
  readonly path: string;
  readonly split: string;
  readonly image: CocoImage;
  readonly file: number;
}

/** Every image and every photo is in a pair or in a problem. `masks` are the paths of pictures that are no photos. */
export function findCocoPhotos(
  { paths, places, splits }: Listing,
  files: Files,
  masks: ReadonlySet<string>,
  problems: Problem[],
): CocoPhoto[] {
  const photos = paths.filter((path, i) => isPhotoName(path) && !masks.has(path) && places[i].role !== "mask");
  const find = fileFinder(photos);
  const isPhoto = new Set(photos);
  const folderSplits = new Map(places.flatMap((place) => (isPhoto.has(place.path) ? [[place.path, splits.of(place)]] : [])));
  const named = files.some((file) => splitOfFile(file.path) !== undefined);
  const found = new Map<string, CocoPhoto>();
  for (const [i, file] of files.entries()) {
    const split = splitOfFile(file.path);
    for (const image of file.images) {
      const refuse = (path: string, reason: string) =>
        void problems.push({ path, reason: `${file.path}: ${reason}`, used: false });
      const matches = find(file.path, image.file_name);
      const [path] = matches;
      if (matches.length !== 1) {
        refuse(
          tidy(image.file_name),
          matches.length === 0
            ? "There is no such file."
            : `"${path}" and "${matches[1]}" could both be it. Give file_name with its folder.`,
        );
        continue;
      }
      const before = found.get(path);
      const its = splitOf(folderSplits.get(path), split, { lists: splits.files.length > 0, named });
      if (before === undefined && its !== undefined) found.set(path, { path, split: its, image, file: i });
      else if (before === undefined) refuse(path, inNoSplit(splits));
      else if (before.split === its)
        problems.push({ path, reason: `${file.path}: It is listed a second time; the first counts.`, used: true });
      else
        problems.push({
          path,
          reason: `${file.path} puts it in ${its}, and ${files[before.file].path} in ${before.split}, where it is used.`,
          used: true,
        });
    }
  }
  const known = new Set([...found.keys(), ...problems.map(({ path }) => path)]);
  for (const path of photos)
    if (!known.has(path))
      problems.push({
        path,
        reason: `It is in none of the annotation files (${files.map((file) => file.path).join(", ")}).`,
        used: false,
      });
  problems.push(...splits.problems());
  return [...found.values()];
}

/** Lists of splits decide, else the annotation file, else the photo's folder; no photo is of "all" beside files of splits. */
function splitOf(folder: string | undefined, file: string | undefined, { lists, named }: { lists: boolean; named: boolean }) {
  if (lists) return folder;
  return file ?? (named && folder === "all" ? undefined : folder);
}

/**
 * Finds what a `file_name` means: a path from the folder, from the annotation file's folder, or from any folder of images below. Of
 * several such files one beside the annotation file is taken, else one in a folder that the annotation file is named after
 * (instances_train2017.json: train2017/). A photo in the folder of another split is none.
 */
export function fileFinder(paths: readonly string[]): (from: string, fileName: string) => string[] {
  const byName = new Map<string, Candidate[]>();
  for (const path of paths) {
    const composed = path.normalize("NFC"); // names from macOS are decomposed
    const alike = byName.get(last(composed));
    if (alike) alike.push({ path, composed });
    else byName.set(last(composed), [{ path, composed }]);
  }
  return (from, fileName) => {
    const listed = tidy(fileName).normalize("NFC");
    const named = byName.get(last(listed)) ?? [];
    const elsewhere = /^([a-z]:)?\/|^\.\.\//i.test(listed);
    const wanted = elsewhere ? longestEnd(named, listed) : listed;
    const all = named.filter(({ composed }) => endsWith(composed, wanted));
    const beside = all.filter(({ composed }) => composed === from.slice(0, from.lastIndexOf("/") + 1) + wanted);
    if (beside.length > 0) return beside.map(({ path }) => path);
    const split = splitOfFile(from);
    const above = ({ composed }: Candidate) => composed.slice(0, composed.length - wanted.length);
    const matches = all.filter((each) => split === undefined || [split, undefined].includes(splitOfFolders(above(each))));
    const word = last(from).replace(/\.json$/i, "");
    const namedAfter = (part: string) => part !== "" && (word === part || word.endsWith(`_${part}`));
    const same = matches.filter((each) => above(each).split("/").some(namedAfter));
    const inSplit = matches.filter((each) => split !== undefined && splitOfFolders(above(each)) === split);
    return [same, inSplit, matches].find((each) => each.length > 0)?.map(({ path }) => path) ?? [];
  };
}

interface Candidate {
  readonly path: string;
  readonly composed: string;
}

/** The longest end of a path from another computer that any of the files has. */
function longestEnd(candidates: readonly Candidate[], listed: string): string {
  const folders = listed.split("/");
  const ends = folders.map((_, from) => folders.slice(from).join("/"));
  return ends.find((end) => candidates.some(({ composed }) => endsWith(composed, end))) ?? listed;
}

const endsWith = (path: string, end: string): boolean => `/${path}`.endsWith(`/${end}`);

const last = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** The split that a file's folders or its own name say: "val" of annotations/instances_val2017.json. */
export function splitOfFile(path: string): string | undefined {
  const words = last(path).match(/[a-z]+/gi) ?? [];
  return splitOfFolders(path) ?? words.map(knownSplit).find((split) => split !== undefined);
}

function splitOfFolders(path: string): string | undefined {
  const folders = path.split("/").slice(0, -1);
  return folders.map(knownSplit).find((split) => split !== undefined);
}

/** Refuses a photo whose size is not that of its annotations; a photo that EXIF turns is one. */
export function checkCocoSize({ path, image }: CocoPhoto, json: string, [height, width]: Photographed["size"]): void {
  const { width: w, height: h } = image;
  if (!w || !h || (w === width && h === height)) return;
  const turned =
    w === height && h === width ? " The photo's EXIF turns it: save it upright, or export annotations of the upright photo." : "";
  throw flaw(path, `${json} says ${w}x${h} pixels and the photo is ${width}x${height}; they must be alike.${turned}`);
}
