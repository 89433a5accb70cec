/** The work of `s2 train`: views with the teacher's tokens, then steps, then the model's folder. */
import { join } from "node:path";
import { checkFinite, S2Error, type Tensor } from "../core/index.ts";
import { imagenet } from "../images/index.ts";
import { loadImage, type Model, openLoop, openStore } from "../node.ts";
import { findImages, fingerprintModel, readImage, readVersion, refuseForeign, saveFiles } from "../runtimes/node/index.ts";
import { sha256 } from "../tensors/index.ts";
import {
  adamW,
  type Checkpoints,
  cosine,
  distilStep,
  type Fitted,
  fit,
  makeShards,
  mimeticValue,
  muon,
  shardBatches,
  studentFiles,
  teacherStatistics,
  type VitShape,
} from "../train/index.ts";
import type { TrainFlags } from "./flags.ts";
import { writeMessage, writeReport, writeStatus } from "./output.ts";
import { openModel } from "./plan-flags.ts";
import { durationInWords, printUndecoded } from "./progress.ts";
import { status } from "./status.ts";

const [viewsPerStep, color, rate, average] = [8, 0.2, 1e-3, 0.998];
const part = 0.25; // of a tile's patches that a step looks at (MAE, arXiv 2111.06377, §3)

/** Returns the exit status. */
export async function trainStudent(given: readonly string[], flags: TrainFlags): Promise<number> {
  const { teacher: source, out, steps, dim, heads, s2, seed, threads } = flags;
  if (dim % heads !== 0 || dim % 4 !== 0)
    throw new S2Error("option", `--dim is ${dim} with ${heads} heads; give a multiple of 4 and of --heads.`);
  refuseForeign(["config.json", "model.safetensors", "log.json"].map((name) => ({ path: join(out, name) })));
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
  const found = await findImages(given, out);
  const images = found.images.map(({ path, missing }) => {
    if (missing) throw missing;
    return path;
  });
  printUndecoded(found.undecoded);
  const store = openStore(flags.training ?? join(out, "training"), { durable: true });
  const teacher = await openModel({ ...flags, model: source });
  const views = flags.views ?? 4 * images.length;
  const { student, preprocessing } = studentOf(teacher, flags);
  const cells = Math.max(1, Math.round((part * (student.imageSize / student.patchSize) ** 2) / 4));
  const recipe = JSON.stringify({
    ...{ views, steps, s2, student, seed, teacher: source, images: images.length },
    ...{
      fingerprint: await fingerprintModel(teacher, flags.output),
      contents: await contentsOf(images),
      s2_vision: readVersion(),
    },
  });
  try {
    const shards = await drawViews({ images, teacher, views, student, seed, store, recipe, signal: stop.signal });
    const [statistics] = await teacherStatistics(store, shards[0]);
    const fitted = await fit(
      distilStep({
        ...{ student, way: s2 ? "s2" : "tiles", views: viewsPerStep, cells, parts: 2, preprocessing, clip: 1, average },
        layers: [{ statistics, weight: 1 }],
        optimizer: muon({ rate: 20, weightDecay: 0.01, others: adamW({ weightDecay: 0, betas: [0.9, 0.98] }) }),
      }),
      {
        ...{ steps, recipe, checkpoints: store, signal: stop.signal },
        rate: cosine({ rate, steps, warmUp: Math.min(100, Math.ceil(steps / 10)), last: 1e-5 }),
        openLoop: (file, state) => openLoop(file, state, { threads }),
        initial: (name, dims) => mimeticValue(name, dims, seed, student),
        batches: shardBatches(store, shards, { views: viewsPerStep, cells, patchSize: student.patchSize, color, seed }),
        onStep: progress(steps),
      },
    );
    if (fitted.done < steps) {
      writeMessage(`\nstopped after ${fitted.done} of ${steps} steps; the same command goes on\n`);
      return status.interrupted;
    }
    save(out, fitted, student, preprocessing, recipe);
    writeReport(`${out}: config.json, model.safetensors, log.json\n`);
    return status.ok;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    writeMessage("\nstopped while drawing views; the same command goes on\n");
    return status.interrupted;
  } finally {
    await teacher.dispose();
  }
}

/** One hash of the bytes of all images. */
async function contentsOf(images: readonly string[]): Promise<string> {
  const hashes: string[] = [];
  for (const path of images) hashes.push(await readImage(path).then(sha256, () => "unreadable"));
  return sha256(new TextEncoder().encode(hashes.join()));
}

/** A student that sees as the teacher does. */
function studentOf({ traits, preprocessing = imagenet }: Model, { dim, depth, heads }: TrainFlags) {
  const { imageSize: [height, width] = [224, 224], patchSize = 16, prefixTokens, layout } = traits;
  const grid = height / patchSize;
  if (layout !== "bnc" || prefixTokens !== 1 || height !== width || grid % 2 !== 0)
    throw new S2Error(
      "training",
      `The teacher gives ${layout} with ${prefixTokens} prefix tokens for ${width}x${height} px in patches of ${patchSize}; expected tokens [b, n, c] with one [CLS] over a square grid of an even number of patches. Give such a teacher.`,
    );
  const student: VitShape = { imageSize: height, patchSize, dim, depth, heads, mlpRatio: 4 };
  return { student, preprocessing };
}

interface Drawing {
  readonly images: readonly string[];
  readonly teacher: Model;
  readonly views: number;
  readonly student: VitShape;
  readonly seed: number;
  readonly store: Checkpoints;
  readonly recipe: string;
  readonly signal: AbortSignal;
}

function drawViews({ teacher, student: { imageSize: side }, ...rest }: Drawing): Promise<string[]> {
  return makeShards({
    ...rest,
    ...{ load: loadImage, preprocessing: teacher.preprocessing ?? imagenet, perShard: 64, view: { side, area: [0.15, 1] } },
    teacher: async (tiles: Tensor) => {
      const tokens = await teacher(tiles);
      checkFinite(tokens.data, "The teacher's output");
      return [tokens];
    },
    onShard: (done, of) => say(`views: ${done} of ${of} files`),
    onProblem: (path, reason) => writeMessage(`${process.stderr.isTTY ? "\n" : ""}left out ${path}: ${reason}\n`),
  });
}

/** A line that is written over, with the time that is left. */
function progress(steps: number) {
  const start = performance.now();
  let first: number | undefined;
  let mean: number | undefined;
  return (step: number, { loss }: Readonly<Record<string, number>>) => {
    first ??= step - 1;
    mean = mean === undefined ? loss : 0.95 * mean + 0.05 * loss;
    const left = ((performance.now() - start) / (step - first)) * (steps - step);
    if (step % (process.stderr.isTTY ? 1 : 50) === 0 || step === steps)
      say(`step ${step} of ${steps}, loss ${mean.toFixed(4)}, ${durationInWords(left / 1000)} left`);
  };
}

function say(line: string): void {
  if (process.stderr.isTTY) writeStatus(line);
  else writeMessage(`${line}\n`);
}

function save(
  out: string,
  { state, history }: Fitted,
  student: VitShape,
  preprocessing: { mean: readonly number[]; std: readonly number[] },
  recipe: string,
): void {
  const { config, weights } = studentFiles(state, student, preprocessing);
  const json = (value: object) => new TextEncoder().encode(`${JSON.stringify(value, undefined, 1)}\n`);
  const log = { ...JSON.parse(recipe), history: history.map((metrics, i) => ({ step: i + 1, ...metrics })) };
  saveFiles(out, {
    "config.json": json({ ...config, s2_vision: readVersion() }),
    "model.safetensors": weights,
    "log.json": json(log),
  });
}
