/** Segmentation by a linear map of tokens: batch norm's statistics folded into a 1x1 convolution, as DINOv2's and DINOv3's linear heads. */
import { array, string } from "valibot";
import type { Tensor } from "../core/index.ts";
import type { ImageTokens } from "../features/index.ts";
import type { OpenGraph } from "../onnx/index.ts";
import { type Batches, type FeatureBatch, mapBatches, memoized } from "./batches.ts";
import { softLabelLoss } from "./cross-entropy.ts";
import { fitWithLbfgs, type ScoreLoss } from "./fit-lbfgs.ts";
import { checkHead, type FeatureHead, linearDims } from "./head.ts";
import { largestScores } from "./largest-scores.ts";
import { linearRows, type OpenedHead, openRows } from "./linear.ts";
import { classFractions, type Mask } from "./masks.ts";
import type { FittedHead, HeadOptions } from "./options.ts";
import { pixelBatch, pixelLoss } from "./pixel-loss.ts";
import { type RidgeOptions, ridgeMap } from "./ridge.ts";
import type { LinearMap } from "./standardize.ts";
import { gridFeatures } from "./tokens.ts";

/** A segmentation head. */
export interface SegmentationHead extends FeatureHead {
  readonly kind: "segmentation";
  /** Names of the classes, by the mask's values. */
  readonly classes: readonly string[];
  /** Weight [classes, channels] and bias [classes], for tokens as they are (the standardization is folded in). */
  readonly tensors: { readonly weight: Tensor; readonly bias: Tensor };
}

/** An image and the classes of its pixels; the mask may have another size than the image. */
export interface MaskedImage {
  readonly tokens: ImageTokens;
  readonly mask: Mask;
}

/** Options of segmentation heads. */
export interface SegmentationOptions extends HeadOptions<MaskedImage> {
  /** Names of the classes, by the mask's values. */
  readonly classes: readonly string[];
  /** The mask's value for pixels that do not count; default 255. */
  readonly ignore?: number;
}

/**
 * Fits C · Σ cross-entropy + ½ Σ weight² by L-BFGS. Over "tokens": of each token, against the fractions of classes in its pixels. Over
 * "pixels": of the scores, enlarged bilinearly to 4 x 4 points in a token, against the mask there; a token's points count as one row.
 * `tolerance` is the largest partial derivative of the mean loss at which L-BFGS stops, default 1e-6.
 * @throws S2Error "option", "rows", "labels" for what cannot be fitted; the signal's reason when aborted.
 */
export async function fitSegmentation(
  train: Batches<MaskedImage>,
  options: SegmentationOptions & {
    readonly over?: "tokens" | "pixels";
    readonly c: number | readonly number[];
    readonly tolerance?: number;
  },
): Promise<FittedHead<SegmentationHead>> {
  const { classes, channelsPerScale, over = "tokens", c, ignore = 255 } = options;
  const fit = async <B extends FeatureBatch>(loss: ScoreLoss<B>, make: (image: MaskedImage, features: Float32Array) => B) => {
    const batch = memoized((image: MaskedImage) => make(image, gridFeatures(image.tokens, channelsPerScale)));
    const validation = options.validation && mapBatches(options.validation, batch);
    const lbfgs = { ...options, validation, penalty: "c" as const, regularization: c };
    const { map, ...trials } = await fitWithLbfgs(mapBatches(train, batch), loss, lbfgs);
    return { head: headOf(options, map), ...trials };
  };
  if (over === "pixels")
    return fit(pixelLoss(classes.length), ({ tokens: { grid }, mask }, features) =>
      pixelBatch(features, grid, mask, classes.length, ignore),
    );
  return fit(softLabelLoss(classes.length), ({ tokens: { grid }, mask }, features) => {
    const fractions = classFractions(mask, grid, classes.length, ignore);
    return { features, fractions, weights: rowSums(fractions, classes.length) };
  });
}

/**
 * Fits ridge regression in closed form to the fractions of classes in each token's pixels, tokens weighted by the pixels that count.
 * @throws S2Error "option", "rows", "labels" for what cannot be fitted; the signal's reason when aborted.
 */
export async function fitRidgeSegmentation(
  train: Batches<MaskedImage>,
  options: SegmentationOptions & RidgeOptions<MaskedImage>,
): Promise<FittedHead<SegmentationHead>> {
  const { classes, channelsPerScale, ignore = 255 } = options;
  const batch = memoized(({ tokens, mask }: MaskedImage) => {
    const fractions = classFractions(mask, tokens.grid, classes.length, ignore);
    const weights = rowSums(fractions, classes.length);
    const targets = fractions.map((value, i) => (value > 0 ? value / weights[Math.floor(i / classes.length)] : 0));
    return { features: gridFeatures(tokens, channelsPerScale), targets, weights };
  });
  const validation = options.validation && mapBatches(options.validation, batch);
  const { map, ...trials } = await ridgeMap(mapBatches(train, batch), classes.length, { ...options, validation });
  return { head: headOf(options, map), ...trials };
}

/** Returns the sum of each row of [n, width]. */
function rowSums(values: Float32Array, width: number): Float32Array {
  const sums = new Float32Array(values.length / width);
  for (let i = 0; i < values.length; i++) sums[Math.floor(i / width)] += values[i];
  return sums;
}

const headOf = ({ classes, channelsPerScale }: SegmentationOptions, map: LinearMap): SegmentationHead => ({
  ...{ kind: "segmentation", classes, channelsPerScale, tensors: { ...map } },
});

/**
 * Opens the head; it predicts the class of every pixel of the image: the largest of the bilinearly enlarged scores.
 * @throws S2Error "head" for another head or tensors of a wrong shape; `predict` "rows" for tokens of other scales.
 */
export async function openSegmentation(head: SegmentationHead, openGraph: OpenGraph): Promise<OpenedHead<ImageTokens, Mask>> {
  const { classes, channelsPerScale, tensors } = head;
  return openRows(
    openGraph,
    checkSegmentation(head),
    (rows) => linearRows(rows, tensors),
    async (tokens: ImageTokens, run) => largestScores(await run(gridFeatures(tokens, channelsPerScale)), classes.length, tokens),
  );
}

/** Checks a segmentation head and returns its channels. @throws S2Error "head". */
export const checkSegmentation = (head: SegmentationHead): number =>
  checkHead(head, "segmentation", { classes: array(string()) }, (channels) => linearDims(head.classes.length, channels));
