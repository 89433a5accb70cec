/** Reading a data set for a command: what cannot be used is said and counted. */
import { createHash } from "node:crypto";
import { basename, join, resolve } from "node:path";
import { type DataSet, type DataSetIssue, openDataSet } from "../datasets/index.ts";
import { openFolder } from "../node.ts";
import { writeMessage } from "./output.ts";
import type { PrintFlags, SetFlags } from "./set-flags.ts";

/** A data set, where it lies, and where features of its images are kept. */
export interface OpenedSet {
  readonly set: DataSet;
  readonly place: { readonly base: string; readonly home: string };
}

/** `classes` may be the names themselves. */
type OpenFlags = Omit<SetFlags, "classes"> & PrintFlags & { readonly classes?: string | readonly string[] };

export async function openSet(path: string, flags: OpenFlags, store: string): Promise<OpenedSet> {
  const { task, list, classes, ignore, metersPerUnit } = flags;
  const set = await openDataSet(openFolder(path), { task: task, list, classes, ignore, metersPerUnit: metersPerUnit });
  sayProblems(set.issues, flags);
  const mark = createHash("sha256").update(resolve(path)).digest("hex").slice(0, 8);
  return { set, place: { base: resolve(path), home: join(store, `${basename(resolve(path))}-${mark}`) } };
}

/** Most that are named; `--json` has all. */
const NAMED = 10;

function sayProblems(problems: readonly DataSetIssue[], { json, quiet }: PrintFlags): void {
  const bad = problems.filter(({ used }) => !used);
  const notes = quiet || json ? [] : problems.filter(({ used }) => used);
  const say = (word: string, list: readonly DataSetIssue[]) => {
    const named = json ? [] : list.slice(0, NAMED);
    for (const { path, reason } of named) writeMessage(`${word}: ${path}: ${reason}\n`);
    if (list.length > named.length && !json) writeMessage(`${word}: ${list.length - named.length} more; --json names all\n`);
  };
  say("failed", bad);
  say("note", notes);
}
