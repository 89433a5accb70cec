/** Segmentation by a linear map of tokens: batch norm's statistics folded into a 1x1 convolution, as DINOv2's and DINOv3's linear heads. */
import { array, string } from "valibot";
import type { Tensor } from "../core/index.ts";
import type { ImageTokens } from "../features/index.ts";
import type { OpenGraph } from "../onnx/index.ts";
import { softLabelLoss } from "./cross-entropy.ts";
import { fitWithLbfgs, type ScoreLoss } from "./fit-lbfgs.ts";
import { checkFields, checkHead, type FeatureHead } from "./head.ts";
import { largestScores } from "./largest-scores.ts";
import { classFractions, type Mask } from "./masks.ts";
import { pixelBatch, pixelLoss } from "./pixel-loss.ts";
import { mapFile, type OpenedHead, runMap } from "./probe.ts";
import { ridgeMap } from "./ridge.ts";
import { type Batches, channelsOf, type FeatureBatch, type FitOptions, type FittedHead, mapBatches, memoized } from "./rows.ts";
import type { LinearMap } from "./standardize.ts";
import { gridFeatures } from "./tokens.ts";

/** Tensors: weight [classes, channels] and bias [classes], of tokens as they are (standardizing is folded in). */
export interface SegmentationHead extends FeatureHead {
  readonly kind: "segmentation";
  readonly classes: readonly string[];
  readonly tensors: { readonly weight: Tensor; readonly bias: Tensor };
}

/** An image and what its pixels are; the mask may have another size than the image. */
export interface MaskedImage {
  readonly tokens: ImageTokens;
  readonly mask: Mask;
}

export interface SegmentationOptions extends FitOptions {
  /** Names of the classes; a mask's values count them. */
  readonly classes: readonly string[];
  /** Channels of each scale. */
  readonly channelsPerScale: readonly number[];
  /** The mask's value for pixels that do not count; default 255. */
  readonly ignore?: number;
  readonly validation?: Batches<MaskedImage>;
  /** Of a descent: largest partial derivative of the mean loss at rest; default 1e-6. */
  readonly tolerance?: number;
}

/**
 * Fits C · Σ cross-entropy + ½ Σ weight² by L-BFGS. Over "tokens": of each token, against the fractions of classes in its pixels. Over
 * "pixels": of the scores, enlarged bilinearly to 4 x 4 places in a token, against the mask there; a token's places count as one token.
 * @throws S2Error "option", "rows", "labels" for what cannot be fitted; the signal's reason when aborted.
 */
export async function fitSegmentation(
  train: Batches<MaskedImage>,
  options: SegmentationOptions & { readonly over?: "tokens" | "pixels"; readonly c: number | readonly number[] },
): Promise<FittedHead<SegmentationHead>> {
  const { classes, channelsPerScale, over = "tokens", c, ignore = 255 } = options;
  const k = classes.length;
  const fit = <B extends FeatureBatch>(loss: ScoreLoss<B>, make: (image: MaskedImage) => B) => {
    const batch = memoized(make);
    const validation = options.validation && mapBatches(options.validation, batch);
    return fitWithLbfgs(mapBatches(train, batch), loss, { ...options, validation, by: "c", regularization: c });
  };
  const { map, ...how } =
    over === "tokens"
      ? await fit(softLabelLoss(k), ({ tokens, mask }) => ({
          features: gridFeatures(tokens, channelsPerScale),
          fractions: classFractions(mask, tokens.grid, k, ignore),
        }))
      : await fit(pixelLoss(k), ({ tokens, mask }) =>
          pixelBatch(gridFeatures(tokens, channelsPerScale), tokens.grid, mask, k, ignore),
        );
  return { head: headOf(map, classes, channelsPerScale), ...how };
}

/** In closed form: ridge regression on the fractions of classes in each token's pixels, a token as much as it has pixels that count. */
export async function fitRidgeSegmentation(
  train: Batches<MaskedImage>,
  options: SegmentationOptions & { readonly alpha: number | readonly number[] },
): Promise<FittedHead<SegmentationHead>> {
  const { classes, channelsPerScale, ignore = 255 } = options;
  const k = classes.length;
  const batch = memoized(({ tokens, mask }: MaskedImage) => {
    const targets = classFractions(mask, tokens.grid, k, ignore);
    const weights = new Float32Array(targets.length / k);
    for (let i = 0; i < targets.length; i++) weights[Math.floor(i / k)] += targets[i];
    for (let i = 0; i < targets.length; i++) if (targets[i] > 0) targets[i] /= weights[Math.floor(i / k)];
    return { features: gridFeatures(tokens, channelsPerScale), targets, weights };
  });
  const validation = options.validation && mapBatches(options.validation, batch);
  const { map, ...how } = await ridgeMap(mapBatches(train, batch), k, { ...options, validation });
  return { head: headOf(map, classes, channelsPerScale), ...how };
}

const headOf = (map: LinearMap, classes: readonly string[], channelsPerScale: readonly number[]): SegmentationHead => ({
  ...{ kind: "segmentation", classes, channelsPerScale, tensors: { ...map } },
});

/**
 * Opens it: the class of every pixel of the image. Scores are enlarged bilinearly, then the largest is taken.
 * @throws S2Error "head" for another head or misshapen tensors; `predict` "rows" for tokens of other scales.
 */
export async function openSegmentation(head: SegmentationHead, openGraph: OpenGraph): Promise<OpenedHead<ImageTokens, Mask>> {
  checkFields(head, "segmentation", { classes: array(string()) });
  const { classes, channelsPerScale, tensors } = head;
  const channels = channelsOf(channelsPerScale);
  checkHead(head, "segmentation", { weight: [classes.length, channels], bias: [classes.length] });
  const graph = await openGraph(mapFile(tensors, channels, (scores) => scores));
  return {
    async predict(tokens) {
      const rows = gridFeatures(tokens, channelsPerScale);
      const result = await runMap(graph, rows, channels);
      return largestScores(result, classes.length, tokens);
    },
    close: () => graph.close(),
  };
}
