/**
 * Which classes are in an image, how often and where: each token's expected number of objects is softplus(score), an inhomogeneous Poisson
 * process over the tokens. Its sum is the expected count, and 1 - exp(-sum) the probability that there is one at all; of a single token
 * that is sigmoid(score), so presence is the noisy-or of the tokens' logistic regressions.
 */
import { array, string } from "valibot";
import type { Tensor } from "../core/index.ts";
import type { ImageTokens } from "../features/index.ts";
import { Div, input, Log, Max, Mul, type OpenGraph, ReduceSum, Sigmoid, Softplus, Sub } from "../onnx/index.ts";
import { fitWithLbfgs, oneImage, type ScoreLoss, total } from "./fit-lbfgs.ts";
import { checkFields, checkHead, type FeatureHead } from "./head.ts";
import { mapFile, type OpenedHead, runMap } from "./probe.ts";
import { type Batches, channelsOf, type FeatureBatch, type FitOptions, type FittedHead, mapBatches } from "./rows.ts";
import { gridFeatures, type LabeledPoint, tokenOf } from "./tokens.ts";

/** Tensors: weight [classes, channels] and bias [classes], of tokens as they are. */
export interface ObjectsHead extends FeatureHead {
  readonly kind: "objects";
  readonly classes: readonly string[];
  readonly tensors: { readonly weight: Tensor; readonly bias: Tensor };
}

/** An image and its objects: the class of each, and its middle in pixels of the image. */
export interface LabeledObjects {
  readonly tokens: ImageTokens;
  readonly objects: readonly LabeledPoint[];
}

export interface ObjectsOptions extends FitOptions {
  readonly classes: readonly string[];
  /** Channels of each scale. */
  readonly channelsPerScale: readonly number[];
  /** The weight of half the sum of squares beside the mean loss of an image. A list is chosen from by the validation images. */
  readonly decay: number | readonly number[];
  /** Whether it is known where objects are ("places", default), or only which and how many an image has ("images"). */
  readonly from?: "places" | "images";
  readonly validation?: Batches<LabeledObjects>;
  /** The most steps for each decay; default 1000. */
  readonly iterations?: number;
  /** Largest partial derivative of the mean loss at rest; default 1e-6. */
  readonly tolerance?: number;
}

/** What is told of an image. */
export interface ObjectPrediction {
  /** Of each class: the expected number of objects. */
  readonly counts: Float32Array;
  /** Of each class: the probability that there is one. */
  readonly presence: Float32Array;
  /** Of each token and class: the expected number of objects whose middle is there, [rows·cols, classes]. */
  readonly locations: Float32Array;
}

/**
 * Fits by L-BFGS the likelihood of a Poisson process: Σ expected - Σ log expected at each object's token, or of each image's count.
 * From places the loss is convex.
 * @throws S2Error "option", "rows", "labels" for what cannot be fitted; the signal's reason when aborted.
 */
export async function fitObjects(train: Batches<LabeledObjects>, options: ObjectsOptions): Promise<FittedHead<ObjectsHead>> {
  const { classes, channelsPerScale, decay, from = "places" } = options;
  const counted = (images: Batches<LabeledObjects>) =>
    mapBatches(images, (image): CountRows => {
      const { rows, cols } = image.tokens.grid;
      return {
        features: gridFeatures(image.tokens, channelsPerScale),
        counts: countsOf(image, classes.length, from),
        tokens: rows * cols,
      };
    });
  const { map, ...how } = await fitWithLbfgs(counted(train), poissonLoss(classes.length, from), {
    ...options,
    validation: options.validation && counted(options.validation),
    by: "decay",
    regularization: decay,
  });
  return { head: { kind: "objects", classes, channelsPerScale, tensors: { ...map } }, ...how };
}

/** Tokens of one image, and the number of objects of each class: of each token, or of all. */
interface CountRows extends FeatureBatch {
  readonly counts: Float32Array;
  readonly tokens: number;
}

function countsOf({ tokens, objects }: LabeledObjects, classes: number, from: "places" | "images"): Float32Array {
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

/** Σ expected - Σ count · log expected; log count! is left out. Each image counts as one. */
const poissonLoss = (classes: number, from: "places" | "images"): ScoreLoss<CountRows> => ({
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
      count: oneImage(scores),
    };
  },
  feeds: ({ features, counts, tokens }) => ({
    rows: { dims: [tokens, features.length / tokens], data: features },
    counts: { dims: [counts.length / classes, classes], data: counts },
  }),
});

/**
 * Opens it: what classes an image has, how often, and where.
 * @throws S2Error "head" for another head or misshapen tensors; `predict` "rows" for tokens of other scales.
 */
export async function openObjects(head: ObjectsHead, openGraph: OpenGraph): Promise<OpenedHead<ImageTokens, ObjectPrediction>> {
  checkFields(head, "objects", { classes: array(string()) });
  const { classes, channelsPerScale, tensors } = head;
  const channels = channelsOf(channelsPerScale);
  checkHead(head, "objects", { weight: [classes.length, channels], bias: [classes.length] });
  const graph = await openGraph(mapFile(tensors, channels, Softplus));
  return {
    async predict(tokens) {
      const rows = gridFeatures(tokens, channelsPerScale);
      const result = await runMap(graph, rows, channels);
      const locations = result;
      const counts = new Float32Array(classes.length);
      for (let i = 0; i < locations.length; i++) counts[i % classes.length] += locations[i];
      return { counts, presence: counts.map((count) => -Math.expm1(-count)), locations };
    },
    close: () => graph.close(),
  };
}
