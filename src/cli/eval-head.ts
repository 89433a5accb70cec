/** The work of `s2 eval`: the images of a split, what one or two heads say of them, figures and differences. */
import { S2Error } from "../core/index.ts";
import type { ItemOf, Task } from "../datasets/index.ts";
import { compare, sumImages } from "../metrics/index.ts";
import { evaluateTask, type TaskSums, taskFigures, taskSplits } from "../tasks/index.ts";
import { collectionFor } from "./collection.ts";
import type { EvalFlags } from "./command-flags.ts";
import { failingWith } from "./errors.ts";
import { differenceLines, measureLines } from "./eval-text.ts";
import { type ExtractedDataSet, extractDataSet, keptOf } from "./gather.ts";
import { loadHead, openModelOf, type SavedHead } from "./head-folder.ts";
import { listenForInterrupt, stopSignal, untilStopped } from "./interrupt.ts";
import { classMeasures, type Measure, measuresOf } from "./measures.ts";
import { type OpenedSet, openSet } from "./open-set.ts";
import { writeResult } from "./output.ts";
import { graphsOf } from "./plan-flags.ts";
import { status } from "./status.ts";

/** Returns the exit status. */
export async function evalHead(folder: string, path: string, flags: EvalFlags): Promise<number> {
  const head = await loadHead(folder);
  const other = flags.compare ? await loadHead(flags.compare) : undefined;
  if (other) refuseOther(head, other, flags.compare!);
  listenForInterrupt();
  const opened = await openSet(path, { ...optionsOf(head), ...flags }, flags.store);
  const { set } = opened;
  refuseClasses(head, set.classes, set.name);
  const split = flags.split ?? "test";
  const items = itemsOf(head, opened, flags, split);
  const one = await featuresFor(head, opened, items, flags);
  const two = other && (await featuresFor(other, opened, items, { ...flags, model: undefined }));
  // Compared are images that both have features of.
  const used = items.filter((item) => one.features.has(item.path) && (two?.features.has(item.path) ?? true));
  if (used.length === 0)
    return failingWith(status.allFailed, () => {
      throw new S2Error(
        "image-broken",
        `None of the ${items.length} images of "${split}" could be used; see what is said of each.`,
      );
    });
  const failed = items.length - used.length + set.issues.filter((problem) => !problem.used).length;
  const tallied = (each: SavedHead, { features }: ExtractedDataSet) =>
    untilStopped(() =>
      evaluateTask(each, set, used, (image) => features.get(image), {
        ...optionsOf(head),
        ...flags,
        openGraph: graphsOf(flags),
        signal: stopSignal,
      }),
    );
  const tallies = await tallied(head, one);
  const figures = measuresOf(head.task, tallies);
  const classes = classMeasures(head, tallies);
  const confusion = tallies.confusion && rowsOf(sumImages(tallies.confusion), set.classes.length);
  const differences = other && differencesOf(head.task, tallies, await tallied(other, two!));
  const said = { head: folder, set: set.name, split, images: used.length, failed };
  if (flags.json) {
    const lists = { problems: [...set.issues, ...one.failed.map((each) => ({ ...each, used: false }))] };
    const compared = other && { with: flags.compare, differences };
    writeResult(`${JSON.stringify({ ...said, figures, classes, names: set.classes, confusion, compared, ...lists })}\n`);
  } else {
    const lines = [...measureLines(said, figures, classes, set.classes, confusion)];
    if (differences) lines.push("", ...differenceLines(folder, flags.compare!, differences));
    writeResult(`${lines.join("\n")}\n`);
  }
  return failed > 0 ? status.someFailed : status.ok;
}

/** Options of the data set as at the fit; a head for classes knows its names by itself. */
function optionsOf({ task, data, classes: names }: SavedHead) {
  const { list, ignore, metersPerUnit, objectsFrom, testFraction, seed } = data;
  const classes = task === "classification" ? names : data.classes;
  const given = { task, list, ignore, metersPerUnit, objectsFrom, testFraction, seed, classes };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function refuseOther(head: SavedHead, other: SavedHead, folder: string): void {
  if (head.task === other.task && String(head.classes) === String(other.classes)) return;
  throw new S2Error(
    "head",
    `${folder} is a head for ${other.task} (${other.classes.join(", ") || "meters"}), and the first for ${head.task} (${head.classes.join(", ") || "meters"}); compare heads of one task and the same classes.`,
  );
}

function refuseClasses({ classes }: SavedHead, found: readonly string[], name: string): void {
  if (String(classes) === String(found)) return;
  throw new S2Error(
    "head",
    `The head tells ${classes.join(", ")}, and "${name}" has ${found.join(", ")}; expected the same classes in the same order. A classes.txt in the data set says them.`,
  );
}

/** The split that was named; else the test split, made up as at the fit where it was made up there. */
function itemsOf({ data }: SavedHead, { set }: OpenedSet, flags: EvalFlags, split: string): readonly ItemOf[Task][] {
  const own = (set.splits as Record<string, readonly ItemOf[Task][]>)[split] ?? [];
  if (own.length > 0) return own;
  const testFraction = flags.testFraction ?? data.testFraction;
  if (split === "test" && testFraction !== undefined)
    return taskSplits<Task>(set, { testFraction, seed: flags.seed ?? data.seed }).test;
  const there = Object.entries(set.splits).map(([name, items]) => `${name} (${items.length})`);
  throw new S2Error(
    "data-set",
    `"${set.name}" has no images in the split "${split}"; it has ${there.join(", ") || "none"}. Name one with --split.`,
  );
}

async function featuresFor(
  head: SavedHead,
  { place }: OpenedSet,
  items: readonly ItemOf[Task][],
  flags: EvalFlags,
): Promise<ExtractedDataSet> {
  const { model: given, threads, device, offline } = flags;
  const now = Object.entries({ model: given, threads, device, offline }).filter(([, value]) => value !== undefined);
  const { model, flags: all } = await openModelOf(head, Object.fromEntries(now));
  try {
    const collection = await collectionFor(model, all, head.features.extraction, place);
    const images = items.map((item) => item.path);
    return await extractDataSet(images, collection, flags, keptOf(head.task));
  } finally {
    await model.dispose();
  }
}

const rowsOf = (confusion: Float64Array, classes: number): number[][] =>
  Array.from({ length: classes }, (_, row) => Array.from(confusion.subarray(row * classes, (row + 1) * classes)));

/** The first less the second, figure by figure. */
function differencesOf(kind: Task, a: TaskSums, b: TaskSums): Measure[] {
  const others = new Map(taskFigures(kind, b).map((figure) => [figure.name, figure.score]));
  return taskFigures(kind, a).flatMap(({ score, ...figure }) => {
    const other = others.get(figure.name);
    return other ? [{ ...figure, ...compare(score, other) }] : [];
  });
}
