/** Multinomial logistic regression: scikit-learn's objective on standardized features. */
import { type Batches, type LabeledBatch, withLabelWeights } from "./batches.ts";
import { labelLoss } from "./cross-entropy.ts";
import { fitWithLbfgs } from "./fit-lbfgs.ts";
import type { FittedHead, HeadOptions } from "./options.ts";
import type { ProbeHead } from "./probe.ts";

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
