/** Multinomial logistic regression: scikit-learn's objective on standardised features. */
import { labelLoss } from "./cross-entropy.ts";
import { descend } from "./descend.ts";
import type { ProbeHead } from "./probe.ts";
import type { Batches, FitOptions, FittedHead, LabelledRows } from "./rows.ts";

export interface LogisticOptions extends FitOptions {
  /** Names of the classes; labels count them. */
  readonly classes: readonly string[];
  /** Channels of each scale. */
  readonly widths: readonly number[];
  /** scikit-learn's C: the larger, the less the weights are held back. A list is chosen from by the validation rows. */
  readonly c: number | readonly number[];
  readonly validation?: Batches<LabelledRows>;
  /** Largest partial derivative of the mean loss at rest; default 1e-6. */
  readonly tolerance?: number;
}

/**
 * Fits C · Σ cross-entropy + ½ Σ weight², the bias not penalised (scikit-learn's LogisticRegression), by L-BFGS on features that are
 * standardised per channel with equal weight per scale (`standardOf`). The validation loss is mean cross-entropy.
 * @throws S2Error "option", "rows", "labels" for what cannot be fitted; the signal's reason when aborted.
 */
export async function fitLogistic(train: Batches<LabelledRows>, options: LogisticOptions): Promise<FittedHead<ProbeHead>> {
  const { classes, widths, c } = options;
  const { map, ...how } = await descend(train, labelLoss(classes.length), { ...options, by: "c", regularisation: c });
  return { head: { kind: "probe", gives: "probabilities", names: classes, widths, tensors: { ...map } }, ...how };
}
