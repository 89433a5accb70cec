/** Data sets for commands: reading one, reporting what cannot be used, and showing how far the extraction of its features is. */
import { createHash } from "node:crypto";
import { basename, join, resolve } from "node:path";
import { type DataSet, type DataSetIssue, openDataSet } from "../datasets/index.ts";
import { openFolder } from "../node.ts";
import type { Folders } from "../runtimes/node/index.ts";
import type { ExtractDataSetOptions } from "../tasks/index.ts";
import { writeMessage } from "./output.ts";
import { damagedNote, openProgress, type PrintFlags, type Progress } from "./progress.ts";
import type { SetFlags } from "./set-flags.ts";

/** `classes` may be the names themselves. */
type OpenFlags = Omit<SetFlags, "classes"> &
  PrintFlags & { readonly classes?: string | readonly string[]; readonly store: string };

/** Reads a data set and reports its issues. */
export async function openSet(path: string, flags: OpenFlags): Promise<{ set: DataSet; folders: Folders }> {
  const { task, list, classes, ignore, metersPerUnit, store } = flags;
  const set = await openDataSet(openFolder(path), { task, list, classes, ignore, metersPerUnit });
  reportIssues(set.issues, flags);
  const hash = createHash("sha256").update(resolve(path)).digest("hex").slice(0, 8);
  return { set, folders: { base: resolve(path), home: join(store, `${basename(resolve(path))}-${hash}`) } };
}

/** Issues that are named; `--json` has all. */
const NAMED = 10;

function reportIssues(issues: readonly DataSetIssue[], { json, quiet }: PrintFlags): void {
  if (json) return;
  for (const used of quiet ? [false] : [false, true]) {
    const word = used ? "note" : "failed";
    const list = issues.filter((issue) => issue.used === used);
    for (const { path, reason } of list.slice(0, NAMED)) writeMessage(`${word}: ${path}: ${reason}\n`);
    if (list.length > NAMED) writeMessage(`${word}: ${list.length - NAMED} more; --json names all\n`);
  }
}

/** The `onImage` of `extractDataSet`: a bar on a terminal, a line for each image that fails, a note on damaged features. */
export function extractionReport(flags: PrintFlags): NonNullable<ExtractDataSetOptions["onImage"]> {
  let bar: Progress | undefined;
  let damaged = 0;
  return async (image) => {
    bar ??= await openProgress(image.of, flags);
    if (image.damaged) damaged++;
    if (image.reason !== undefined && !flags.json) bar.log(`failed: ${image.path}: ${image.reason}`);
    bar.update(image.done);
    if (image.done < image.of) return;
    bar.stop();
    if (damaged > 0 && !flags.json && !flags.quiet) writeMessage(damagedNote(damaged));
    [bar, damaged] = [undefined, 0];
  };
}
