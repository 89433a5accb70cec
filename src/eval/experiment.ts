/** What an experiment is, and the sentences that it makes of its figures. */
import { S2Error } from "../core/index.ts";
import type { Interval, Score } from "../metrics/index.ts";
import type { Lab } from "./lab.ts";
import type { Result } from "./result.ts";

/** What a run finds; the rest of a `Result` is known to whoever runs it. */
export type Found = Pick<Result, "method" | "tables" | "plots" | "findings" | "seeds">;

export interface Experiment {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  run(lab: Lab): Promise<Found>;
}

/** The same figure in percent. */
export const percent = ({ photos, measure }: Score): Score => ({ photos, measure: (times) => 100 * measure(times) });

/** How a figure is written and read. */
export interface Measure {
  /** "mIoU", "AbsRel". */
  readonly name: string;
  /** "points", "m"; none for a number alone. */
  readonly unit?: string;
  readonly better: "higher" | "lower";
  readonly digits?: number;
}

/** Whether a difference is one that other photos would show too: its interval leaves out 0. */
export const isClear = ({ low, high }: Interval): boolean => low > 0 || high < 0;

/** "1x+2x is better than 1x: mIoU +3.1 points (1.0 to 5.2)", or that these photos do not tell the two apart. */
export function verdict(what: string, than: string, difference: Interval, { name, unit, better, digits = 1 }: Measure): string {
  const sign = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;
  const figures = `${name} ${sign(difference.value)}${unit ? ` ${unit}` : ""} (${sign(difference.low)} to ${sign(difference.high)})`;
  if (!isClear(difference)) return `${what} and ${than} cannot be told apart on these photos: ${figures}.`;
  const good = difference.value > 0 === (better === "higher");
  return `${what} is ${good ? "better" : "worse"} than ${than}: ${figures}.`;
}

/**
 * The experiment of a name.
 * @throws S2Error "experiment" for a name that none has.
 */
export function findExperiment(experiments: readonly Experiment[], name: string): Experiment {
  const found = experiments.find((each) => each.name === name);
  if (found) return found;
  throw new S2Error(
    "experiment",
    `There is no experiment "${name}"; expected ${experiments.map((each) => each.name).join(", ")}.`,
  );
}
