/** A verdict in sentences on whether S² helps on a data set, from figures on the same images and from costs. */
import { compare, type Interval } from "../metrics/index.ts";
import type { TaskFigure } from "./figures.ts";
import { formatAmount, formatGain } from "./format-figures.ts";

/** Cost of an image's features: medians over a few images. */
export interface Cost {
  /** Runs of the model on one tile. */
  readonly tiles: number;
  /** Time of extraction. */
  readonly milliseconds: number;
  /** Size of the features in 10⁶ bytes. */
  readonly megabytes: number;
}

/** An extraction config with the deciding figure of its head on the test images and with its cost. */
export interface Candidate {
  /** Scales such as "1x+2x", or what else the config does. */
  readonly name: string;
  /** The deciding figure of the task. */
  readonly figure: TaskFigure;
  readonly cost: Cost;
}

/** The extraction configs that are compared. */
export interface Candidates<C = Candidate> {
  /** One scale. */
  readonly single: C;
  /** S², from the cheapest to the most expensive config; at least one. */
  readonly multi: readonly C[];
  /** The last of `multi`, projected to the channels of one scale. */
  readonly projected?: C;
  /** The last of `multi`, on images that were reduced to the model's size first. */
  readonly upsampled?: C;
  /** A larger input without S². */
  readonly largerInput?: C;
  /** A larger model at one scale. */
  readonly larger?: C;
}

/** Lists candidates from one scale on. */
export const listCandidates = <C>({ single, multi, projected, upsampled, largerInput, larger }: Candidates<C>): C[] =>
  [single, ...multi, projected, upsampled, largerInput, larger].filter((candidate) => candidate !== undefined);

/** The config to use, and why. */
export interface Advice {
  /** Name of the candidate to use, among those with this model. */
  readonly use: string;
  /** True if S² is significantly better than one scale. */
  readonly helps: boolean;
  /** The verdict, then what each control shows. */
  readonly sentences: readonly string[];
}

/** Returns how much better `a` is than `b` on the same images: positive is better, also for errors. */
export function gain(a: Candidate, b: Candidate): Interval {
  const { value, low, high } = compare(a.figure.score, b.figure.score);
  return a.figure.better === "higher" ? { value, low, high } : { value: 0 - value, low: 0 - high, high: 0 - low };
}

/**
 * Chooses the cheapest config that beats one scale, or a more expensive one that beats that too. A gain counts when its 95 % interval lies
 * above 0.
 */
export function adviseOn(candidates: Candidates): Advice {
  const { single, multi, larger } = candidates;
  let best = single;
  for (const candidate of multi) if (gain(candidate, best).low > 0) best = candidate;
  const helps = best !== single;
  const last = multi[multi.length - 1];
  const sentences = [helps ? worthIt(best, single) : notWorthIt(single, multi), ...controls(candidates, last, helps)];
  if (larger) sentences.push(comparison(larger, helps ? best : single, `The larger model, ${larger.name},`));
  return { use: best.name, helps, sentences };
}

function worthIt(best: Candidate, single: Candidate): string {
  const times = (best.cost.tiles / single.cost.tiles).toFixed(1);
  const cost = `${times} times the tiles, ${ms(best)} an image instead of ${ms(single)}, ${best.cost.megabytes.toFixed(2)} MB of features instead of ${single.cost.megabytes.toFixed(2)}`;
  return `Use ${best.name}: ${best.figure.name} is ${words(gain(best, single), best)} better than at ${single.name}. It costs ${cost}.`;
}

const ms = ({ cost }: Candidate) => `${cost.milliseconds.toFixed(0)} ms`;

const words = (found: Interval, { figure: { unit } }: Candidate) => formatGain({ ...found, unit });

function notWorthIt(single: Candidate, multi: readonly Candidate[]): string {
  const { name, unit, score } = single.figure;
  const gains = multi.map((candidate) => ({ candidate, found: gain(candidate, single) }));
  const each = gains.map(({ candidate, found }) => `${candidate.name} ${words(found, candidate)}`).join(", ");
  const reach = Math.max(...gains.map(({ found }) => (found.high - found.low) / 2));
  const images = score.images.length;
  const limit =
    reach > 0
      ? `On ${images} test images a gain of less than about ${formatAmount(reach, unit)} would not show.`
      : `On the ${images} test images all configs are right and wrong alike; harder images would show more.`;
  const worse = gains.every(({ found }) => found.high < 0);
  const why = worse ? `it makes ${name} worse` : `its effect on ${name} may be chance`;
  return `Do not use S² here: ${why} (better than ${single.name} by: ${each}). ${limit}`;
}

function controls({ single, projected, upsampled, largerInput }: Candidates, last: Candidate, helps: boolean): string[] {
  const sentences: string[] = [];
  if (projected) {
    const found = gain(projected, single);
    const noGain = helps ? "the gain may come from more channels" : "there is no gain here either";
    const meaning = found.low > 0 ? "the gain does not come from more channels" : noGain;
    sentences.push(
      `Channels: ${last.name} in the channels of one scale is ${words(found, projected)} better than ${single.name}; ${meaning}.`,
    );
  }
  if (upsampled) {
    const found = gain(last, upsampled);
    const meaning = found.low > 0 ? "the images' detail counts" : "the images' detail makes no clear difference";
    sentences.push(
      `Pixels: ${last.name} of the original pixels is ${words(found, last)} better than of enlarged ones; ${meaning}.`,
    );
  }
  if (largerInput) sentences.push(comparison(largerInput, last, `More pixels without S², ${largerInput.name},`));
  return sentences;
}

function comparison(other: Candidate, ours: Candidate, name: string): string {
  const found = gain(other, ours);
  const word = found.low > 0 ? "better" : found.high < 0 ? "worse" : "neither better nor worse significantly";
  return `${name} is ${word} than ${ours.name}: by ${words(found, other)}, at ${ms(other)} an image against ${ms(ours)}.`;
}
