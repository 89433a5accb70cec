/** Ridge regression in closed form, of values and of classes. */
import { type Batches, channelsOf, type LabeledBatch, mapBatches, type TargetBatch, withLabelWeights } from "./batches.ts";
import type { FittedHead, HeadOptions } from "./options.ts";
import type { ProbeHead } from "./probe.ts";
import { meanSquare, productsFile, productsOf, solveRidge } from "./products.ts";
import { standardizationOf } from "./standardize.ts";
import { bestMap, type FittedMap, regularizationsOf } from "./trials.ts";

/** Options of fits by ridge regression. */
export interface RidgeOptions<B> extends HeadOptions<B> {
  /** scikit-learn's alpha, the regularization. Of a list, the best on the validation rows is taken. */
  readonly alpha: number | readonly number[];
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

/** Fits the map of the alpha with the least validation loss; one pass for mean and deviation, one for the products. */
export async function ridgeMap(
  train: Batches<TargetBatch>,
  outputs: number,
  options: RidgeOptions<TargetBatch>,
): Promise<FittedMap> {
  const { channelsPerScale, alpha, validation, signal, onProgress } = options;
  const list = regularizationsOf("alpha", alpha, validation);
  const standardization = await standardizationOf(train, channelsPerScale, options);
  const graph = await options.openGraph(productsFile(standardization, outputs));
  try {
    const products = await productsOf(graph, train, channelsOf(channelsPerScale), outputs, options);
    const held = validation && (await productsOf(graph, validation, channelsOf(channelsPerScale), outputs, options));
    let done = 0;
    return await bestMap(list, standardization, async (regularization) => {
      signal?.throwIfAborted();
      const solution = solveRidge(products, regularization);
      const squares = solution.weight.reduce((sum, value) => sum + value * value, 0);
      const loss = meanSquare(products, solution) + (regularization * squares) / products.count;
      onProgress?.({ step: `alpha = ${regularization}`, done: ++done, of: list.length, loss });
      const validation = held && { validation: meanSquare(held, solution) };
      return { trial: { regularization, loss, iterations: 0, converged: true, ...validation }, solution };
    });
  } finally {
    await graph.close();
  }
}
