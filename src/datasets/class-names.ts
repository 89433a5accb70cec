/** Names of classes by id, from a text or YAML file of the data set. */
import { nearest, S2Error } from "../core/index.ts";
import type { Folder } from "./folder.ts";
import { linesOf, readText } from "./text.ts";

/** Usual names of such files. LabelImg and Label Studio write classes.txt, darknet and CVAT obj.names, ADE20K objectInfo150.txt. */
const TEXTS = ["classes.txt", "classes.names", "obj.names", "class_names.txt", "labelmap.txt", "predefined_classes.txt"];
const YAMLS = ["data.yaml", "data.yml", "dataset.yaml", "dataset.yml"];
export const USUAL_NAMES = {
  classes: ["classes.txt"],
  masks: [...TEXTS, "labels.txt", "semantic_classes.yaml", "objectInfo150.txt", ...YAMLS],
  boxes: ["classes.txt", ...YAMLS, "detection_classes.yaml", ...TEXTS.slice(1)],
} as const;

const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);
const ALL_NAMES = new Set<string>(Object.values(USUAL_NAMES).flat());

/** Returns true for a file that names classes, wherever it lies: LabelImg writes classes.txt among the labels. */
export const isNamesFile = (path: string): boolean => ALL_NAMES.has(nameOf(path));

/** Names by id, "" where an id has none: `given`, or the file called so, or the first of `usual` that is there, nearest to the top. */
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
  const below = paths.filter((path) => usual.includes(nameOf(path)));
  if (below.length > 0) return await longestOf(folder, below);
  const others = paths.filter((path) => usual.includes("data.yaml") && /^[^/]+\.(ya?ml|names)$/i.test(path)); // coco128.yaml
  return others.length === 1 ? await readNames(folder, others[0]) : undefined;
}

/** Each folder of labels has its own file: one that goes on where another ends is the later one, and any other difference changes ids. */
async function longestOf(folder: Folder, files: readonly string[]): Promise<string[]> {
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

/** The names, which this kind of data set cannot do without. */
export async function needClassNames(...[folder, paths, given, usual]: Parameters<typeof readClassNames>): Promise<string[]> {
  const names = await readClassNames(folder, paths, given, usual);
  if (names) return names;
  throw new S2Error(
    "data-set",
    `"${folder.name}" says no names of classes: none of ${usual.join(", ")} is there. ` +
      "Write classes.txt with a name a line, or give the option classes: the path of such a file, or the names.",
  );
}

/** A name a line, the first being class 0; or "3 road", where every line starts with its id; or a table with columns for id and name. */
function fromLines(text: string, path: string): string[] {
  const lines = linesOf(text).map((line) => line.trim());
  while (lines.at(-1) === "") lines.pop();
  const table = fromTable(lines, path);
  if (table) return table;
  const labelmap = lines.filter((line) => !line.startsWith("#")).map((line) => /^([^:]+):(\d+,\d+,\d+)?:[^:]*:[^:]*$/.exec(line));
  if (labelmap.length > 0 && labelmap.every((match) => match !== null)) return labelmap.map((match) => match![1]); // CVAT
  const numbered = lines.filter((line) => line !== "").map((line) => /^(\d+)(?:\s*[:,;=]\s*|\s+)(\S.*)$/.exec(line));
  if (numbered.length === 0 || !numbered.every((match) => match !== null)) return lines;
  return byId(
    numbered.map((match) => [Number(match![1]), match![2]]),
    path,
  );
}

/** "Idx	Ratio	Train	Val	Stuff	Name": ADE20K's objectInfo150.txt. */
function fromTable([first = "", ...lines]: readonly string[], path: string): string[] | undefined {
  const separator = first.includes("\t") ? "\t" : ",";
  const header = first
    .toLowerCase()
    .split(separator)
    .map((cell) => cell.trim());
  const id = header.findIndex((cell) => ["id", "idx", "index"].includes(cell));
  const name = header.findIndex((cell) => ["name", "label", "class"].includes(cell));
  if (id < 0 || name < 0) return undefined;
  const cells = lines.filter((line) => line !== "").map((line) => line.split(separator).map((cell) => cell.trim()));
  return byId(
    cells.map((each) => [each[id] === "" ? Number.NaN : Number(each[id]), each[name] ?? ""]),
    path,
  );
}

/** `names` as Ultralytics writes it, or `classes`; a list, or a map from ids. */
async function fromYaml(text: string, path: string): Promise<string[]> {
  const { parse } = await import("yaml");
  let content: { names?: unknown; classes?: unknown } | null;
  try {
    content = parse(text, { logLevel: "error" });
  } catch (error) {
    throw noNames(path, `it is no YAML (${(error as Error).message.split("\n")[0]})`, error);
  }
  const names = content?.names ?? content?.classes;
  if (typeof names !== "object" || names === null) throw noNames(path, "it has neither names: nor classes:");
  return byId(
    Object.entries(names).map(([id, name]) => {
      if (name !== null && typeof name === "object") throw noNames(path, `the name of ${id} is no text`);
      return [Number(id), String(name ?? "")];
    }),
    path,
  );
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

function noNames(path: string, why: string, cause?: unknown): S2Error {
  return new S2Error(
    "data-set",
    `No names of classes can be read from "${path}": ${why}. Expected a name a line, "ID NAME" lines, or YAML with names:.`,
    { cause },
  );
}
