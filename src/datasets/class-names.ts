/** Names of classes by id, from a text or YAML file of the data set, and the id that is no class. */
import { nearest, S2Error } from "../core/index.ts";
import { type Folder, fileName, linesOf, parseYaml, readText } from "./files.ts";

/** Usual names of such files. LabelImg and Label Studio write classes.txt, darknet and CVAT obj.names, ADE20K objectInfo150.txt. */
const TEXTS = ["classes.txt", "classes.names", "obj.names", "class_names.txt", "labelmap.txt", "predefined_classes.txt"];
export const YAMLS = ["data.yaml", "data.yml", "dataset.yaml", "dataset.yml"];
export const USUAL_NAMES = {
  classification: ["classes.txt"],
  segmentation: [...TEXTS, "labels.txt", "semantic_classes.yaml", "objectInfo150.txt", ...YAMLS],
  counting: ["classes.txt", ...YAMLS, "detection_classes.yaml", ...TEXTS.slice(1)],
} as const;

const ALL_NAMES = new Set<string>(Object.values(USUAL_NAMES).flat());

/** Returns true for a file that names classes, in any folder: LabelImg writes classes.txt among the labels. */
export const isNamesFile = (path: string): boolean => ALL_NAMES.has(fileName(path));

/**
 * Reads names by id, "" where an id has none: those `given`, those in the file `given`, or those of the first of the `usual` files that is
 * there, at the top or below.
 */
export async function readClassNames(
  folder: Folder,
  paths: readonly string[],
  given: string | readonly string[] | undefined,
  usual: readonly string[],
): Promise<string[] | undefined> {
  if (Array.isArray(given)) return given.map((name: string) => name.normalize("NFC"));
  if (typeof given === "string") return await readNames(folder, findGiven(folder, paths, given));
  const found = usual.find((name) => paths.includes(name));
  if (found !== undefined) return await readNames(folder, found);
  const below = paths.filter((path) => usual.includes(fileName(path)));
  if (below.length > 0) return await readLongest(folder, below);
  const others = paths.filter((path) => usual.includes("data.yaml") && /^[^/]+\.(ya?ml|names)$/i.test(path)); // coco128.yaml
  return others.length === 1 ? await readNames(folder, others[0]) : undefined;
}

/** Reads the longest list, of which all others must be the start: LabelImg appends to the list of each folder of labels. */
async function readLongest(folder: Folder, files: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(files.map((file) => readNames(folder, file)));
  const longest = lists.reduce((a, b) => (b.length > a.length ? b : a));
  const other = lists.findIndex((names) => names.some((name, id) => name !== longest[id]));
  if (other < 0) return longest;
  throw new S2Error(
    "data-set",
    `"${folder.name}" has several names for one class: "${files[lists.indexOf(longest)]}" and "${files[other]}" differ. ` +
      "Write one classes.txt in the folder itself, or give the right file as classes.",
  );
}

function findGiven(folder: Folder, paths: readonly string[], given: string): string {
  if (paths.includes(given)) return given;
  const near = nearest(given, paths);
  throw new S2Error(
    "data-set",
    `"${folder.name}" has no file "${given}" with names of classes. ${near ? `Did you mean "${near}"?` : "Give its path in the folder."}`,
  );
}

async function readNames(folder: Folder, path: string): Promise<string[]> {
  const text = await readText(folder, path);
  const names = /\.ya?ml$/i.test(path) ? await fromYaml(text, path) : fromLines(text, path);
  if (names.every((name) => name === "")) throw noNames(path, "it names none");
  return Array.from(names, (name) => (name ?? "").normalize("NFC")); // a sparse list has holes
}

/** Reads names of classes. @throws S2Error "data-set" if there are none. */
export async function needClassNames(...[folder, paths, given, usual]: Parameters<typeof readClassNames>): Promise<string[]> {
  const names = await readClassNames(folder, paths, given, usual);
  if (names) return names;
  throw new S2Error(
    "data-set",
    `"${folder.name}" has no names of classes: none of ${usual.join(", ")} is there. ` +
      "Write classes.txt with one name per line, or give the option classes: the path of such a file, or the names.",
  );
}

/** Reads one name per line, the first being class 0, or lines that all start with their id ("3 road"), or a table with id and name. */
function fromLines(text: string, path: string): string[] {
  const lines = linesOf(text).map((line) => line.trim());
  while (lines.at(-1) === "") lines.pop();
  const table = fromTable(lines, path);
  if (table) return table;
  const labelmap = lines.filter((line) => !line.startsWith("#")).map((line) => /^([^:]+):(\d+,\d+,\d+)?:[^:]*:[^:]*$/.exec(line));
  if (labelmap.length > 0 && labelmap.every((match) => match !== null)) return labelmap.map((match) => match![1]); // CVAT
  const numbered = lines.filter((line) => line !== "").map((line) => /^(\d+)(?:\s*[:,;=]\s*|\s+)(\S.*)$/.exec(line));
  if (numbered.length === 0 || !numbered.every((match) => match !== null)) return lines;
  const pairs = numbered.map((match) => [Number(match![1]), match![2]] as const);
  return byId(pairs, path);
}

/** Reads a table such as ADE20K's objectInfo150.txt: "Idx	Ratio	Train	Val	Stuff	Name". */
function fromTable([first = "", ...lines]: readonly string[], path: string): string[] | undefined {
  const separator = first.includes("\t") ? "\t" : ",";
  const cellsOf = (line: string) => line.split(separator).map((cell) => cell.trim());
  const header = cellsOf(first.toLowerCase());
  const id = header.findIndex((cell) => ["id", "idx", "index"].includes(cell));
  const name = header.findIndex((cell) => ["name", "label", "class"].includes(cell));
  if (id < 0 || name < 0) return undefined;
  const rows = lines.filter((line) => line !== "").map(cellsOf);
  const pairs = rows.map((cells) => [Number(cells[id] || Number.NaN), cells[name] ?? ""] as const);
  return byId(pairs, path);
}

/** Reads `names`, as Ultralytics writes it, or `classes`: a list, or a map from ids. */
async function fromYaml(text: string, path: string): Promise<string[]> {
  const content = (await parseYaml(text, path)) as { names?: unknown; classes?: unknown } | null;
  const names = content?.names ?? content?.classes;
  if (typeof names !== "object" || names === null) throw noNames(path, "it has neither names: nor classes:");
  const pairs = Object.entries(names).map(([id, name]) => {
    if (name !== null && typeof name === "object") throw noNames(path, `the name of ${id} is no text`);
    return [Number(id), String(name ?? "")] as const;
  });
  return byId(pairs, path);
}

function byId(pairs: readonly (readonly [number, string])[], path: string): string[] {
  const names: string[] = [];
  for (const [id, name] of pairs) {
    if (!(Number.isInteger(id) && id >= 0 && id <= 65535)) throw noNames(path, `${id} is no id from 0 to 65535`);
    if (names[id] !== undefined) throw noNames(path, `${id} is both "${names[id]}" and "${name}"`);
    names[id] = name;
  }
  return names;
}

const noNames = (path: string, reason: string): S2Error =>
  new S2Error(
    "data-set",
    `No names of classes can be read from "${path}": ${reason}. Expected one name per line, "ID NAME" lines, or YAML with names:.`,
  );

/** Names of classes that are ignored unless the option `ignore` is given. */
const IGNORED_NAME = /^(void|unlabell?ed|ignored?)$/i;
/** MMSegmentation's ignored id, unless a class is named there. */
const MMSEG_IGNORE = 255;
/** Value of `ignore` if every id is a class; no pixel has it. */
const NONE = -1;

/**
 * Returns the id of masks that is no class: the option's, else that of a class called void, else 0 if the names start at 1 (ADE20K: other
 * objects), else 255, or -1 for none.
 */
export function ignoredId(classes: readonly string[], given?: number | "none"): number {
  if (given !== undefined) return given === "none" ? NONE : given;
  const named = classes.findIndex((name) => IGNORED_NAME.test(name));
  if (named >= 0) return named;
  if (classes[0] === "" && classes.length > 1 && classes.slice(1).every((name) => name !== "")) return 0;
  return classes[MMSEG_IGNORE] ? NONE : MMSEG_IGNORE;
}

/** Returns the ignored id for painted masks, which need one: the last of 16 bits if `ignoredId` has none. */
export function paintedIgnore(classes: readonly string[], given?: number | "none"): number {
  const id = ignoredId(classes, given);
  return id === NONE ? 65535 : id;
}
