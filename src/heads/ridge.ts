/** Ridge regression in closed form, of values and of classes. */
import type { ProbeHead } from "./probe.ts";
import { meanSquare, productsFile, productsOf, solveRidge } from "./products.ts";
import {
  type Batches,
  channelsOf,
  type FitOptions,
  type FittedHead,
  type LabeledBatch,
  mapBatches,
  regularizationsOf,
  type TargetBatch,
  type Trial,
} from "./rows.ts";
import { foldStandardization, type LinearMap, type Solution, standardizationOf } from "./standardize.ts";

export interface RidgeOptions extends FitOptions {
  /** Channels of each scale. */
  readonly channelsPerScale: readonly number[];
  /** scikit-learn's alpha: the larger, the more the weights are held back. A list is chosen from by the validation rows. */
  readonly alpha: number | readonly number[];
}

/**
 * Fits Σ (target - value)² + alpha · Σ weight², the bias not penalised (scikit-learn's Ridge), on features that are standardized per
 * channel with equal weight per scale (`standardOf`). `names` are what the values are called. The validation loss is the mean over rows
 * of the squared difference.
 * @throws S2Error "option", "rows", "labels" for what cannot be fitted; the signal's reason when aborted.
 */
export async function fitRidge(
  train: Batches<TargetBatch>,
  options: RidgeOptions & { readonly names: readonly string[]; readonly validation?: Batches<TargetBatch> },
): Promise<FittedHead<ProbeHead>> {
  const { names, channelsPerScale } = options;
  const { map, ...how } = await ridgeMap(train, names.length, options);
  return { head: { kind: "probe", gives: "values", names, channelsPerScale, tensors: { ...map } }, ...how };
}

/** Ridge regression on 1 for the row's class and -1 for the others (scikit-learn's RidgeClassifier); the largest score is the class. */
export async function fitRidgeClassifier(
  train: Batches<LabeledBatch>,
  options: RidgeOptions & { readonly classes: readonly string[]; readonly validation?: Batches<LabeledBatch> },
): Promise<FittedHead<ProbeHead>> {
  const { classes, channelsPerScale, validation } = options;
  const held = validation && signed(validation, classes.length);
  const { map, ...how } = await ridgeMap(signed(train, classes.length), classes.length, { ...options, validation: held });
  return { head: { kind: "probe", gives: "scores", names: classes, channelsPerScale, tensors: { ...map } }, ...how };
}

/** 1 and -1 for labels; a row whose label is no class has no weight. */
const signed = (batches: Batches<LabeledBatch>, classes: number): Batches<TargetBatch> =>
  mapBatches(batches, ({ features, labels }) => {
    const targets = new Float32Array(labels.length * classes).fill(-1);
    const weights = new Float32Array(labels.length);
    for (let i = 0; i < labels.length; i++) {
      if (labels[i] < 0 || labels[i] >= classes) continue;
      targets[i * classes + labels[i]] = 1;
      weights[i] = 1;
    }
    return { features, targets, weights };
  });

/** The map of the alpha with the least validation loss; one pass for mean and deviation, one for the products. */
export async function ridgeMap(
  train: Batches<TargetBatch>,
  outputs: number,
  options: RidgeOptions & { readonly validation?: Batches<TargetBatch> },
): Promise<{ map: LinearMap; chosen: Trial; trials: readonly Trial[] }> {
  const { channelsPerScale, alpha, validation, signal, onProgress } = options;
  const list = regularizationsOf("alpha", alpha, validation);
  const standard = await standardizationOf(train, channelsPerScale, options);
  const graph = await options.openGraph(productsFile(standard, outputs));
  try {
    const products = await productsOf(graph, train, channelsOf(channelsPerScale), outputs, options);
    const held = validation && (await productsOf(graph, validation, channelsOf(channelsPerScale), outputs, options));
    const trials: Trial[] = [];
    let best: { readonly trial: Trial; readonly solution: Solution } | undefined;
    for (const [i, regularization] of list.entries()) {
      signal?.throwIfAborted();
      const solution = solveRidge(products, regularization);
      const squares = solution.weight.reduce((sum, value) => sum + value * value, 0);
      const loss = meanSquare(products, solution) + (regularization * squares) / products.count;
      const trial: Trial = {
        ...{ regularization, loss, iterations: 0, converged: true },
        ...(held && { validation: meanSquare(held, solution) }),
      };
      trials.push(trial);
      if (!best || trial.validation! < best.trial.validation!) best = { trial, solution };
      onProgress?.({ step: `alpha = ${regularization}`, done: i + 1, of: list.length, loss });
    }
    return { map: foldStandardization(best!.solution, standard), chosen: best!.trial, trials };
  } finally {
    await graph.close();
  }
}
