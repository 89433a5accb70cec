/** Reading a data set for a command: what cannot be used is said and counted. */
import { createHash } from "node:crypto";
import { basename, join, resolve } from "node:path";
import { type DataSet, openDataSet, type Problem } from "../datasets/index.ts";
import { openFolder } from "../node.ts";
import { writeMessage } from "./output.ts";
import type { SayFlags, SetFlags } from "./set-flags.ts";

/** A data set, where it lies, and where features of its photos are kept. */
export interface OpenedSet {
  readonly set: DataSet;
  readonly place: { readonly base: string; readonly home: string };
}

/** `classes` may be the names themselves. */
type OpenFlags = Omit<SetFlags, "classes"> & SayFlags & { readonly classes?: string | readonly string[] };

export async function openSet(path: string, flags: OpenFlags, store: string): Promise<OpenedSet> {
  const { kind, list, classes, ignore, metresPerUnit } = flags;
  const set = await openDataSet(openFolder(path), { kind, list, classes, ignore, metresPerUnit });
  sayProblems(set.problems, flags);
  const mark = createHash("sha256").update(resolve(path)).digest("hex").slice(0, 8);
  return { set, place: { base: resolve(path), home: join(store, `${basename(resolve(path))}-${mark}`) } };
}

/** Most that are named; `--json` has all. */
const NAMED = 10;

function sayProblems(problems: readonly Problem[], { json, quiet }: SayFlags): void {
  const bad = problems.filter(({ used }) => !used);
  const notes = quiet || json ? [] : problems.filter(({ used }) => used);
  const say = (word: string, list: readonly Problem[]) => {
    const named = json ? [] : list.slice(0, NAMED);
    for (const { path, reason } of named) writeMessage(`${word}: ${path}: ${reason}\n`);
    if (list.length > named.length && !json) writeMessage(`${word}: ${list.length - named.length} more; --json names all\n`);
  };
  say("failed", bad);
  say("note", notes);
}
