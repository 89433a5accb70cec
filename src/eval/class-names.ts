/** Names of classes by id, from a text or YAML file of the data set. */
import { nearest, S2Error } from "../core/index.ts";
import { readBytes } from "./flaw.ts";
import type { Folder } from "./folder.ts";

/** Names by id, "" where an id has none: `given`, or the file called so, or the first of `usual` that is there. */
export async function readClassNames(
  folder: Folder,
  paths: readonly string[],
  given: string | readonly string[] | undefined,
  usual: readonly string[],
): Promise<string[] | undefined> {
  if (Array.isArray(given)) return [...given];
  const path = (given as string | undefined) ?? usual.find((name) => paths.includes(name));
  if (path === undefined) return undefined;
  if (!paths.includes(path)) {
    const near = nearest(path, paths);
    throw new S2Error(
      "data-set",
      `"${folder.name}" has no file "${path}" with names of classes. ${near ? `Did you mean "${near}"?` : "Give its path in the folder."}`,
    );
  }
  const text = new TextDecoder().decode(await readBytes(folder, path));
  const names = /\.ya?ml$/i.test(path) ? await fromYaml(text, path) : fromLines(text, path);
  if (names.every((name) => name === "")) throw noNames(path, "it names none");
  return Array.from(names, (name) => name ?? ""); // a sparse list has holes
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

/** A name a line, the first being class 0; or "3 road", where every line starts with its id. */
function fromLines(text: string, path: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  while (lines.at(-1) === "") lines.pop();
  const numbered = lines.map((line) => /^(\d+)\s+(\S.*)$/.exec(line));
  if (!numbered.every((match) => match !== null)) return lines;
  return byId(
    numbered.map((match) => [Number(match![1]), match![2]]),
    path,
  );
}

/** `names` as Ultralytics writes it, or `classes`; a list, or a map from ids. */
async function fromYaml(text: string, path: string): Promise<string[]> {
  const { parse } = await import("yaml");
  let content: { names?: unknown; classes?: unknown } | null;
  try {
    content = parse(text);
  } catch (error) {
    throw noNames(path, `it is no YAML (${(error as Error).message.split("\n")[0]})`, error);
  }
  const names = content?.names ?? content?.classes;
  if (typeof names !== "object" || names === null) throw noNames(path, "it has neither names: nor classes:");
  return byId(
    Object.entries(names).map(([id, name]) => [Number(id), String(name)]),
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
