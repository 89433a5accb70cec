/** `s2 eval` at work: evaluates one or two heads on a split and prints figures and differences. */
import {
  checkSameTask,
  compareEvaluations,
  dataSetOptionsOf,
  type Evaluation,
  type EvaluationFigures,
  evaluateDataSet,
  evaluationFigures,
  evaluationItems,
  formatDifference,
  formatFigure,
  type MeasuredFigure,
  type SavedHead,
  verdictOn,
} from "../tasks/index.ts";
import type { EvalFlags } from "./command-flags.ts";
import { openHead, openModelOf } from "./head-folder.ts";
import { listenForInterrupt, untilStopped } from "./interrupt.ts";
import { extractionReport, openSet } from "./open-set.ts";
import { writeResult } from "./output.ts";
import { graphsOf } from "./plan-flags.ts";
import { status } from "./status.ts";
import { table } from "./table.ts";

/** Returns the exit status. */
export async function evalHead(folder: string, path: string, flags: EvalFlags): Promise<number> {
  const head = await openHead(folder);
  const other = flags.compare ? await openHead(flags.compare) : undefined;
  if (other) checkSameTask(head, other, flags.compare);
  listenForInterrupt();
  const options = { ...dataSetOptionsOf(head), ...flags };
  const { set, folders } = await openSet(path, options);
  const { split = "test", objectsFrom } = options;
  const items = evaluationItems(head, set, options);
  const evaluate = async (each: SavedHead, model?: string): Promise<Evaluation> => {
    const opened = await openModelOf(each, { ...flags, model }, folders);
    const how = { ...opened.source, openGraph: graphsOf(flags), objectsFrom, onImage: extractionReport(flags) };
    try {
      return await untilStopped(() => evaluateDataSet(each, set, items, how));
    } finally {
      await opened.model.dispose();
    }
  };
  const all = await evaluate(head, flags.model);
  const compared = other && compareEvaluations(all, await evaluate(other));
  const evaluation = evaluationFigures(compared?.a ?? all);
  const failed = items.length - evaluation.images + set.issues.filter(({ used }) => !used).length;
  const { images, figures, classes, confusion } = evaluation;
  const about = { head: folder, set: set.name, split, images, failed };
  const differences = compared && { with: flags.compare!, differences: compared.differences };
  if (flags.json) {
    const issues = [...set.issues, ...all.failed.map((each) => ({ ...each, used: false }))];
    const json = { ...about, figures, classes, names: set.classes, confusion, compared: differences, issues };
    writeResult(`${JSON.stringify(json)}\n`);
  } else {
    const lines = [...figureLines(about, evaluation, set.classes)];
    if (differences) lines.push(...differenceLines(folder, differences.with, differences.differences));
    writeResult(`${lines.join("\n")}\n`);
  }
  return failed > 0 ? status.someFailed : status.ok;
}

/** Larger confusion matrices are not printed; their most frequent errors are. */
const MOST_COLUMNS = 12;
const ERRORS = 10;

function* figureLines(
  { head, set, split, images, failed }: Record<"head" | "set" | "split", string> & Record<"images" | "failed", number>,
  { figures, classes, confusion }: EvaluationFigures,
  names: readonly string[],
): Generator<string> {
  const row = (one: MeasuredFigure) => [one.name, formatFigure(one)];
  yield `${head} on ${images} images of ${set}, split ${split}${failed > 0 ? `; ${failed} files could not be used` : ""}`;
  yield* table(["", "95 % interval in brackets"], figures.map(row));
  if (classes.length > 0) yield* ["", ...table(["each class", ""], classes.map(row))];
  if (confusion && names.length <= MOST_COLUMNS) {
    const rows = confusion.map((counts, id) => [names[id], ...counts.map(String)]);
    yield* ["", ...table(["truth \\ predicted", ...names], rows)];
  } else if (confusion) {
    const pairs = confusion.flatMap((counts, truth) => counts.map((count, predicted) => ({ truth, predicted, count })));
    const errors = pairs.filter(({ truth, predicted, count }) => truth !== predicted && count > 0);
    const most = errors.sort((a, b) => b.count - a.count).slice(0, ERRORS);
    const rows = most.map(({ truth, predicted, count }) => [names[truth], names[predicted], String(count)]);
    yield* ["", ...table(["truth", "predicted", "times"], rows)];
  }
}

function differenceLines(one: string, other: string, differences: readonly MeasuredFigure[]): string[] {
  const rows = differences.map((each) => [each.name, formatDifference(each), verdictOn(each)]);
  return ["", `${one} minus ${other}, on the same images`, ...table(["", "difference", ""], rows)];
}
