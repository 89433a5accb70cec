/** The work of `s2 train`: a student distilled from a teacher, written as a model's folder. */
import { join } from "node:path";
import { loadImage, openLoop, openStore } from "../node.ts";
import { findImages, fingerprintModel, hashImages, readVersion, refuseForeign, saveFiles } from "../runtimes/node/index.ts";
import { type DistillProgress, distillStudent } from "../train/index.ts";
import type { ModelFlags } from "./flags.ts";
import { writeMessage, writeReport, writeStatus } from "./output.ts";
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
}

/** Returns the exit status. */
export async function trainStudent(given: readonly string[], flags: TrainFlags): Promise<number> {
  const { teacher: source, out, steps, views, dim, depth, heads, s2, seed, threads, device = ["cpu"] } = flags;
  refuseForeign(["config.json", "model.safetensors", "log.json"].map((name) => ({ path: join(out, name) })));
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
    const fingerprint = await fingerprintModel(teacher, flags.output);
    const files = await distillStudent({
      ...{ images, load: loadImage, teacher, steps, views, dim, depth, heads, s2, seed, signal: stop.signal },
      openLoop: (file, state) => openLoop(file, state, { threads, device }),
      form: device[0] === "cpu" ? "cpu" : "gpu",
      checkpoints: openStore(flags.training ?? join(out, "training"), { durable: true }),
      facts: { teacher: source, fingerprint, contents: await hashImages(images), s2_vision: readVersion() },
      onProgress: progress.show,
      onIssue: (path, reason) => writeMessage(`${process.stderr.isTTY ? "\n" : ""}left out ${path}: ${reason}\n`),
    });
    saveFiles(out, files);
    writeReport(`${out}: config.json, model.safetensors, log.json\n`);
    return status.ok;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    writeMessage(`\nstopped ${progress.state()}; the same command goes on\n`);
    return status.interrupted;
  } finally {
    await teacher.dispose();
  }
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
