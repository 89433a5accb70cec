/** Images and boxes from Pascal VOC's XML: one file per image, in Annotations/ beside JPEGImages/ or next to the image. */
import type { XmlElement } from "@rgrove/parse-xml";
import { isImageName } from "../images/index.ts";
import { checkStatedSize, clipBox, readObjects } from "./boxes.ts";
import { readClassNames } from "./class-names.ts";
import type { DataSetImage } from "./data-set.ts";
import { type Folder, type IssueList, invalidFile, issueList, issueOf, readBytes, shortList, stem } from "./files.ts";
import type { Draft, Entry, Known, Listing } from "./listing.ts";
import { inNoSplit } from "./pairs.ts";
import type { PathFacts } from "./path-facts.ts";

/** The content of a file. */
interface VocFile {
  readonly path: string;
  /** Size of the image; 0 if the labeling tool did not know it. */
  readonly width: number;
  readonly height: number;
  /** Objects with their sides in pixels, which count from 1: xmin, ymin, xmax, ymax. */
  readonly objects: readonly { readonly name: string; readonly difficult: boolean; readonly sides: readonly number[] }[];
}

/** Folders that do not count in an image's name. */
const FOLDERS = /^(annotations?|xmls?|jpegimages|images|photos|rgb)$/i;
const MASK_FOLDERS = /(^|\/)(SegmentationClass|SegmentationObject|trimaps)\//i;

const isImage = ({ path, role }: PathFacts): boolean =>
  isImageName(path) && (role === undefined || role === "image") && !MASK_FOLDERS.test(path);

/** Returns the name that an image and its XML file share. */
const keyOf = (path: string): string =>
  stem(path)
    .normalize("NFC")
    .split("/")
    .filter((segment, i, { length }) => i === length - 1 || !FOLDERS.test(segment))
    .join("/");

/** Returns true if an XML file has an image of its name. */
export function hasVocFiles(locations: readonly PathFacts[]): boolean {
  const xmls = new Set(locations.flatMap(({ path }) => (/\.xml$/i.test(path) ? [keyOf(path)] : [])));
  return xmls.size > 0 && locations.some((file) => isImage(file) && xmls.has(keyOf(file.path)));
}

/**
 * Reads boxes of objects. Classes are the names of all objects in the order of their bytes, unless a file or the option names them. Objects
 * that are marked difficult are left out, as in VOC's evaluation, and a note counts them.
 */
export async function readVocBoxes({ folder, paths, locations, splits, options }: Listing): Promise<Draft<"counting">> {
  const issues = issueList();
  const files = new Map<string, VocFile>();
  for (const path of paths.filter((each) => /\.xml$/i.test(each))) {
    options.signal?.throwIfAborted();
    try {
      files.set(keyOf(path), await readVocFile(folder, path));
    } catch (error) {
      issues.all.push(issueOf(error));
      files.set(keyOf(path), { path, width: 0, height: 0, objects: [] }); // so that its image is no issue of its own
    }
  }
  const invalid = new Set(issues.all.map(({ path }) => path));
  const names = [...new Set([...files.values()].flatMap(({ objects }) => objects.map(({ name }) => name)))].sort();
  const classes = (await readClassNames(folder, paths, options.classes, ["classes.txt"])) ?? names;
  const entries: Entry<"counting">[] = [];
  const unused = new Set(files.values());
  const seen = new Set<string>();
  for (const image of locations.filter(isImage)) {
    const { path } = image;
    const key = keyOf(path);
    const file = files.get(key);
    const split = splits.of(image);
    if (file === undefined) issues.refuse(path, "It has no XML file of the same name.");
    else if (seen.has(key))
      issues.refuse(path, `Another image has the same name without its extension, and there is one XML file (${file.path}).`);
    else if (split === undefined) issues.refuse(path, inNoSplit(splits));
    else if (!invalid.has(file.path)) entries.push({ path, split, read: async (size) => boxesOf(file, classes, size) });
    if (file) unused.delete(file);
    seen.add(key);
  }
  for (const { path } of unused) if (!invalid.has(path)) issues.refuse(path, "There is no image for it: none has its name.");
  noteDifficult([...files.values()], issues);
  return { classes, entries, issues: [...issues.all, ...splits.issues()] };
}

function boxesOf(file: VocFile, classes: readonly string[], size: DataSetImage["size"]): Known<"counting"> {
  checkStatedSize(file.path, ["It says", "its image"], file, size);
  return readObjects(
    file.path,
    file.objects,
    ({ name, difficult, sides }, i) => {
      const label = classes.indexOf(name);
      const [left, top, right, bottom] = sides;
      // Pixels count from 1 and the last one belongs to the box (VOC devkit): 1 to 10 is ten pixels wide.
      const cut = clipBox({ left: left - 1, top: top - 1, right, bottom }, size);
      if (typeof cut === "string") return `object ${i + 1} ("${name}") ${cut}`;
      if (label < 0) return `object ${i + 1} is a "${name}", which is none of the ${classes.length} classes that are named`;
      return difficult ? undefined : { label, ...cut };
    },
    (invalid) => {
      throw invalidFile(file.path, `${shortList(invalid)}. Correct the file.`);
    },
  );
}

/** Reads a file; @rgrove/parse-xml does not expand entities or document types that the file declares. */
async function readVocFile(folder: Folder, path: string): Promise<VocFile> {
  const { parseXml } = await import("@rgrove/parse-xml");
  const bytes = await readBytes(folder, path);
  let root: XmlElement | null;
  try {
    root = parseXml(new TextDecoder("utf-8", { fatal: true }).decode(bytes)).root;
  } catch (error) {
    throw invalidFile(
      path,
      `It is not valid XML in UTF-8 (${(error as Error).message.split("\n")[0]}). Correct or export it again.`,
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
    return { name, difficult: text(child(object, "difficult")) === "1", sides };
  });
  return { path, width: side("width"), height: side("height"), objects };
}

const elements = (parent: XmlElement | undefined, name: string): XmlElement[] =>
  (parent?.children ?? []).filter((each): each is XmlElement => (each as XmlElement).name === name && "children" in each);

const child = (parent: XmlElement | undefined, name: string): XmlElement | undefined => elements(parent, name)[0];

const text = (element: XmlElement | undefined): string => element?.text.trim() ?? "";

function noteDifficult(files: readonly VocFile[], issues: IssueList): void {
  const counts = files.map(({ path, objects }) => ({ path, count: objects.filter(({ difficult }) => difficult).length }));
  const [first, ...others] = counts.filter(({ count }) => count > 0);
  if (first === undefined) return;
  const count = others.reduce((sum, each) => sum + each.count, first.count);
  issues.note(first.path, `It and ${others.length} more files mark ${count} objects as difficult; these are left out.`);
}
