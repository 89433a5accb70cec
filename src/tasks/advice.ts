/** Whether S² is worth it on a data set: a verdict in sentences, made of figures on the same photos and of costs. */

import type { Interval } from "../metrics/index.ts";
import { compare } from "../metrics/index.ts";
import type { TaskFigure } from "./figures.ts";

/** Of one photo, in the middle. */
export interface Cost {
  /** Runs of the model on one tile. */
  readonly tiles: number;
  readonly milliseconds: number;
  /** Of features that are kept, 10⁶ bytes. */
  readonly megabytes: number;
}

/** A way of looking, its deciding figure on the test photos, and its cost. */
export interface Candidate {
  readonly name: string;
  readonly figure: TaskFigure;
  readonly cost: Cost;
}

export interface Candidates {
  /** One scale. */
  readonly single: Candidate;
  /** S², from the cheapest to the dearest; one at least. */
  readonly multi: readonly Candidate[];
  /** The dearest of `multi` in as many channels as one scale has. */
  readonly narrow?: Candidate;
  /** The dearest of `multi` on photos that were reduced to the model's size first. */
  readonly enlarged?: Candidate;
  /** More pixels at once without S². */
  readonly whole?: Candidate;
  /** A larger model at one scale. */
  readonly larger?: Candidate;
}

export interface Advice {
  /** The name of what to use; of the ways with this model. */
  readonly use: string;
  /** Whether S² is better than one scale beyond chance. */
  readonly helps: boolean;
  readonly sentences: readonly string[];
}

/** How much better `a` is than `b` on the same photos: above 0 is better, whichever way the figure runs. */
export function gain(a: Candidate, b: Candidate): Interval {
  const { value, low, high } = compare(a.figure.score, b.figure.score);
  return a.figure.better === "higher" ? { value, low, high } : { value: 0 - value, low: 0 - high, high: 0 - low };
}

/** The cheapest way that beats one scale, or a dearer one that beats that too; a gain counts where its 95 % interval lies above 0. */
export function adviseOn(candidates: Candidates): Advice {
  const { single, multi } = candidates;
  let best = single;
  for (const candidate of multi) if (gain(candidate, best).low > 0) best = candidate;
  const helps = best !== single;
  const dearest = multi[multi.length - 1];
  const sentences = [helps ? worthIt(best, single) : notWorthIt(single, multi), ...controls(candidates, dearest, helps)];
  const { larger } = candidates;
  if (larger) sentences.push(against(larger, helps ? best : single, `The larger model, ${larger.name},`));
  return { use: best.name, helps, sentences };
}

function worthIt(best: Candidate, single: Candidate): string {
  const times = (best.cost.tiles / single.cost.tiles).toFixed(1);
  const cost = `${times} times the tiles, ${ms(best)} a photo instead of ${ms(single)}, ${best.cost.megabytes.toFixed(2)} MB of features instead of ${single.cost.megabytes.toFixed(2)}`;
  return `Use ${best.name}: ${best.figure.name} is ${said(gain(best, single), best)} better than at ${single.name}. It costs ${cost}.`;
}

const ms = ({ cost }: Candidate) => `${cost.milliseconds.toFixed(0)} ms`;

function notWorthIt(single: Candidate, multi: readonly Candidate[]): string {
  const gains = multi.map((candidate) => ({ candidate, found: gain(candidate, single) }));
  const each = gains.map(({ candidate, found }) => `${candidate.name} ${said(found, candidate)}`).join(", ");
  const reach = Math.max(...gains.map(({ found }) => (found.high - found.low) / 2));
  const photos = single.figure.score.photos.length;
  const blind =
    reach > 0
      ? `On ${photos} test photos a gain of less than about ${amount(reach, single)} would not show.`
      : `On the ${photos} test photos all ways are right and wrong alike; harder ones would tell more.`;
  const worse = gains.every(({ found }) => found.high < 0);
  const why = worse ? `it makes ${single.figure.name} worse` : `what it adds to ${single.figure.name} may be chance`;
  return `Do not use S² here: ${why} (better than ${single.name} by: ${each}). ${blind}`;
}

function controls({ single, narrow, enlarged, whole }: Candidates, dearest: Candidate, helps: boolean): string[] {
  const sentences: string[] = [];
  if (narrow) {
    const found = gain(narrow, single);
    const meaning =
      found.low > 0
        ? "what it sees counts, not the number of channels"
        : helps
          ? "the gain may be that of more channels"
          : "no gain here either";
    sentences.push(
      `Width: ${dearest.name} in the channels of one scale is ${said(found, narrow)} better than ${single.name}; ${meaning}.`,
    );
  }
  if (enlarged) {
    const found = gain(dearest, enlarged);
    const meaning = found.low > 0 ? "the photos' own detail counts" : "the photos' own detail is not what it shows";
    sentences.push(
      `Pixels: ${dearest.name} of the photos' own pixels is ${said(found, dearest)} better than of enlarged ones; ${meaning}.`,
    );
  }
  if (whole) sentences.push(against(whole, dearest, `More pixels without S², ${whole.name},`));
  return sentences;
}

function against(other: Candidate, ours: Candidate, name: string): string {
  const found = gain(other, ours);
  const word = found.low > 0 ? "better" : found.high < 0 ? "worse" : "neither better nor worse beyond chance";
  return `${name} is ${word} than ${ours.name}: by ${said(found, other)}, at ${ms(other)} a photo against ${ms(ours)}.`;
}

const UNITS = { share: [100, 1, " points"], metres: [1, 3, " m"], number: [1, 4, ""] } as const;

function amount(value: number, { figure }: Candidate): string {
  const [factor, digits, unit] = UNITS[figure.unit];
  return `${(value * factor).toFixed(digits)}${unit}`;
}

function said({ value, low, high }: Interval, { figure }: Candidate): string {
  const [factor, digits, unit] = UNITS[figure.unit];
  const text = (number: number) => (number * factor).toFixed(digits);
  return `${text(value)}${unit} (${text(low)} to ${text(high)})`;
}
