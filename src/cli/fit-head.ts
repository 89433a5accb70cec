/** `s2 fit` at work: reads the data set, fits the head, saves it and prints its figures. */
import { S2Error } from "../core/index.ts";
import type { Task } from "../datasets/index.ts";
import type { FitProgress } from "../heads/index.ts";
import { type Model, openStore } from "../node.ts";
import {
  type FittedDataSet,
  fitDataSet,
  formatFigure,
  headFor,
  type MeasuredFigure,
  type SavedHead,
  saveHead,
  taskSplits,
} from "../tasks/index.ts";
import type { FitFlags } from "./command-flags.ts";
import { defined, modelRecord, refuseHeadFolder } from "./head-folder.ts";
import { listenForInterrupt, untilStopped } from "./interrupt.ts";
import { extractionSource } from "./model-source.ts";
import { extractionReport, openSet } from "./open-set.ts";
import { writeMessage, writeReport, writeStatus } from "./output.ts";
import { extractionOf, graphsOf, openModel } from "./plan-flags.ts";
import { status } from "./status.ts";
import { table } from "./table.ts";

/** Returns the exit status. */
export async function fitHead(path: string, flags: FitFlags): Promise<number> {
  if (flags.dynamic)
    throw new S2Error("option", "Dynamic S² gives each image its own scales, which no head can compare; leave out --dynamic.");
  refuseHeadFolder(flags.out);
  listenForInterrupt();
  const { set, folders } = await openSet(path, flags);
  const splits = taskSplits<Task>(set, flags);
  headFor(set, splits.train, flags.head);
  if (!flags.quiet) for (const note of splits.notes) writeMessage(`note: ${note}\n`);
  const model = await openModel(flags);
  try {
    const showing = process.stderr.isTTY && !flags.json && !flags.quiet;
    const {
      head: name,
      pooling,
      regularization,
      near,
      far,
      objectsFrom,
      list,
      classes,
      ignore,
      metersPerUnit,
      testFraction,
      seed,
    } = flags;
    const options = {
      ...(await extractionSource(model, flags, folders)),
      extraction: extractionOf(flags),
      ...{ head: name, pooling, regularization, near, far, objectsFrom, openGraph: graphsOf(flags) },
      onImage: extractionReport(flags),
      onProgress: showing ? showStep : undefined,
    };
    const fitted = await untilStopped(() => fitDataSet(set, splits, options));
    if (showing) writeStatus("");
    const data = { ...fitted.head.data, ...defined({ list, classes, ignore, metersPerUnit, objectsFrom, testFraction, seed }) };
    const head = { ...fitted.head, features: { ...fitted.head.features, model: { ...modelRecord(flags) } }, data };
    await untilStopped(() => saveHead(openStore(flags.out, { durable: true }), head));
    const { chosen, trials, failed } = fitted;
    const { images } = data;
    const issues = [...set.issues, ...failed.map((one) => ({ ...one, used: false }))];
    const json = {
      out: flags.out,
      head: head.fitted,
      task: set.task,
      classes: set.classes,
      images,
      chosen,
      trials,
      figures: head.figures,
      issues,
    };
    writeReport(flags.json ? `${JSON.stringify(json)}\n` : inText(head, fitted, flags.out, model));
    return images.failed > 0 ? status.someFailed : status.ok;
  } finally {
    await model.dispose();
  }
}

function showStep({ step, done, of }: FitProgress): void {
  writeStatus(`fitting: ${step}, ${done}${of ? ` of at most ${of}` : ""}`);
}

function inText(
  { data, features, fitted }: SavedHead,
  { chosen, trials, figures }: FittedDataSet,
  out: string,
  { traits }: Model,
): string {
  const { test } = data.images;
  const scales = features.extraction.scales?.map((scale) => `${scale}x`).join("+") ?? "sizes as given";
  const side = traits.imageSize ? ` of ${traits.imageSize[1]}x${traits.imageSize[0]}` : "";
  const named = (measured: readonly MeasuredFigure[]) => new Map(measured.map((one) => [one.name, formatFigure(one)]));
  const [onValidation, onTest] = [named(figures.validation), named(figures.test)];
  const names = [...new Set([...onTest.keys(), ...onValidation.keys()])];
  const rows = names.map((name) => [name, onValidation.get(name) ?? "–", onTest.get(name) ?? "–"]);
  return [
    `${data.name}: ${countsInWords(data.images)}`,
    `features: ${features.model?.model ?? "s2-tiny"}${side}, ${scales}`,
    ...(chosen ? [`${fitted}: regularization ${chosen.regularization}, the best of ${trials.length} on validation`] : []),
    ...(chosen && !chosen.converged ? ["L-BFGS did not converge within the step limit; figures may still rise a little"] : []),
    ...table(["", "validation", "test"], rows),
    ...(test === 0
      ? ["no test split: the validation figures are too good, since they chose; --test-fraction 0.2 splits one off"]
      : []),
    `-> ${out}\n`,
  ].join("\n");
}

/** "12 training, 6 validation and 9 test images; 2 files could not be used". */
export function countsInWords({ train, validation, test, failed }: Readonly<Record<string, number>>): string {
  return `${train} training, ${validation} validation and ${test} test images${failed > 0 ? `; ${failed} files could not be used` : ""}`;
}
