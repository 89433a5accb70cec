/**
 * Which classes are in a photo, how often and where: each token's expected number of objects is softplus(score), an inhomogeneous Poisson
 * process over the tokens. Its sum is the expected count, and 1 - exp(-sum) the probability that there is one at all; of a single token
 * that is sigmoid(score), so presence is the noisy-or of the tokens' logistic regressions.
 */
import { array, string } from "valibot";
import type { Tensor } from "../core/index.ts";
import type { PhotoTokens } from "../features/index.ts";
import { Div, input, Log, Max, Mul, type OpenGraph, ReduceSum, Sigmoid, Softplus, Sub } from "../onnx/index.ts";
import { descend, onePhoto, type ScoreLoss, total } from "./descend.ts";
import { checkFields, checkHead, type FeatureHead } from "./head.ts";
import { mapFile, type OpenedHead, runMap } from "./probe.ts";
import { type Batches, channelsOf, type FitOptions, type FittedHead, mapped, type Rows } from "./rows.ts";
import { gridRows, type LabelledPoint, tokenOf } from "./tokens.ts";

/** Tensors: weight [classes, channels] and bias [classes], of tokens as they are. */
export interface ObjectsHead extends FeatureHead {
  readonly kind: "objects";
  readonly classes: readonly string[];
  readonly tensors: { readonly weight: Tensor; readonly bias: Tensor };
}

/** A photo and its objects: the class of each, and its middle in pixels of the photo. */
export interface PhotoOfObjects {
  readonly tokens: PhotoTokens;
  readonly objects: readonly LabelledPoint[];
}

export interface ObjectsOptions extends FitOptions {
  readonly classes: readonly string[];
  /** Channels of each scale. */
  readonly widths: readonly number[];
  /** The weight of half the sum of squares beside the mean loss of a photo. A list is chosen from by the validation photos. */
  readonly decay: number | readonly number[];
  /** Whether it is known where objects are ("places", default), or only which and how many a photo has ("photos"). */
  readonly from?: "places" | "photos";
  readonly validation?: Batches<PhotoOfObjects>;
  /** The most steps for each decay; default 1000. */
  readonly iterations?: number;
  /** Largest partial derivative of the mean loss at rest; default 1e-6. */
  readonly tolerance?: number;
}

/** What is told of a photo. */
export interface ToldObjects {
  /** Of each class: the expected number of objects. */
  readonly counts: Float32Array;
  /** Of each class: the probability that there is one. */
  readonly presence: Float32Array;
  /** Of each token and class: the expected number of objects whose middle is there, [rows·cols, classes]. */
  readonly places: Float32Array;
}

/**
 * Fits by L-BFGS the likelihood of a Poisson process: Σ expected - Σ log expected at each object's token, or of each photo's count.
 * From places the loss is convex.
 * @throws S2Error "option", "rows", "labels" for what cannot be fitted; the signal's reason when aborted.
 */
export async function fitObjects(train: Batches<PhotoOfObjects>, options: ObjectsOptions): Promise<FittedHead<ObjectsHead>> {
  const { classes, widths, decay, from = "places" } = options;
  const counted = (photos: Batches<PhotoOfObjects>) =>
    mapped(photos, (photo): CountRows => {
      const { rows, cols } = photo.tokens.grid;
      return { rows: gridRows(photo.tokens, widths), counts: countsOf(photo, classes.length, from), tokens: rows * cols };
    });
  const { map, ...how } = await descend(counted(train), poissonLoss(classes.length, from), {
    ...options,
    validation: options.validation && counted(options.validation),
    by: "decay",
    regularisation: decay,
  });
  return { head: { kind: "objects", classes, widths, tensors: { ...map } }, ...how };
}

/** Tokens of one photo, and the number of objects of each class: of each token, or of all. */
interface CountRows extends Rows {
  readonly counts: Float32Array;
  readonly tokens: number;
}

function countsOf({ tokens, objects }: PhotoOfObjects, classes: number, from: "places" | "photos"): Float32Array {
  const { rows, cols } = tokens.grid;
  const counts = new Float32Array(from === "places" ? rows * cols * classes : classes);
  for (const object of objects) {
    const token = tokenOf(tokens, object, classes);
    counts[(from === "places" ? token : 0) * classes + object.label]++;
  }
  return counts;
}

/** Below it float32 has no softplus. */
const lowest = -80;

/** Σ expected - Σ count · log expected; log count! is left out. Each photo counts as one. */
const poissonLoss = (classes: number, from: "places" | "photos"): ScoreLoss<CountRows> => ({
  outputs: classes,
  bias: -4,
  build(scores) {
    const cut = Max(scores, lowest);
    const counts = input(scores.graph, "counts", "float32", [from === "places" ? scores.dims[0] : 1, classes]);
    const each = Softplus(cut);
    const expected = from === "places" ? each : ReduceSum(each, [0]);
    return {
      loss: total(Sub(expected, Mul(counts, Log(expected)))),
      gradient: Mul(Sigmoid(cut), Sub(1, Div(counts, expected))),
      count: onePhoto(scores),
    };
  },
  feeds: ({ rows, counts, tokens }) => ({
    rows: { dims: [tokens, rows.length / tokens], data: rows },
    counts: { dims: [counts.length / classes, classes], data: counts },
  }),
});

/**
 * Opens it: what classes a photo has, how often, and where.
 * @throws S2Error "head" for another head or misshapen tensors; `predict` "rows" for tokens of other scales.
 */
export async function openObjects(head: ObjectsHead, openGraph: OpenGraph): Promise<OpenedHead<PhotoTokens, ToldObjects>> {
  checkFields(head, "objects", { classes: array(string()) });
  const { classes, widths, tensors } = head;
  const channels = channelsOf(widths);
  checkHead(head, "objects", { weight: [classes.length, channels], bias: [classes.length] });
  const graph = await openGraph(mapFile(tensors, channels, Softplus));
  return {
    async predict(tokens) {
      const rows = gridRows(tokens, widths);
      const result = await runMap(graph, rows, channels);
      const places = result;
      const counts = new Float32Array(classes.length);
      for (let i = 0; i < places.length; i++) counts[i % classes.length] += places[i];
      return { counts, presence: counts.map((count) => -Math.expm1(-count)), places };
    },
    close: () => graph.close(),
  };
}
