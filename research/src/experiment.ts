/** The interface of experiments, and the sentences that state their comparisons. */
import type { Interval, Score } from "s2-vision/metrics";
import type { ExperimentContext } from "./context.ts";
import type { Outcome } from "./result.ts";

export interface Experiment {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  /** Paths of the models that it compares, below the folders of models; without one, `--model` names the model. */
  readonly ladder?: readonly string[];
  /** True for figures by construction: there is no model and no data, and `run` may not use its context. */
  readonly withoutModel?: boolean;
  run(context: ExperimentContext): Promise<Outcome>;
}

/** Converts a score from a fraction to percent. */
export const percent = ({ images, measure }: Score): Score => ({ images, measure: (times) => 100 * measure(times) });

/** A figure's name, unit and direction. */
export interface Measure {
  /** "mIoU", "AbsRel". */
  readonly name: string;
  /** "points", "cm"; undefined for a plain number. */
  readonly unit?: string;
  readonly better: "higher" | "lower";
  readonly digits?: number;
}

/** Returns true if the confidence interval of a difference excludes 0. */
export const isSignificant = ({ low, high }: Interval): boolean => low > 0 || high < 0;

/** Makes a sentence of a difference: "1x+2x is better than 1x: mIoU +3.1 points (+1.0 to +5.2).", or that it is not significant. */
export function verdict(
  name: string,
  baseline: string,
  difference: Interval,
  { name: figure, unit, better, digits = 1 }: Measure,
): string {
  const sign = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;
  const figures = `${figure} ${sign(difference.value)}${unit ? ` ${unit}` : ""} (${sign(difference.low)} to ${sign(difference.high)})`;
  if (!isSignificant(difference)) return `${name} and ${baseline} do not differ significantly: ${figures}.`;
  const isBetter = difference.value > 0 === (better === "higher");
  return `${name} is ${isBetter ? "better" : "worse"} than ${baseline}: ${figures}.`;
}
