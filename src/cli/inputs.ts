/** Inputs of the commands on heads: data sets with their issues, and heads with the models that they were fitted with. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { S2Error } from "../core/index.ts";
import { type DataSet, type DataSetIssue, openDataSet, type Task } from "../datasets/index.ts";
import { type Model, openFolder, openStore } from "../node.ts";
import { type Folders, refuseForeign } from "../runtimes/node/index.ts";
import type { ExtractImagesOptions } from "../store/index.ts";
import {
  checkHeadModel,
  type ExtractDataSetOptions,
  headFor,
  loadHead,
  type SavedHead,
  type TaskSplits,
  taskSplits,
} from "../tasks/index.ts";
import { failingWith, status } from "./errors.ts";
import type { ModelFlags } from "./flags.ts";
import { writeMessage } from "./output.ts";
import { openModel, pick, sourceOf } from "./plan-flags.ts";
import { damagedNote, openProgress, type PrintFlags, type Progress } from "./progress.ts";
import type { HeadFlags, SetFlags } from "./set-flags.ts";

/** `classes` may be the names themselves. */
type OpenFlags = Omit<SetFlags, "classes"> &
  PrintFlags & { readonly classes?: string | readonly string[]; readonly store: string };

/** Reads a data set and reports its issues. */
export async function openSet(path: string, flags: OpenFlags): Promise<{ set: DataSet; folders: Folders }> {
  const { task, list, classes, ignore, metersPerUnit, store } = flags;
  const set = await openDataSet(openFolder(path), { task, list, classes, ignore, metersPerUnit });
  reportIssues(set.issues, flags);
  return { set, folders: featureFolders(path, store) };
}

/** Returns where features of a folder's images are kept; its name alone would mix folders of one name. */
export function featureFolders(path: string, store: string): Folders {
  const hash = createHash("sha256").update(resolve(path)).digest("hex").slice(0, 8);
  return { base: resolve(path), home: join(store, `${basename(resolve(path))}-${hash}`) };
}

/** Reads a data set to fit heads to, with its splits; a head of another task is refused here, before a model runs. */
export async function openSplits(
  path: string,
  flags: SetFlags & HeadFlags & PrintFlags & { readonly store: string },
): Promise<{ set: DataSet; folders: Folders; splits: TaskSplits<Task> }> {
  const opened = await openSet(path, flags);
  const splits = taskSplits<Task>(opened.set, flags);
  headFor(opened.set, splits.train, flags.head);
  if (!flags.quiet) for (const note of splits.notes) writeMessage(`note: ${note}\n`);
  return { ...opened, splits };
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

/** Reads a head. `other` is the argument after it, which may be the head where two were swapped. @throws S2Error "head". */
export async function openHead(folder: string, other?: string): Promise<SavedHead> {
  if (existsSync(join(folder, "head.json"))) return loadHead(openStore(folder), folder);
  const hint =
    other !== undefined && existsSync(join(other, "head.json"))
      ? `; ${other} has one: give the head first`
      : existsSync(folder)
        ? "; expected a folder that `s2 fit ... -o FOLDER` wrote"
        : "; that folder does not exist";
  throw new S2Error("head", `${folder} has no head (head.json)${hint}.`);
}

/** Checks before a fit that nothing but a head would be overwritten, and that only with --replace. @throws S2Error "write". */
export async function refuseHeadFolder(folder: string, replace = false): Promise<void> {
  const json = join(folder, "head.json");
  refuseForeign([{ path: json }, { path: join(folder, "head.safetensors"), beside: json }]);
  if (replace || !existsSync(json)) return;
  const { task, data } = await openHead(folder).catch(() => ({ task: undefined, data: undefined }));
  if (task)
    // a damaged one, as an interrupted write leaves it, is replaced
    throw new S2Error(
      "write",
      `${folder} has a head for ${task} already, fitted on ${data.name}; give another --out, or --replace.`,
    );
}

/**
 * Opens the model that the head was fitted with. Flags win over those of the fit: another path to the same files, threads.
 * @throws S2Error "head" for another model.
 */
export async function openModelOf(
  head: SavedHead,
  given: ModelFlags,
  folders: Folders,
): Promise<{ model: Model; source: Omit<ExtractImagesOptions, "extraction">; flags: ModelFlags }> {
  const flags: ModelFlags = { ...head.features.model, ...pick(given, "model", "threads", "device", "offline") };
  const model = await openModel(flags);
  try {
    const source = await sourceOf(model, flags, folders);
    await failingWith(status.model, () => checkHeadModel(head, { ...source, modelName: flags.model ?? "s2-tiny" }));
    return { model, source, flags };
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

/** The flags that decide the features, for the head's record; threads and the like belong to the machine. */
export const modelRecord = (flags: ModelFlags): ModelFlags =>
  pick(flags, "model", "output", "prefixTokens", "patchSize", "imageSize");
