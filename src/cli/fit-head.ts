/** The work of `s2 fit`: the data set, its features, the head, its figures on the images that it did not learn from, its folder. */
import { S2Error } from "../core/index.ts";
import type { DataSet, ItemOf, Task } from "../datasets/index.ts";
import type { FitProgress } from "../heads/index.ts";
import type { Model } from "../node.ts";
import {
  evaluateTask,
  type FittedTask,
  fitTask,
  headFor,
  type TaskHeadName,
  type TaskSplits,
  taskSplits,
} from "../tasks/index.ts";
import { collectionFor } from "./collection.ts";
import type { FitFlags } from "./command-flags.ts";
import { failingWith } from "./errors.ts";
import { type ExtractedDataSet, extractDataSet, keptOf } from "./gather.ts";
import { type MadeOf, nameOf, refuseHeadFolder, repeatable, type SavedHead, saveHead } from "./head-folder.ts";
import { listenForInterrupt, stopSignal, untilStopped } from "./interrupt.ts";
import { inWords, type Measure, measuresOf } from "./measures.ts";
import { openSet } from "./open-set.ts";
import { writeMessage, writeReport, writeStatus } from "./output.ts";
import { extractionOf, graphsOf, openModel } from "./plan-flags.ts";
import { setFlagsOf } from "./set-flags.ts";
import { status } from "./status.ts";
import { table } from "./table.ts";

/** Returns the exit status. */
export async function fitHead(path: string, flags: FitFlags): Promise<number> {
  if (flags.dynamic)
    throw new S2Error("option", "Dynamic S² gives each image scales of its own, which no head can compare; leave out --dynamic.");
  refuseHeadFolder(flags.out);
  listenForInterrupt();
  const { set, place } = await openSet(path, flags, flags.store);
  const splits = taskSplits<Task>(set, flags);
  const extraction = extractionOf(flags);
  const name = headFor(set, splits.train, flags.head);
  if (!flags.quiet) for (const note of splits.notes) writeMessage(`note: ${note}\n`);
  const model = await openModel(flags);
  try {
    const collection = await collectionFor(model, flags, extraction, place);
    const images = [splits.train, splits.validation, splits.test].flat().map((item) => item.path);
    const gathered = await extractDataSet(images, collection, flags, keptOf(set.task));
    if (gathered.features.size === 0)
      return await failingWith(status.allFailed, () => {
        throw new S2Error("image-broken", `None of the ${images.length} images could be used; see what is said of each.`);
      });
    const { modelHash, version } = collection;
    return await fitAndSay(
      set,
      splits,
      gathered,
      { ...flags, head: name },
      { model: repeatable(flags), modelHash, extraction, s2_vision: version },
      model,
    );
  } finally {
    await model.dispose();
  }
}

async function fitAndSay(
  set: DataSet,
  splits: TaskSplits<Task>,
  { features, failed }: ExtractedDataSet,
  flags: FitFlags & { readonly head: TaskHeadName },
  madeOf: MadeOf,
  model: Model,
): Promise<number> {
  const read = (image: string) => features.get(image);
  const graphs = graphsOf(flags);
  const showing = process.stderr.isTTY && !flags.json && !flags.quiet;
  const options = { ...flags, openGraph: graphs, signal: stopSignal, onProgress: showing ? showStep : undefined };
  const fitted = await untilStopped(() => fitTask(set, splits, read, options));
  if (showing) writeStatus("");
  const measured = async (items: readonly ItemOf[Task][]) =>
    measuresOf(set.task, await evaluateTask(fitted.head, set, items, read, { ...options, signal: stopSignal }));
  const [validation, test] = [await measured(splits.validation), await measured(splits.test)];
  const bad = set.issues.filter(({ used }) => !used).length + failed.length;
  const counts = { train: splits.train.length, validation: splits.validation.length, test: splits.test.length, failed: bad };
  const data = { ...setFlagsOf(flags), kind: set.task, name: set.name, images: counts };
  const head: SavedHead = {
    ...fitted.head,
    fitted: flags.head,
    features: madeOf,
    data,
    figures: { validation: byName(validation), test: byName(test) },
  };
  await untilStopped(() => saveHead(flags.out, head));
  const problems = [...set.issues, ...failed.map((one) => ({ ...one, used: false }))];
  const { chosen, trials } = fitted;
  const said = {
    out: flags.out,
    head: flags.head,
    kind: set.task,
    classes: set.classes,
    images: counts,
    chosen,
    trials,
  };
  writeReport(
    flags.json
      ? `${JSON.stringify({ ...said, figures: head.figures, problems })}\n`
      : inText(head, fitted, validation, test, flags, model),
  );
  return bad > 0 ? status.someFailed : status.ok;
}

const byName = (measures: readonly Measure[]) => Object.fromEntries(measures.map(({ name, ...rest }) => [name, rest]));

function showStep({ step, done, of }: FitProgress): void {
  writeStatus(`fitting: ${step}, ${done}${of ? ` of at most ${of}` : ""}`);
}

function inText(
  { data, features }: SavedHead,
  { chosen, trials }: FittedTask,
  validation: readonly Measure[],
  test: readonly Measure[],
  flags: FitFlags,
  { traits }: Model,
): string {
  const { train, validation: held, test: tested, failed } = data.images;
  const unused = failed > 0 ? `; ${failed} files could not be used` : "";
  const scales = features.extraction.scales?.map((scale) => `${scale}x`).join("+") ?? "sizes as given";
  const side = traits.imageSize ? ` of ${traits.imageSize[1]}x${traits.imageSize[0]}` : "";
  const named = (measures: readonly Measure[]) => new Map(measures.map((one) => [one.name, inWords(one)]));
  const [onHeld, onTest] = [named(validation), named(test)];
  const names = [...new Set([...onTest.keys(), ...onHeld.keys()])];
  const rows = names.map((name) => [name, onHeld.get(name) ?? "–", onTest.get(name) ?? "–"]);
  return [
    `${data.name}: ${train} images to learn from, ${held} to choose by, ${tested} to test on${unused}`,
    `features: ${nameOf(features.model)}${side}, ${scales}`,
    ...(chosen ? [`${flags.head}: regularization ${chosen.regularization}, the best of ${trials.length} on validation`] : []),
    ...(chosen && !chosen.converged
      ? ["it had not come to rest at the last step that is allowed; figures may still rise a little"]
      : []),
    ...table(["", "validation", "test"], rows),
    ...(tested === 0
      ? ["no test split: the validation figures are too good, since they chose; --test-fraction 0.2 splits one off"]
      : []),
    `-> ${flags.out}\n`,
  ].join("\n");
}
