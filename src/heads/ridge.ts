/** Ridge regression in closed form, of values and of classes. */
import type { ProbeHead } from "./probe.ts";
import { meanSquare, productsFile, productsOf, solveRidge } from "./products.ts";
import {
  type Batches,
  channelsOf,
  type FitOptions,
  type FittedHead,
  type LabelledRows,
  mapped,
  regularisations,
  type TargetRows,
  type Trial,
} from "./rows.ts";
import { folded, type LinearMap, type Solution, standardOf } from "./standardise.ts";

export interface RidgeOptions extends FitOptions {
  /** Channels of each scale. */
  readonly widths: readonly number[];
  /** scikit-learn's alpha: the larger, the more the weights are held back. A list is chosen from by the validation rows. */
  readonly alpha: number | readonly number[];
}

/**
 * Fits Σ (target - value)² + alpha · Σ weight², the bias not penalised (scikit-learn's Ridge), on features that are standardised per
 * channel with equal weight per scale (`standardOf`). `names` are what the values are called. The validation loss is the mean over rows
 * of the squared difference.
 * @throws S2Error "option", "rows", "labels" for what cannot be fitted; the signal's reason when aborted.
 */
export async function fitRidge(
  train: Batches<TargetRows>,
  options: RidgeOptions & { readonly names: readonly string[]; readonly validation?: Batches<TargetRows> },
): Promise<FittedHead<ProbeHead>> {
  const { names, widths } = options;
  const { map, ...how } = await ridgeMap(train, names.length, options);
  return { head: { kind: "probe", gives: "values", names, widths, tensors: { ...map } }, ...how };
}

/** Ridge regression on 1 for the row's class and -1 for the others (scikit-learn's RidgeClassifier); the largest score is the class. */
export async function fitRidgeClassifier(
  train: Batches<LabelledRows>,
  options: RidgeOptions & { readonly classes: readonly string[]; readonly validation?: Batches<LabelledRows> },
): Promise<FittedHead<ProbeHead>> {
  const { classes, widths, validation } = options;
  const held = validation && signed(validation, classes.length);
  const { map, ...how } = await ridgeMap(signed(train, classes.length), classes.length, { ...options, validation: held });
  return { head: { kind: "probe", gives: "scores", names: classes, widths, tensors: { ...map } }, ...how };
}

/** 1 and -1 for labels; a row whose label is no class has no weight. */
const signed = (batches: Batches<LabelledRows>, classes: number): Batches<TargetRows> =>
  mapped(batches, ({ rows, labels }) => {
    const targets = new Float32Array(labels.length * classes).fill(-1);
    const weights = new Float32Array(labels.length);
    for (let i = 0; i < labels.length; i++) {
      if (labels[i] < 0 || labels[i] >= classes) continue;
      targets[i * classes + labels[i]] = 1;
      weights[i] = 1;
    }
    return { rows, targets, weights };
  });

/** The map of the alpha with the least validation loss; one pass for mean and deviation, one for the products. */
export async function ridgeMap(
  train: Batches<TargetRows>,
  outputs: number,
  options: RidgeOptions & { readonly validation?: Batches<TargetRows> },
): Promise<{ map: LinearMap; chosen: Trial; trials: readonly Trial[] }> {
  const { widths, alpha, validation, signal, onProgress } = options;
  const list = regularisations("alpha", alpha, validation);
  const standard = await standardOf(train, widths, options);
  const graph = await options.openGraph(productsFile(standard, outputs));
  try {
    const products = await productsOf(graph, train, channelsOf(widths), outputs, options);
    const held = validation && (await productsOf(graph, validation, channelsOf(widths), outputs, options));
    const trials: Trial[] = [];
    let best: { readonly trial: Trial; readonly solution: Solution } | undefined;
    for (const [i, regularisation] of list.entries()) {
      signal?.throwIfAborted();
      const solution = solveRidge(products, regularisation);
      const squares = solution.weight.reduce((sum, value) => sum + value * value, 0);
      const loss = meanSquare(products, solution) + (regularisation * squares) / products.count;
      const trial: Trial = {
        ...{ regularisation, loss, iterations: 0, converged: true },
        ...(held && { validation: meanSquare(held, solution) }),
      };
      trials.push(trial);
      if (!best || trial.validation! < best.trial.validation!) best = { trial, solution };
      onProgress?.({ step: `alpha = ${regularisation}`, done: i + 1, of: list.length, loss });
    }
    return { map: folded(best!.solution, standard), chosen: best!.trial, trials };
  } finally {
    await graph.close();
  }
}
