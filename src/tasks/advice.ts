/** A verdict in sentences on whether S² helps on a data set, from figures on the same images and from costs. */
import { compare, type Interval, MIN_IMAGES, standardError } from "../metrics/index.ts";
import type { TaskFigure } from "./figures.ts";
import { formatAmount, formatGain } from "./format-figures.ts";
import { type NeededImages, neededImages } from "./needed-images.ts";

/** Cost of an image's features: medians over a few images. */
export interface Cost {
  /** Tiles that the model ran on. */
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
  /** S²; at least one config. */
  readonly multi: readonly C[];
  /** The config of `multi` that the controls are of. */
  readonly controlled: C;
  /** `controlled`, projected to the channels of one scale. */
  readonly projected?: C;
  /** `controlled`, on images that were reduced to the model's size first. */
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
  /** Name of the candidate to use, among those with this model; absent where the test images cannot decide. */
  readonly use?: string;
  /** True if S² is significantly better than one scale. */
  readonly helps: boolean;
  /** Number of test images that would decide, present when these cannot. */
  readonly needed?: NeededImages;
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
 * above 0. S² is advised against only when all its intervals lie below 0, and nothing is advised on fewer than `MIN_IMAGES` test images.
 */
export function adviseOn(candidates: Candidates): Advice {
  const { single, multi, larger } = candidates;
  const { length } = single.figure.score.images;
  if (length < MIN_IMAGES) return { helps: false, needed: { images: MIN_IMAGES }, sentences: [tooFew(length)] };
  let best = single;
  for (const candidate of byTiles(multi)) if (gain(candidate, best).low > 0) best = candidate;
  const helps = best !== single;
  const needed = helps ? undefined : neededFor(single, multi);
  const verdict = helps ? worthIt(best, single) : needed ? undecided(single, multi, needed) : notWorthIt(single, multi);
  const sentences = [verdict, ...controls(candidates, helps)];
  if (larger) sentences.push(comparison(larger, best, `The larger model, ${larger.name},`));
  return needed ? { helps, needed, sentences } : { use: best.name, helps, sentences };
}

const byTiles = (multi: readonly Candidate[]) => [...multi].sort((a, b) => a.cost.tiles - b.cost.tiles);

/** Returns what would decide between one scale and S²; undefined where all configs of S² are significantly worse. */
function neededFor(single: Candidate, multi: readonly Candidate[]): NeededImages | undefined {
  const { score } = single.figure;
  const open = multi.filter((candidate) => !(gain(candidate, single).high < 0));
  if (open.length === 0) return undefined;
  const gains = open.map((each) => ({ ...gain(each, single), error: standardError(each.figure.score, score) }));
  return neededImages(gains, score.images.length);
}

const tooFew = (images: number) =>
  `Cannot tell: at least ${MIN_IMAGES} test images are needed, got ${images}. Intervals of fewer images are too often wrong.`;

function worthIt(best: Candidate, single: Candidate): string {
  const times = (best.cost.tiles / single.cost.tiles).toFixed(1);
  const cost = `${times} times the tiles, ${ms(best)} an image instead of ${ms(single)}, ${best.cost.megabytes.toFixed(2)} MB of features instead of ${single.cost.megabytes.toFixed(2)}`;
  return `Use ${best.name}: ${best.figure.name} is ${words(gain(best, single), best)} better than at ${single.name}. It costs ${cost}.`;
}

const ms = ({ cost }: Candidate) => `${cost.milliseconds.toFixed(0)} ms`;

const words = (found: Interval, { figure: { unit } }: Candidate) => formatGain({ ...found, unit });

function notWorthIt(single: Candidate, multi: readonly Candidate[]): string {
  return `Do not use S² here: it makes ${single.figure.name} worse (${gains(single, multi)}).`;
}

function undecided(single: Candidate, multi: readonly Candidate[], { images, detectable = 0 }: NeededImages): string {
  const { name, unit, score } = single.figure;
  const present = score.images.length;
  const found = `(${gains(single, multi)})`;
  if (images !== undefined)
    return `Cannot tell: about ${images} test images are needed, and there are ${present}. The effect of S² on ${name} may be chance ${found}; so many images would show a difference of this size in 80 of 100 cases.`;
  if (detectable === 0)
    return `Cannot tell: on the ${present} test images all configs are right and wrong alike; harder images would show more.`;
  return `Cannot tell: the effect of S² on ${name} is about 0 ${found}. The ${present} test images would show a gain of ${formatAmount(detectable, unit)} in 80 of 100 cases; S² gains less than that.`;
}

function gains(single: Candidate, multi: readonly Candidate[]): string {
  const each = multi.map((candidate) => `${candidate.name} ${words(gain(candidate, single), candidate)}`);
  return `better than ${single.name} by: ${each.join(", ")}`;
}

function controls({ single, controlled, projected, upsampled, largerInput }: Candidates, helps: boolean): string[] {
  const sentences: string[] = [];
  if (projected) {
    const found = gain(projected, single);
    const noGain = helps ? "the gain may come from more channels" : "there is no clear gain here either";
    const meaning = found.low > 0 ? "the gain does not come from more channels" : noGain;
    sentences.push(
      `Channels: ${controlled.name} in the channels of one scale is ${words(found, projected)} better than ${single.name}; ${meaning}.`,
    );
  }
  if (upsampled) {
    const found = gain(controlled, upsampled);
    const meaning = found.low > 0 ? "the images' detail counts" : "the images' detail makes no clear difference";
    sentences.push(
      `Pixels: ${controlled.name} of the original pixels is ${words(found, controlled)} better than of enlarged ones; ${meaning}.`,
    );
  }
  if (largerInput) sentences.push(comparison(largerInput, controlled, `More pixels without S², ${largerInput.name},`));
  return sentences;
}

function comparison(other: Candidate, ours: Candidate, name: string): string {
  const found = gain(other, ours);
  const word = found.low > 0 ? "better" : found.high < 0 ? "worse" : "neither better nor worse significantly";
  return `${name} is ${word} than ${ours.name}: by ${words(found, other)}, at ${ms(other)} an image against ${ms(ours)}.`;
}
