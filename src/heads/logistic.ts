/** Multinomial logistic regression: scikit-learn's objective on standardized features. */
import { labelLoss } from "./cross-entropy.ts";
import { fitWithLbfgs } from "./fit-lbfgs.ts";
import type { ProbeHead } from "./probe.ts";
import type { Batches, FitOptions, FittedHead, LabeledBatch } from "./rows.ts";

export interface LogisticOptions extends FitOptions {
  /** Names of the classes; labels count them. */
  readonly classes: readonly string[];
  /** Channels of each scale. */
  readonly channelsPerScale: readonly number[];
  /** scikit-learn's C: the larger, the less the weights are held back. A list is chosen from by the validation rows. */
  readonly c: number | readonly number[];
  readonly validation?: Batches<LabeledBatch>;
  /** Largest partial derivative of the mean loss at rest; default 1e-6. */
  readonly tolerance?: number;
}

/**
 * Fits C · Σ cross-entropy + ½ Σ weight², the bias not penalised (scikit-learn's LogisticRegression), by L-BFGS on features that are
 * standardized per channel with equal weight per scale (`standardOf`). The validation loss is mean cross-entropy.
 * @throws S2Error "option", "rows", "labels" for what cannot be fitted; the signal's reason when aborted.
 */
export async function fitLogistic(train: Batches<LabeledBatch>, options: LogisticOptions): Promise<FittedHead<ProbeHead>> {
  const { classes, channelsPerScale, c } = options;
  const { map, ...how } = await fitWithLbfgs(train, labelLoss(classes.length), { ...options, by: "c", regularization: c });
  return { head: { kind: "probe", gives: "probabilities", names: classes, channelsPerScale, tensors: { ...map } }, ...how };
}
