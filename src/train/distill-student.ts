/** A small ViT distilled from a larger model: views of images with the teacher's tokens, then training steps, then the files of the model. */
import { checkFinite, S2Error, type Traits, type VisionModel } from "../core/index.ts";
import { imagenet, type Pixels, type Preprocessing } from "../images/index.ts";
import type { OpenLoop } from "../onnx/index.ts";
import { shardBatches } from "./batches.ts";
import { distillStep } from "./distill-step.ts";
import { type Checkpoints, fit } from "./fit.ts";
import { mimeticValue } from "./initial.ts";
import { muon } from "./muon.ts";
import { adamW, cosine } from "./optimizers.ts";
import { makeShards, readShard, type TilesPerView, teacherStatistics } from "./shards.ts";
import type { StepOptions } from "./step.ts";
import { studentFiles } from "./student-files.ts";
import type { VitShape } from "./vit.ts";

/** Progress of `distillStudent`: files of views, then training steps. */
export type DistillProgress =
  | { readonly stage: "views"; readonly done: number; readonly of: number }
  | { readonly stage: "steps"; readonly done: number; readonly of: number; readonly loss: number };

/** Options of `distillStudent`. */
export interface DistillOptions {
  /** Names of the images, passed to `load`. */
  readonly images: readonly string[];
  /** Decodes an image, for example `loadImage`. */
  readonly load: (image: string) => Promise<Pixels>;
  /** A model with [CLS] and patch tokens [b, 1 + n, c] over a square grid of an even number of patches; one of `loadModel`. */
  readonly teacher: VisionModel & { readonly traits: Traits; readonly preprocessing?: Preprocessing };
  /** Runs the steps: `openLoop` of "s2-vision/node" or "s2-vision/web". */
  readonly openLoop: OpenLoop;
  /** "gpu" where `openLoop` runs on a graphics card (`StepOptions`); default "cpu". A checkpoint goes on in either form. */
  readonly form?: StepOptions["form"];
  /** Keeps views and checkpoints; a stopped run is resumed from there. */
  readonly checkpoints: Checkpoints;
  /** Number of steps, each of 40 tiles: with S² 8 views of five tiles, else 40 views of one. */
  readonly steps: number;
  /** Number of views to draw; default four an image with S², else 15. */
  readonly views?: number;
  /** Channels of the student, a multiple of 4 and of `heads`; default 192. */
  readonly dim?: number;
  /** Blocks of the student; default 4. */
  readonly depth?: number;
  /** Attention heads of the student; default 3. */
  readonly heads?: number;
  /** Trains with S² in the loop: features at scales 1 and 2 against the teacher's at the finer scale (paper, Table 4). */
  readonly s2?: boolean;
  /** Seed of all random numbers; default 1. */
  readonly seed?: number;
  /** Facts that determine the result beside these options, such as hashes of the teacher and of the images; written to log.json, `s2_vision` to config.json too. */
  readonly facts?: Readonly<Record<string, string | number>>;
  /** Stops the run, which can be resumed by the same call. */
  readonly signal?: AbortSignal;
  /** Called after each file of views and after each step. */
  readonly onProgress?: (progress: DistillProgress) => void;
  /** Called for an image that cannot be read and is left out. */
  readonly onIssue?: (image: string, reason: string) => void;
}

const [tilesPerStep, color, rate] = [40, 0.2, 1e-3];
/** Fraction of views that are mixtures of two images. */
const mixed = 0.5;
/** Decay of the averages: over the last twentieth of a run, at most 500 steps. Longer ones would still hold the first, random weights. */
const averageOver = (steps: number): number => Math.min(0.998, Math.max(0, 1 - 20 / steps));
/** Fraction of a tile's patches in a step (MAE, arXiv 2111.06377, §3). */
const fraction = 0.25;

/**
 * Trains a student to give the teacher's tokens and returns the files of its folder: config.json, model.safetensors and log.json.
 * @throws S2Error "option" for wrong sizes, "training" for a teacher or images that cannot be used, "checkpoint" for a checkpoint of other
 * options; the signal's reason when aborted, after writing a checkpoint.
 */
export async function distillStudent(options: DistillOptions): Promise<Record<string, Uint8Array>> {
  const { images, teacher, openLoop, form = "cpu", checkpoints, steps, s2 = false, seed = 1, signal, onProgress } = options;
  const student = studentOf(options);
  const { patchSize } = student;
  const tilesPerView = s2 ? 5 : 1;
  const { views = (s2 ? 4 : 15) * images.length } = options;
  const preprocessing = teacher.preprocessing ?? imagenet;
  const recipe = JSON.stringify({ views, mixed, steps, s2, student, seed, images: images.length, ...options.facts });
  // The views and the teacher's tokens do not depend on the student: other students of the same images and seed may use them.
  const viewRecipe = JSON.stringify({
    views,
    tilesPerView,
    mixed,
    seed,
    side: student.imageSize,
    images: images.length,
    ...options.facts,
  });
  const shards = await makeShards({
    ...{ images, views, mixed, preprocessing, seed, signal, perShard: 320 / tilesPerView },
    view: { side: student.imageSize, area: [0.15, 1], fine: s2 },
    recipe: viewRecipe,
    ...{ load: options.load, store: checkpoints, onIssue: options.onIssue },
    async teacher(tiles) {
      const tokens = await teacher(tiles);
      checkFinite(tokens.data, "The teacher's output");
      return [tokens];
    },
    onShard: (done, of) => onProgress?.({ stage: "views", done, of }),
  });
  const [statistics] = await teacherStatistics(checkpoints, shards[0]);
  const viewsPerStep = await stepSize(checkpoints, shards[0], tilesPerView);
  const cells = Math.max(1, Math.round((fraction * (student.imageSize / patchSize) ** 2) / 4));
  const step = distillStep({
    ...{
      student,
      way: s2 ? "s2" : "tiles",
      views: viewsPerStep,
      tilesPerView,
      cells,
      form,
      preprocessing,
      clip: 1,
      average: averageOver(steps),
    },
    parts: form === "gpu" ? 1 : 2,
    layers: [{ statistics, weight: 1 }],
    optimizer: muon({ rate: 20, weightDecay: 0.01, others: adamW({ weightDecay: 0, betas: [0.9, 0.98] }) }),
  });
  const { done, state, history } = await fit(step, {
    ...{ steps, recipe, checkpoints, signal, openLoop, readEvery: form === "gpu" ? 10 : 1 },
    rate: cosine({ rate, steps, warmUp: Math.min(100, Math.ceil(steps / 10)), last: 1e-5 }),
    initial: (name, dims) => mimeticValue(name, dims, seed, student),
    batches: shardBatches(checkpoints, shards, { views: viewsPerStep, cells, patchSize, color, seed }),
    onStep: (done, { loss }) => onProgress?.({ stage: "steps", done, of: steps, loss }),
  });
  if (done < steps) signal!.throwIfAborted();
  const { config, weights } = studentFiles(state, student, preprocessing);
  const log = { ...JSON.parse(recipe), history: history.map((metrics, i) => ({ step: i + 1, ...metrics })) };
  const json = (value: object) => new TextEncoder().encode(`${JSON.stringify(value, undefined, 1)}\n`);
  const s2_vision = options.facts?.s2_vision;
  return { "config.json": json({ ...config, s2_vision }), "model.safetensors": weights, "log.json": json(log) };
}

/** Returns the views of a step: fewer, a multiple of 8, where the first file has not as many. */
async function stepSize(checkpoints: Checkpoints, shard: string, tilesPerView: TilesPerView): Promise<number> {
  const [drawn] = (await readShard(checkpoints, shard)).coarse.dims;
  return Math.max(8, Math.min(tilesPerStep / tilesPerView, 8 * Math.floor(drawn / 8)));
}

/** Returns the sizes of a student for images and patches of the teacher's sizes. */
function studentOf({ dim = 192, depth = 4, heads = 3, teacher: { traits } }: DistillOptions): VitShape {
  if (dim % heads !== 0 || dim % 4 !== 0)
    throw new S2Error("option", `dim is ${dim} with ${heads} heads; give a multiple of 4 and of heads.`);
  const { imageSize: [height, width] = [224, 224], patchSize = 16, prefixTokens, layout } = traits;
  const grid = height / patchSize;
  if (layout !== "bnc" || prefixTokens !== 1 || height !== width || grid % 2 !== 0)
    throw new S2Error(
      "training",
      `The teacher gives ${layout} with ${prefixTokens} prefix tokens for ${width}x${height} px in patches of ${patchSize}; expected tokens [b, n, c] with one [CLS] over a square grid of an even number of patches. Give such a teacher.`,
    );
  return { imageSize: height, patchSize, dim, depth, heads, mlpRatio: 4 };
}
