/** Suggestions of masks: one head fitted to the clicks on all images, its masks, and how sure it is of an image. */
import type { ImageTokens } from "../features/index.ts";
import {
  clickable,
  clicksHead,
  gridFeatures,
  type LabeledPoint,
  largestScores,
  linearScores,
  type Mask,
  type SegmentationHead,
  tokenOf,
} from "../heads/index.ts";
import { joinArrays } from "../tensors/join-arrays.ts";
import { margin } from "./suggest-classes.ts";

/** Tokens of an image that stay in memory: they say how features are distributed, and how sure a head is of the image. */
const SAMPLED = 25;
/** Images whose sampled tokens give mean and deviation of the features. */
const MOST_SAMPLES = 200;
/** Clicks that a head is fitted to, the last ones; the time grows with the square of their number. */
const MOST_CLICKS = 600;

/** Returns tokens evenly spaced over the grid, [at most 25, channels]. */
export function sampleTokens(tokens: ImageTokens): Float32Array {
  const features = gridFeatures(tokens, tokens.channelsPerScale);
  const { channels } = tokens;
  const count = features.length / channels;
  const taken = Math.min(SAMPLED, count);
  const sample = new Float32Array(taken * channels);
  for (let i = 0; i < taken; i++) {
    const at = Math.floor(((i + 0.5) * count) / taken) * channels;
    sample.set(features.subarray(at, at + channels), i * channels);
  }
  return sample;
}

/** A click with the features of its token. */
export interface ClickedToken {
  readonly label: number;
  readonly features: Float32Array;
}

/** Returns the tokens that were clicked. @throws S2Error "outside" for a click outside the image; "labels" for one without a class. */
export function clickedTokens(tokens: ImageTokens, clicks: readonly LabeledPoint[], classes: number): ClickedToken[] {
  const features = gridFeatures(tokens, tokens.channelsPerScale);
  return clicks.map((click) => {
    const at = tokenOf(tokens, click, classes) * tokens.channels;
    return { label: click.label, features: features.slice(at, at + tokens.channels) };
  });
}

/** Fits a head to clicks on any images, standardized over samples of images; undefined before two classes are clicked. */
export function fitMaskHead(
  clicked: readonly ClickedToken[],
  samples: Iterable<Float32Array>,
  classes: readonly string[],
  channelsPerScale: readonly number[],
): SegmentationHead | undefined {
  const used = clicked.slice(-MOST_CLICKS);
  if (new Set(used.map(({ label }) => label)).size < 2) return undefined;
  const features: Float32Array[] = [];
  for (const sample of samples) if (features.push(sample) >= MOST_SAMPLES) break;
  const channels = channelsPerScale.reduce((sum, each) => sum + each, 0);
  const before = features.reduce((sum, { length }) => sum + length, 0) / channels;
  const data = joinArrays(Float32Array, [...features, ...used.map((each) => each.features)]);
  // The tokens of all images as one image that is a token wide.
  const rows = data.length / channels;
  const tokens = { data, channels, prefix: 0, grid: { rows, cols: 1 }, channelsPerScale, size: [rows, 1] as const };
  return clicksHead(
    clickable(tokens),
    used.map(({ label }, i) => ({ x: 0.5, y: before + i + 0.5, label })),
    classes,
  );
}

/** Predicts the class of every pixel of an image, or of the image shrunken to `side` pixels on its longer side. */
export function predictMask(head: SegmentationHead, tokens: ImageTokens, side = Number.POSITIVE_INFINITY): Mask {
  const scores = linearScores(gridFeatures(tokens, head.channelsPerScale), head.tensors);
  const [height, width] = tokens.size;
  const scale = Math.min(1, side / Math.max(height, width));
  const size = [Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale))] as const;
  return largestScores(scores, head.classes.length, { grid: tokens.grid, size });
}

/** Returns the mean margin over an image's sampled tokens: the smaller, the less sure. */
export function meanMargin(head: SegmentationHead, sample: Float32Array): number {
  const { length: classes } = head.classes;
  const scores = linearScores(sample, head.tensors);
  let sum = 0;
  for (let at = 0; at < scores.length; at += classes) sum += margin(scores, at, classes);
  return (sum * classes) / scores.length;
}
