/** `s2 eval` at work: evaluates one or two heads on a split and prints figures and differences. */
import {
  checkSameTask,
  compareEvaluations,
  dataSetOptionsOf,
  describeDifferences,
  describeEvaluation,
  type Evaluation,
  evaluateDataSet,
  evaluationFigures,
  evaluationItems,
  type SavedHead,
} from "../tasks/index.ts";
import type { ModelFlags } from "./flags.ts";
import { extractionReport, openHead, openModelOf, openSet } from "./inputs.ts";
import { listenForInterrupt, untilStopped } from "./interrupt.ts";
import { inLines, jsonLine, writeResult } from "./output.ts";
import { graphsOf } from "./plan-flags.ts";
import type { PrintFlags } from "./progress.ts";
import type { SetFlags } from "./set-flags.ts";
import { status } from "./status.ts";

/** Flags of `s2 eval`. */
export interface EvalFlags extends ModelFlags, SetFlags, PrintFlags {
  split?: string;
  compare?: string;
  store: string;
}

/** Returns the exit status. */
export async function evalHead(folder: string, path: string, flags: EvalFlags): Promise<number> {
  const head = await openHead(folder, path);
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
  const { images, figures, classes, confusion, confusionNormalized } = evaluation;
  const about = { head: folder, set: set.name, split, images, failed };
  const differences = compared && { with: flags.compare!, differences: compared.differences };
  if (flags.json) {
    const issues = [...set.issues, ...all.failed.map((each) => ({ ...each, used: false }))];
    const json = {
      ...about,
      figures,
      classes,
      names: set.classes,
      confusion,
      confusionNormalized,
      compared: differences,
      issues,
    };
    writeResult(jsonLine(json));
  } else {
    const lines = [...describeEvaluation(about, evaluation, set.classes)];
    if (differences) lines.push(...describeDifferences(folder, differences.with, differences.differences));
    writeResult(inLines(lines));
  }
  return failed > 0 ? status.someFailed : status.ok;
}
