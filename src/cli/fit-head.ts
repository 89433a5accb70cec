/** `s2 fit` at work: reads the data set, fits the head, saves it and prints its figures. */
import { S2Error } from "../core/index.ts";
import type { FitProgress } from "../heads/index.ts";
import { openStore } from "../node.ts";
import { describeFit, fitDataSet, saveHead } from "../tasks/index.ts";
import type { ModelFlags, SizeFlags } from "./flags.ts";
import { extractionReport, modelRecord, openSplits, refuseHeadFolder } from "./inputs.ts";
import { listenForInterrupt, untilStopped } from "./interrupt.ts";
import { inLines, jsonLine, writeReport, writeStatus } from "./output.ts";
import { extractionOf, graphsOf, openModel, pick, sourceOf } from "./plan-flags.ts";
import { everyPause, type PrintFlags } from "./progress.ts";
import type { HeadFlags, SetFlags } from "./set-flags.ts";
import { status } from "./status.ts";

/** Flags of `s2 fit`. */
export interface FitFlags extends SizeFlags, ModelFlags, SetFlags, HeadFlags, PrintFlags {
  regularization?: number[];
  out: string;
  replace?: boolean;
  store: string;
}

/** Returns the exit status. */
export async function fitHead(path: string, flags: FitFlags): Promise<number> {
  if (flags.dynamic)
    throw new S2Error("option", "Dynamic S² gives each image its own scales, which no head can compare; leave out --dynamic.");
  await refuseHeadFolder(flags.out, flags.replace);
  listenForInterrupt();
  const { set, folders, splits } = await openSplits(path, flags);
  const model = await openModel(flags);
  try {
    const showStep = flags.json || flags.quiet ? undefined : stepReport();
    const options = {
      ...(await sourceOf(model, flags, folders)),
      extraction: extractionOf(flags),
      ...pick(flags, "head", "pooling", "regularization", "near", "far", "objectsFrom"),
      openGraph: graphsOf(flags),
      onImage: extractionReport(flags),
      onProgress: showStep,
    };
    const fitted = await untilStopped(() => fitDataSet(set, splits, options));
    if (showStep && process.stderr.isTTY) writeStatus("");
    const data = {
      ...fitted.head.data,
      ...pick(flags, "list", "classes", "ignore", "metersPerUnit", "objectsFrom", "testFraction", "seed"),
    };
    const head = { ...fitted.head, features: { ...fitted.head.features, model: { ...modelRecord(flags) } }, data };
    await untilStopped(() => saveHead(openStore(flags.out, { durable: true }), head));
    const { chosen, trials, failed } = fitted;
    const { images } = data;
    const issues = [...set.issues, ...failed.map((one) => ({ ...one, used: false }))];
    const { task, classes } = set;
    const json = { out: flags.out, head: head.fitted, task, classes, images, chosen, trials, figures: head.figures, issues };
    writeReport(flags.json ? jsonLine(json) : inLines([...describeFit(head, fitted, model.traits), `-> ${flags.out}`]));
    return images.failed > 0 ? status.someFailed : status.ok;
  } finally {
    await model.dispose();
  }
}

/** A line that is overwritten on a terminal, else a line every 30 seconds. */
function stepReport(): (progress: FitProgress) => void {
  const line = ({ step, done, of }: FitProgress) => `fitting: ${step}, ${done}${of ? ` of at most ${of}` : ""}`;
  const write = everyPause();
  return (progress) => (process.stderr.isTTY ? writeStatus(line(progress)) : write(() => line(progress)));
}
