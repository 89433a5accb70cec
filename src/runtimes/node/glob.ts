/** Splits a glob into its fixed folder and the pattern below it; a folder whose name has brackets or parentheses is taken by its name first. */
import { realpathSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { isFolder } from "./write-whole.ts";

const MAGIC = /[*?[\]{}]/;

/** Returns true for a text with characters of a pattern that no backslash escapes. */
export const isGlob = (text: string): boolean => MAGIC.test(text.replace(/\\./g, ""));

export interface Glob {
  /** The part before the first segment with a pattern. */
  readonly base: string;
  /** The pattern below it; "" where the argument has none after all. */
  readonly pattern: string;
}

/** Splits a glob; a segment that is the name of a folder is that folder, whatever its characters. */
export function splitGlob(glob: string): Glob {
  const windows = process.platform === "win32";
  const segments = (windows ? glob.replaceAll("\\", "/") : glob).split("/");
  let base = segments[0] === "" ? "/" : "";
  let at = segments[0] === "" ? 1 : 0;
  for (; at < segments.length; at++) {
    const segment = segments[at];
    const last = at === segments.length - 1;
    if (!last && isFolder(join(base, segment))) base = join(base, segment);
    else if (last || isGlob(segment)) break;
    else base = join(base, unescaped(segment));
  }
  return { base: base || ".", pattern: segments.slice(at).map(withPlainParentheses).join("/") };
}

/** Lists the files below the glob's base, as paths from there; links that lead back to a folder above them are not followed twice. */
export async function findByGlob({ base, pattern }: Glob): Promise<string[]> {
  const { glob: find } = await import("tinyglobby");
  const found = await find(pattern, { cwd: base, expandDirectories: false });
  const looping = new Map<string, boolean>();
  return found.filter((path) => path.startsWith("..") || !isLoop(base, path.split("/").slice(0, -1), looping));
}

function isLoop(base: string, folders: readonly string[], known: Map<string, boolean>): boolean {
  const key = folders.join("/");
  const before = known.get(key);
  if (before !== undefined) return before;
  const all = folders.map((_, i) => realpathSync(join(base, ...folders.slice(0, i + 1))));
  const loop = new Set([realpathSync(base), ...all]).size <= all.length;
  known.set(key, loop);
  return loop;
}

/** Path of a file below the base, for the name of its output; it never leads out of a folder. */
export function nameBelow(base: string, path: string): string {
  const name = relative(base, path);
  return name.split(sep).includes("..") ? name.split(sep).at(-1)! : name;
}

export const unescaped = (text: string): string => (process.platform === "win32" ? text : text.replace(/\\(.)/g, "$1"));

/** Escapes parentheses and a first "!", which tinyglobby would take for groups and exclusions. */
const withPlainParentheses = (segment: string): string =>
  segment.replace(/\\.|[()]|^!/g, (found) => (found.length > 1 ? found : `\\${found}`));
