/** The work of `s2 fit`: the data set, its features, the head, its figures on the photos that it did not learn from, its folder. */
import { S2Error } from "../core/index.ts";
import type { DataSet, ItemOf, Kind } from "../datasets/index.ts";
import type { FitProgress } from "../heads/index.ts";
import type { Model } from "../node.ts";
import { type FittedTask, fitTask, headFor, type TaskHeadName, type TaskSplits, tallyTask, taskSplits } from "../tasks/index.ts";
import { collectionFor } from "./collection.ts";
import type { FitFlags } from "./command-flags.ts";
import { failingWith } from "./errors.ts";
import { type Gathered, gather, keptOf } from "./gather.ts";
import { type MadeOf, nameOf, refuseHeadFolder, repeatable, type SavedHead, saveHead } from "./head-folder.ts";
import { listenForInterrupt, stopSignal, untilStopped } from "./interrupt.ts";
import { inWords, type Measure, measuresOf } from "./measures.ts";
import { openSet } from "./open-set.ts";
import { writeMessage, writeReport, writeStatus } from "./output.ts";
import { graphsOf, lookOf, openModel } from "./plan-flags.ts";
import { setFlagsOf } from "./set-flags.ts";
import { status } from "./status.ts";
import { table } from "./table.ts";

/** Returns the exit status. */
export async function fitHead(path: string, flags: FitFlags): Promise<number> {
  if (flags.dynamic)
    throw new S2Error("option", "Dynamic S² gives each photo scales of its own, which no head can compare; leave out --dynamic.");
  refuseHeadFolder(flags.out);
  listenForInterrupt();
  const { set, place } = await openSet(path, flags, flags.store);
  const splits = taskSplits<Kind>(set, flags);
  const look = lookOf(flags);
  const name = headFor(set, splits.train, flags.head);
  if (!flags.quiet) for (const note of splits.notes) writeMessage(`note: ${note}\n`);
  const model = await openModel(flags);
  try {
    const collection = await collectionFor(model, flags, look, place);
    const photos = [splits.train, splits.validation, splits.test].flat().map((item) => item.path);
    const gathered = await gather(photos, collection, flags, keptOf(set.kind));
    if (gathered.features.size === 0)
      return await failingWith(status.allFailed, () => {
        throw new S2Error("photo-broken", `None of the ${photos.length} photos could be used; see what is said of each.`);
      });
    const { modelHash, version } = collection;
    return await fitAndSay(
      set,
      splits,
      gathered,
      { ...flags, head: name },
      { model: repeatable(flags), modelHash, look, s2_vision: version },
      model,
    );
  } finally {
    await model.dispose();
  }
}

async function fitAndSay(
  set: DataSet,
  splits: TaskSplits<Kind>,
  { features, failed }: Gathered,
  flags: FitFlags & { readonly head: TaskHeadName },
  madeOf: MadeOf,
  model: Model,
): Promise<number> {
  const read = (photo: string) => features.get(photo);
  const graphs = graphsOf(flags);
  const showing = process.stderr.isTTY && !flags.json && !flags.quiet;
  const options = { ...flags, openGraph: graphs, signal: stopSignal, onProgress: showing ? showStep : undefined };
  const fitted = await untilStopped(() => fitTask(set, splits, read, options));
  if (showing) writeStatus("");
  const measured = async (items: readonly ItemOf[Kind][]) =>
    measuresOf(set.kind, await tallyTask(fitted.head, set, items, read, { ...options, signal: stopSignal }));
  const [validation, test] = [await measured(splits.validation), await measured(splits.test)];
  const bad = set.problems.filter(({ used }) => !used).length + failed.length;
  const counts = { train: splits.train.length, validation: splits.validation.length, test: splits.test.length, failed: bad };
  const data = { ...setFlagsOf(flags), kind: set.kind, name: set.name, photos: counts };
  const head: SavedHead = {
    ...fitted.head,
    fitted: flags.head,
    features: madeOf,
    data,
    figures: { validation: byName(validation), test: byName(test) },
  };
  await untilStopped(() => saveHead(flags.out, head));
  const problems = [...set.problems, ...failed.map((one) => ({ ...one, used: false }))];
  const { chosen, trials } = fitted;
  const said = {
    out: flags.out,
    head: flags.head,
    kind: set.kind,
    classes: set.classes,
    photos: counts,
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
  const { train, validation: held, test: tested, failed } = data.photos;
  const unused = failed > 0 ? `; ${failed} files could not be used` : "";
  const scales = features.look.scales?.map((scale) => `${scale}x`).join("+") ?? "sizes as given";
  const side = traits.imageSize ? ` of ${traits.imageSize[1]}x${traits.imageSize[0]}` : "";
  const named = (measures: readonly Measure[]) => new Map(measures.map((one) => [one.name, inWords(one)]));
  const [onHeld, onTest] = [named(validation), named(test)];
  const names = [...new Set([...onTest.keys(), ...onHeld.keys()])];
  const rows = names.map((name) => [name, onHeld.get(name) ?? "–", onTest.get(name) ?? "–"]);
  return [
    `${data.name}: ${train} photos to learn from, ${held} to choose by, ${tested} to test on${unused}`,
    `features: ${nameOf(features.model)}${side}, ${scales}`,
    ...(chosen ? [`${flags.head}: regularisation ${chosen.regularisation}, the best of ${trials.length} on validation`] : []),
    ...(chosen && !chosen.converged
      ? ["it had not come to rest at the last step that is allowed; figures may still rise a little"]
      : []),
    ...table(["", "validation", "test"], rows),
    ...(tested === 0
      ? ["no test split: the validation figures are too good, since they chose; --test-share 0.2 splits one off"]
      : []),
    `-> ${flags.out}\n`,
  ].join("\n");
}
