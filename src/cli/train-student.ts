/** The work of `s2 train`: a student distilled from a teacher, written as a model's folder. */
import { basename, join } from "node:path";
import { loadImage, loadModel, type Model, openGraph, openLoop, openStore } from "../node.ts";
import {
  findImages,
  fingerprintModel,
  hashImages,
  loadImages,
  readVersion,
  refuseForeign,
  saveFiles,
  trainingPage,
} from "../runtimes/node/index.ts";
import {
  classFolders,
  describeStudent,
  evaluateStudent,
  leaveOut,
  type StudentEvaluation,
  type StudentPhotos,
  spread,
} from "../tasks/index.ts";
import { type DistillProgress, distillStudent } from "../train/index.ts";
import type { ModelFlags } from "./flags.ts";
import { inLines, jsonLine, writeMessage, writeReport, writeStatus } from "./output.ts";
import { openModel } from "./plan-flags.ts";
import { durationInWords, printUndecoded } from "./progress.ts";
import { withStandardInput } from "./standard-input.ts";
import { status } from "./status.ts";

/** Flags of `s2 train`. */
export interface TrainFlags extends Omit<ModelFlags, "model"> {
  teacher: string;
  out: string;
  steps: number;
  views?: number;
  dim: number;
  depth: number;
  heads: number;
  s2?: boolean;
  seed: number;
  training?: string;
  json?: boolean;
  quiet?: boolean;
}

const outputs = ["config.json", "model.safetensors", "log.json", "training.html"];

/** Returns the exit status. */
export async function trainStudent(given: readonly string[], flags: TrainFlags): Promise<number> {
  const { teacher: source, out, steps, views, dim, depth, heads, s2, seed, threads, device = ["cpu"] } = flags;
  refuseForeign(outputs.map((name) => ({ path: join(out, name), beside: join(out, "log.json") })));
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
  const found = await findImages(await withStandardInput(given), out);
  const images = found.images.map(({ path, missing }) => {
    if (missing) throw missing;
    return path;
  });
  printUndecoded(found.undecoded);
  const teacher = await openModel({ ...flags, model: source });
  const progress = progressLine();
  try {
    const { seen, unseen } = leaveOut(images);
    if (unseen.length === 0 && !flags.quiet)
      writeMessage(`note: ${images.length} photos are too few to leave some out, so the model is not evaluated on others\n`);
    const fingerprint = await fingerprintModel(teacher, flags.output);
    const files = await distillStudent({
      ...{ images: seen, load: loadImage, teacher, steps, views, dim, depth, heads, s2, seed, signal: stop.signal },
      openLoop: (file, state) => openLoop(file, state, { threads, device }),
      form: device[0] === "cpu" ? "cpu" : "gpu",
      checkpoints: openStore(flags.training ?? join(out, "training"), { durable: true }),
      facts: { teacher: source, fingerprint, contents: await hashImages(seen), s2_vision: readVersion() },
      onProgress: flags.quiet || flags.json ? undefined : progress.show,
      onIssue: (path, reason) => writeMessage(`${process.stderr.isTTY ? "\n" : ""}left out ${path}: ${reason}\n`),
    });
    saveFiles(out, files);
    const evaluation = unseen.length > 0 ? await evaluate(out, teacher, { seen, unseen }, flags, stop.signal) : undefined;
    saveFiles(out, logFiles(files["log.json"], { out, teacher: source, evaluation }));
    report(out, flags, evaluation);
    return status.ok;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    writeMessage(`\nstopped ${progress.state()}; the same command goes on\n`);
    return status.interrupted;
  } finally {
    await teacher.dispose();
  }
}

/** Photos of the training for the fit of the map, at most. */
const MOST_SEEN = 100;

async function evaluate(
  out: string,
  teacher: Model,
  { seen, unseen }: Record<"seen" | "unseen", readonly string[]>,
  { threads }: TrainFlags,
  signal: AbortSignal,
): Promise<StudentEvaluation> {
  const student = await loadModel(out, { threads });
  const labels = classFolders([...seen, ...unseen]);
  const photosOf = (paths: readonly string[]): StudentPhotos => ({
    count: paths.length,
    prepare: (i) => loadImages([paths[i]], teacher.traits.imageSize ?? [224, 224], teacher.preprocessing),
    ...(labels && { labels: paths.map((path) => labels.get(path)!) }),
  });
  const photos = { seen: photosOf(spread(seen, MOST_SEEN)), unseen: photosOf(unseen) };
  try {
    return await evaluateStudent({ student, teacher }, photos, { openGraph: (file) => openGraph(file, { threads }), signal });
  } finally {
    await student.dispose();
  }
}

/** The log with the evaluation in it, and the page. */
function logFiles(
  log: Uint8Array,
  { out, teacher, evaluation }: { out: string; teacher: string; evaluation?: StudentEvaluation },
) {
  const read = JSON.parse(new TextDecoder().decode(log));
  const losses = (read.history as { loss: number }[]).map(({ loss }) => loss);
  const page = { title: `Training of ${basename(out)}`, about: `teacher ${teacher}, ${losses.length} steps`, losses };
  const text = (value: string) => new TextEncoder().encode(value);
  return {
    "log.json": text(`${JSON.stringify({ ...read, evaluation }, undefined, 1)}\n`),
    "training.html": text(trainingPage({ ...page, figures: describeStudent(evaluation) })),
  };
}

function report(out: string, { json, quiet }: TrainFlags, evaluation?: StudentEvaluation): void {
  if (json) writeReport(jsonLine({ out, files: outputs, evaluation }));
  else if (!quiet)
    writeReport(inLines([...describeStudent(evaluation).map((row) => row.join(": ")), `-> ${out}: ${outputs.join(", ")}`]));
}

/** A line that is overwritten, with the mean loss and the time that is left; `state` says how far the run is. */
function progressLine() {
  let state = "while drawing views";
  let start = performance.now();
  let first: number | undefined;
  let mean: number | undefined;
  const show = (progress: DistillProgress) => {
    const { done, of } = progress;
    if (progress.stage === "views") {
      start = performance.now();
      return say(`views: ${done} of ${of} files`);
    }
    state = `after ${done} of ${of} steps`;
    first ??= done - 1;
    mean = mean === undefined ? progress.loss : 0.95 * mean + 0.05 * progress.loss;
    const left = ((performance.now() - start) / (done - first)) * (of - done);
    if (done % (process.stderr.isTTY ? 1 : 50) === 0 || done === of)
      say(`step ${done} of ${of}, loss ${mean.toFixed(4)}, ${durationInWords(left / 1000)} left`);
  };
  return { show, state: () => state };
}

function say(line: string): void {
  if (process.stderr.isTTY) writeStatus(line);
  else writeMessage(`${line}\n`);
}
