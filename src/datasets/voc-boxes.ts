/** Images and boxes from Pascal VOC's XML: a file an image, in Annotations/ beside JPEGImages/ or next to the image. */

import type { XmlElement } from "@rgrove/parse-xml";
import { isImageName } from "../images/index.ts";
import { readClassNames } from "./class-names.ts";
import { clipBox } from "./clip-box.ts";
import type { DataSetImage, DataSetIssue, LabeledBox } from "./data-set.ts";
import type { Folder } from "./folder.ts";
import { invalidFile, issueOf, readBytes, shortList } from "./invalid-file.ts";
import type { Draft, Known, Listing } from "./listing.ts";
import { inNoSplit } from "./pairs.ts";
import { type PathFacts, stem } from "./path-facts.ts";

/** An object as it stands in a file: sides in pixels, 1 being the first. */
interface VocObject {
  readonly name: string;
  readonly difficult: boolean;
  readonly sides: readonly [xmin: number, ymin: number, xmax: number, ymax: number];
}

interface VocFile {
  readonly path: string;
  /** Width and height that the file says; 0 where a tool did not know. */
  readonly size: readonly [number, number];
  readonly objects: readonly VocObject[];
}

/** Folders that are no part of an image's name. */
const FOLDERS = /^(annotations?|xmls?|jpegimages|images|images|rgb)$/i;
const MASK_FOLDERS = /(^|\/)(SegmentationClass|SegmentationObject|trimaps)\//i;

const isImage = ({ path, role }: PathFacts): boolean =>
  isImageName(path) && (role === undefined || role === "image") && !MASK_FOLDERS.test(path);

/** Images and XML files of one key belong together. */
const keyOf = (path: string): string =>
  stem(path)
    .normalize("NFC")
    .split("/")
    .filter((part, i, parts) => i === parts.length - 1 || !FOLDERS.test(part))
    .join("/");

/** Returns true where an XML file has an image of its name. */
export function hasVocFiles(places: readonly PathFacts[]): boolean {
  const xmls = new Set(places.flatMap(({ path }) => (/\.xml$/i.test(path) ? [keyOf(path)] : [])));
  return xmls.size > 0 && places.some((place) => isImage(place) && xmls.has(keyOf(place.path)));
}

/**
 * Classes are the names of all objects in the order of their bytes, unless a file or the option names them. Objects that are marked difficult
 * are left out, as VOC's evaluation leaves them out, and counted among the problems.
 */
export async function readVocBoxes({ folder, paths, locations, splits, options }: Listing): Promise<Draft<Known<"counting">>> {
  const problems: DataSetIssue[] = [];
  const refuse = (path: string, reason: string) => void problems.push({ path, reason, used: false });
  const files = new Map<string, VocFile>();
  for (const path of paths.filter((each) => /\.xml$/i.test(each))) {
    options.signal?.throwIfAborted();
    try {
      files.set(keyOf(path), await readVocFile(folder, path));
    } catch (error) {
      problems.push(issueOf(error));
      files.set(keyOf(path), { path, size: [0, 0], objects: [] }); // so that its image is no problem of its own
    }
  }
  const bad = new Set(problems.map(({ path }) => path));
  const names = [...new Set([...files.values()].flatMap(({ objects }) => objects.map(({ name }) => name)))].sort();
  const classes = (await readClassNames(folder, paths, options.classes, ["classes.txt"])) ?? names;
  const entries: Draft<Known<"counting">>["entries"][number][] = [];
  const unused = new Set(files.values());
  const seen = new Set<string>();
  for (const place of locations.filter(isImage)) {
    const key = keyOf(place.path);
    const file = files.get(key);
    const split = splits.of(place);
    if (file === undefined) refuse(place.path, "It has no XML file of the same name.");
    else if (seen.has(key))
      refuse(place.path, `Another image has the same name without its extension, and there is one XML file (${file.path}).`);
    else if (split === undefined) refuse(place.path, inNoSplit(splits));
    else if (!bad.has(file.path)) entries.push({ path: place.path, split, read: async (size) => boxesOf(file, classes, size) });
    if (file) unused.delete(file);
    seen.add(key);
  }
  for (const { path } of unused) if (!bad.has(path)) refuse(path, "There is no image for it: none has its name.");
  noteDifficult([...files.values()], problems);
  return { classes, entries, issues: [...problems, ...splits.issues()] };
}

function boxesOf(file: VocFile, classes: readonly string[], size: DataSetImage["size"]): Known<"counting"> {
  const [height, width] = size;
  const [w, h] = file.size;
  if (w > 0 && h > 0 && (w !== width || h !== height)) {
    const turned =
      w === height && h === width ? " The image's EXIF turns it: save it upright, or annotate the upright image." : "";
    throw invalidFile(file.path, `It says ${w}x${h} pixels and its image is ${width}x${height}; they must be alike.${turned}`);
  }
  const boxes: LabeledBox[] = [];
  const bad: string[] = [];
  for (const [i, { name, difficult, sides }] of file.objects.entries()) {
    const label = classes.indexOf(name);
    const [left, top, right, bottom] = sides;
    // Pixels count from 1 and the last one belongs to the box (VOC devkit): 1 to 10 is ten pixels wide.
    const cut = clipBox({ left: left - 1, top: top - 1, right, bottom }, size);
    if (typeof cut === "string") bad.push(`object ${i + 1} ("${name}") ${cut}`);
    else if (label < 0) bad.push(`object ${i + 1} is a "${name}", which is none of the ${classes.length} classes that are named`);
    else if (!difficult) boxes.push({ label, ...cut });
  }
  if (bad.length > 0) throw invalidFile(file.path, `${shortList(bad)}. Correct the file.`);
  return { labelPath: file.path, boxes, classes: [...new Set(boxes.map(({ label }) => label))].sort((a, b) => a - b) };
}

/** Reads a file; entities and document types that XML lets a file declare are not followed (@rgrove/parse-xml). */
async function readVocFile(folder: Folder, path: string): Promise<VocFile> {
  const { parseXml } = await import("@rgrove/parse-xml");
  const bytes = await readBytes(folder, path);
  let root: XmlElement | null;
  try {
    root = parseXml(new TextDecoder("utf-8", { fatal: true }).decode(bytes)).root;
  } catch (error) {
    throw invalidFile(
      path,
      `It is no XML in UTF-8 (${(error as Error).message.split("\n")[0]}). Correct or export it again.`,
      error,
    );
  }
  if (root?.name !== "annotation")
    throw invalidFile(path, `Its first element is <${root?.name}>, expected <annotation> as in Pascal VOC.`);
  const side = (name: string) => Number(text(child(child(root, "size"), name)) || 0);
  const objects = elements(root, "object").map((object, i) => {
    const name = text(child(object, "name"));
    const box = child(object, "bndbox");
    const sides = ["xmin", "ymin", "xmax", "ymax"].map((each) => Number(text(child(box, each)) || Number.NaN));
    if (name === "") throw invalidFile(path, `Its object ${i + 1} has no <name>. Correct the file.`);
    if (!sides.every(Number.isFinite))
      throw invalidFile(
        path,
        `Its object ${i + 1} ("${name}") has no <bndbox> of four numbers: xmin, ymin, xmax, ymax. Correct the file.`,
      );
    return { name, difficult: text(child(object, "difficult")) === "1", sides: sides as [number, number, number, number] };
  });
  return { path, size: [side("width"), side("height")], objects };
}

const elements = (parent: XmlElement | undefined, name: string): XmlElement[] =>
  (parent?.children ?? []).filter((each): each is XmlElement => (each as XmlElement).name === name && "children" in each);

const child = (parent: XmlElement | undefined, name: string): XmlElement | undefined => elements(parent, name)[0];

const text = (element: XmlElement | undefined): string => element?.text.trim() ?? "";

function noteDifficult(files: readonly VocFile[], problems: DataSetIssue[]): void {
  const counts = files.map(({ objects }) => objects.filter(({ difficult }) => difficult).length).filter((count) => count > 0);
  if (counts.length === 0) return;
  const [first] = files.filter(({ objects }) => objects.some(({ difficult }) => difficult));
  const count = counts.reduce((sum, each) => sum + each, 0);
  problems.push({
    path: first.path,
    reason: `It and ${counts.length - 1} more files mark ${count} objects as difficult; these are left out.`,
    used: true,
  });
}
