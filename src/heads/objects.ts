/**
 * Classes, counts and locations of objects: each token's expected number of objects is softplus(score), an inhomogeneous Poisson process
 * over the tokens. Its sum is the expected count, and 1 - exp(-sum) the probability of at least one object; for a single token that is
 * sigmoid(score), so presence is the noisy-or of the tokens' logistic regressions.
 */
import { array, string } from "valibot";
import type { Tensor } from "../core/index.ts";
import type { ImageTokens } from "../features/index.ts";
import { Div, input, Log, Max, Mul, type OpenGraph, ReduceSum, type ShapedValue, Sigmoid, Softplus, Sub } from "../onnx/index.ts";
import { type Batches, type FeatureBatch, mapBatches } from "./batches.ts";
import { fitWithLbfgs, oneImage, type ScoreLoss, total } from "./fit-lbfgs.ts";
import { checkHead, type FeatureHead, linearDims } from "./head.ts";
import { linearRows, type OpenedHead, openRows } from "./linear.ts";
import type { FittedHead, HeadOptions } from "./options.ts";
import { gridFeatures, type LabeledPoint, tokenOf } from "./tokens.ts";

/** A counting head. */
export interface ObjectsHead extends FeatureHead {
  readonly kind: "objects";
  /** Names of the classes, by label. */
  readonly classes: readonly string[];
  /** Weight [classes, channels] and bias [classes], for tokens as they are. */
  readonly tensors: { readonly weight: Tensor; readonly bias: Tensor };
}

/** An image and its objects. */
export interface LabeledObjects {
  readonly tokens: ImageTokens;
  /** The center of each object in pixels of the image, and its class. */
  readonly objects: readonly LabeledPoint[];
}

/** Options of `fitObjects`. */
export interface ObjectsOptions extends HeadOptions<LabeledObjects> {
  /** Names of the classes, by label. */
  readonly classes: readonly string[];
  /** Weight of ½ Σ weight² beside the mean loss of an image. Of a list, the best on the validation images is taken. */
  readonly decay: number | readonly number[];
  /** Supervision: the objects' locations ("places", default), or only their number in each image ("images"). */
  readonly from?: "places" | "images";
  /** Most steps of L-BFGS for each decay; default 1000. */
  readonly iterations?: number;
  /** L-BFGS stops when no partial derivative of the mean loss is larger; default 1e-6. */
  readonly tolerance?: number;
}

/** The objects that are expected in an image. */
export interface ObjectPrediction {
  /** Expected number of objects of each class. */
  readonly counts: Float32Array;
  /** Probability of at least one object of each class. */
  readonly presence: Float32Array;
  /** Expected number of objects whose center lies in each token, [rows·cols, classes]. */
  readonly locations: Float32Array;
}

/**
 * Fits the likelihood of a Poisson process by L-BFGS: Σ expected - Σ log expected at each object's token, or of each image's count.
 * With locations the loss is convex.
 * @throws S2Error "option", "rows", "labels" for what cannot be fitted; the signal's reason when aborted.
 */
export async function fitObjects(train: Batches<LabeledObjects>, options: ObjectsOptions): Promise<FittedHead<ObjectsHead>> {
  const { classes, channelsPerScale, decay, from = "places" } = options;
  const counted = (images: Batches<LabeledObjects>) =>
    mapBatches(images, ({ tokens, objects }): CountBatch => {
      const features = gridFeatures(tokens, channelsPerScale);
      const counts = new Float32Array((from === "places" ? tokens.grid.rows * tokens.grid.cols : 1) * classes.length);
      for (const object of objects) {
        const token = tokenOf(tokens, object, classes.length);
        counts[(from === "places" ? token : 0) * classes.length + object.label]++;
      }
      return { features, counts };
    });
  const { map, ...trials } = await fitWithLbfgs(counted(train), poissonLoss(classes.length, from), {
    ...options,
    validation: options.validation && counted(options.validation),
    ...{ penalty: "decay", regularization: decay },
  });
  return { head: { kind: "objects", classes, channelsPerScale, tensors: { ...map } }, ...trials };
}

/** Features of an image's tokens, and the number of objects of each class, [rows·cols, classes] or [1, classes]. */
interface CountBatch extends FeatureBatch {
  readonly counts: Float32Array;
}

/** The softplus of smaller scores is 0 in float32. */
const lowest = -80;

/** Σ expected - Σ count · log expected; log count! is left out. Each image counts as one. */
const poissonLoss = (classes: number, from: "places" | "images"): ScoreLoss<CountBatch> => ({
  outputs: classes,
  bias: -4,
  build(scores) {
    const clipped = Max(scores, lowest);
    const counts = input(scores.graph, "counts", "float32", [from === "places" ? scores.dims[0] : 1, classes]);
    const each = Softplus(clipped);
    const expected = from === "places" ? each : ReduceSum(each, [0]);
    return {
      loss: total(Sub(expected, Mul(counts, Log(expected)))),
      gradient: Mul(Sigmoid(clipped), Sub(1, Div(counts, expected))),
      count: oneImage(scores),
    };
  },
  feeds: ({ counts }) => ({ counts: { dims: [counts.length / classes, classes], data: counts } }),
});

/**
 * Opens the head; it predicts the classes, counts and locations of an image's objects.
 * @throws S2Error "head" for another head or tensors of a wrong shape; `predict` "rows" for tokens of other scales.
 */
export async function openObjects(head: ObjectsHead, openGraph: OpenGraph): Promise<OpenedHead<ImageTokens, ObjectPrediction>> {
  const { classes, channelsPerScale } = head;
  const build = (rows: ShapedValue) => objectRows(head, rows);
  return openRows(openGraph, checkObjects(head), build, async (tokens: ImageTokens, run) => {
    const locations = await run(gridFeatures(tokens, channelsPerScale));
    const counts = new Float32Array(classes.length);
    for (let i = 0; i < locations.length; i++) counts[i % classes.length] += locations[i];
    return { counts, presence: counts.map((count) => -Math.expm1(-count)), locations };
  });
}

/** Checks a counting head and returns its channels. @throws S2Error "head". */
export const checkObjects = (head: ObjectsHead): number =>
  checkHead(head, "objects", { classes: array(string()) }, (channels) => linearDims(head.classes.length, channels));

/** Adds a counting head to the graph of tokens [n, channels]: expected objects [n, classes]. */
export const objectRows = ({ tensors }: ObjectsHead, rows: ShapedValue): ShapedValue => Softplus(linearRows(rows, tensors));
