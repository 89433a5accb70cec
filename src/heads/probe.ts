/** Linear probes, fitted by logistic or ridge regression: a linear map of image vectors to probabilities of classes, to scores, or to values. */
import { array, picklist, string } from "valibot";
import type { Tensor } from "../core/index.ts";
import { type OpenGraph, type ShapedValue, Softmax } from "../onnx/index.ts";
import { type Batches, type LabeledBatch, mapBatches, type TargetBatch, withLabelWeights } from "./batches.ts";
import { labelLoss } from "./cross-entropy.ts";
import { fitWithLbfgs } from "./fit-lbfgs.ts";
import { checkHead, type FeatureHead, linearDims } from "./head.ts";
import { linearRows, type OpenedHead, openRows } from "./linear.ts";
import type { FittedHead, HeadOptions } from "./options.ts";
import { type RidgeOptions, ridgeMap } from "./ridge.ts";

/** A linear probe, of logistic or ridge regression. */
export interface ProbeHead extends FeatureHead {
  readonly kind: "probe";
  /** "probabilities" sum to 1 (logistic regression); "scores" are larger for a better class (ridge classifier); "values" are no classes. */
  readonly gives: "probabilities" | "scores" | "values";
  /** Names of the classes or of the values. */
  readonly names: readonly string[];
  /** Weight [outputs, channels] and bias [outputs], for features as they are (the standardization is folded in). */
  readonly tensors: { readonly weight: Tensor; readonly bias: Tensor };
}

/** Options of `fitLogistic`. */
export interface LogisticOptions extends HeadOptions<LabeledBatch> {
  /** Names of the classes, by label. */
  readonly classes: readonly string[];
  /** scikit-learn's C, the inverse of the regularization. Of a list, the best on the validation rows is taken. */
  readonly c: number | readonly number[];
  /** L-BFGS stops when no partial derivative of the mean loss is larger; default 1e-6. */
  readonly tolerance?: number;
}

/**
 * Fits C · Σ cross-entropy + ½ Σ weight², the bias not penalized (scikit-learn's LogisticRegression), by L-BFGS on features that are
 * standardized per channel with equal weight per scale. The validation loss is mean cross-entropy.
 * @throws S2Error "option", "rows", "labels" for what cannot be fitted; the signal's reason when aborted.
 */
export async function fitLogistic(train: Batches<LabeledBatch>, options: LogisticOptions): Promise<FittedHead<ProbeHead>> {
  const { classes, channelsPerScale, c } = options;
  const { map, ...trials } = await fitWithLbfgs(withLabelWeights(train, classes.length), labelLoss(classes.length), {
    ...options,
    penalty: "c",
    regularization: c,
  });
  return { head: { kind: "probe", gives: "probabilities", names: classes, channelsPerScale, tensors: { ...map } }, ...trials };
}

/**
 * Fits Σ (target - value)² + alpha · Σ weight², the bias not penalized (scikit-learn's Ridge), on features that are standardized per
 * channel with equal weight per scale. `names` are those of the values. The validation loss is the mean over rows of the squared
 * difference, summed over values.
 * @throws S2Error "option", "rows", "labels" for what cannot be fitted; the signal's reason when aborted.
 */
export async function fitRidge(
  train: Batches<TargetBatch>,
  options: RidgeOptions<TargetBatch> & { readonly names: readonly string[] },
): Promise<FittedHead<ProbeHead>> {
  const { names, channelsPerScale } = options;
  const { map, ...trials } = await ridgeMap(train, names.length, options);
  return { head: { kind: "probe", gives: "values", names, channelsPerScale, tensors: { ...map } }, ...trials };
}

/**
 * Fits ridge regression to 1 for a row's class and -1 for the others (scikit-learn's RidgeClassifier); the largest score is the class.
 * @throws S2Error "option", "rows", "labels" for what cannot be fitted; the signal's reason when aborted.
 */
export async function fitRidgeClassifier(
  train: Batches<LabeledBatch>,
  options: RidgeOptions<LabeledBatch> & { readonly classes: readonly string[] },
): Promise<FittedHead<ProbeHead>> {
  const { classes, channelsPerScale } = options;
  const validation = options.validation && withSigns(options.validation, classes.length);
  const { map, ...trials } = await ridgeMap(withSigns(train, classes.length), classes.length, { ...options, validation });
  return { head: { kind: "probe", gives: "scores", names: classes, channelsPerScale, tensors: { ...map } }, ...trials };
}

/** Makes targets of labels: 1 for the class and -1 for the others. */
const withSigns = (batches: Batches<LabeledBatch>, classes: number): Batches<TargetBatch> =>
  mapBatches(withLabelWeights(batches, classes), ({ features, labels, weights }) => ({
    ...{ features, weights },
    targets: Float32Array.from({ length: labels.length * classes }, (_, i) =>
      labels[Math.floor(i / classes)] === i % classes ? 1 : -1,
    ),
  }));

/**
 * Opens a probe; it maps features [n, channels] to [n, names].
 * @throws S2Error "head" for another head or tensors of a wrong shape; `predict` "rows" for features of other channels.
 */
export async function openProbe(head: ProbeHead, openGraph: OpenGraph): Promise<OpenedHead<Float32Array, Float32Array>> {
  const build = (rows: ShapedValue) => probeRows(head, rows);
  return openRows(openGraph, checkProbe(head), build, (features: Float32Array, run) => run(features));
}

/** Checks a probe and returns its channels. @throws S2Error "head". */
export function checkProbe(head: ProbeHead): number {
  const fields = { gives: picklist(["probabilities", "scores", "values"]), names: array(string()) };
  return checkHead(head, "probe", fields, (channels) => linearDims(head.names.length, channels));
}

/** Adds a probe to the graph of rows [n, channels]: [n, names]. */
export function probeRows({ gives, tensors }: ProbeHead, rows: ShapedValue): ShapedValue {
  const scores = linearRows(rows, tensors);
  return gives === "probabilities" ? Softmax(scores) : scores;
}
