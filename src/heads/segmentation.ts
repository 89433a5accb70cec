/** Segmentation by a linear map of tokens: batch norm's statistics folded into a 1x1 convolution, as DINOv2's and DINOv3's linear heads. */
import { array, string } from "valibot";
import type { Tensor } from "../core/index.ts";
import type { PhotoTokens } from "../features/index.ts";
import type { OpenGraph } from "../onnx/index.ts";
import { shareLoss } from "./cross-entropy.ts";
import { descend, type ScoreLoss } from "./descend.ts";
import { checkFields, checkHead, type FeatureHead } from "./head.ts";
import { largestScores } from "./largest-scores.ts";
import { classShares, type Mask } from "./masks.ts";
import { pixelLoss, pixelRows } from "./pixel-loss.ts";
import { mapFile, type OpenedHead, runMap } from "./probe.ts";
import { ridgeMap } from "./ridge.ts";
import { type Batches, channelsOf, type FitOptions, type FittedHead, mapped, type Rows, remembered } from "./rows.ts";
import type { LinearMap } from "./standardise.ts";
import { gridRows } from "./tokens.ts";

/** Tensors: weight [classes, channels] and bias [classes], of tokens as they are (standardising is folded in). */
export interface SegmentationHead extends FeatureHead {
  readonly kind: "segmentation";
  readonly classes: readonly string[];
  readonly tensors: { readonly weight: Tensor; readonly bias: Tensor };
}

/** A photo and what its pixels are; the mask may have another size than the photo. */
export interface MaskedPhoto {
  readonly tokens: PhotoTokens;
  readonly mask: Mask;
}

export interface SegmentationOptions extends FitOptions {
  /** Names of the classes; a mask's values count them. */
  readonly classes: readonly string[];
  /** Channels of each scale. */
  readonly widths: readonly number[];
  /** The mask's value for pixels that do not count; default 255. */
  readonly ignore?: number;
  readonly validation?: Batches<MaskedPhoto>;
  /** Of a descent: largest partial derivative of the mean loss at rest; default 1e-6. */
  readonly tolerance?: number;
}

/**
 * Fits C · Σ cross-entropy + ½ Σ weight² by L-BFGS. Over "tokens": of each token, against the shares of classes in its pixels. Over
 * "pixels": of the scores, enlarged bilinearly to 4 x 4 places in a token, against the mask there; a token's places count as one token.
 * @throws S2Error "option", "rows", "labels" for what cannot be fitted; the signal's reason when aborted.
 */
export async function fitSegmentation(
  train: Batches<MaskedPhoto>,
  options: SegmentationOptions & { readonly over?: "tokens" | "pixels"; readonly c: number | readonly number[] },
): Promise<FittedHead<SegmentationHead>> {
  const { classes, widths, over = "tokens", c, ignore = 255 } = options;
  const k = classes.length;
  const fit = <B extends Rows>(loss: ScoreLoss<B>, make: (photo: MaskedPhoto) => B) => {
    const batch = remembered(make);
    const validation = options.validation && mapped(options.validation, batch);
    return descend(mapped(train, batch), loss, { ...options, validation, by: "c", regularisation: c });
  };
  const { map, ...how } =
    over === "tokens"
      ? await fit(shareLoss(k), ({ tokens, mask }) => ({
          rows: gridRows(tokens, widths),
          shares: classShares(mask, tokens.grid, k, ignore),
        }))
      : await fit(pixelLoss(k), ({ tokens, mask }) => pixelRows(gridRows(tokens, widths), tokens.grid, mask, k, ignore));
  return { head: headOf(map, classes, widths), ...how };
}

/** In closed form: ridge regression on the shares of classes in each token's pixels, a token as much as it has pixels that count. */
export async function fitRidgeSegmentation(
  train: Batches<MaskedPhoto>,
  options: SegmentationOptions & { readonly alpha: number | readonly number[] },
): Promise<FittedHead<SegmentationHead>> {
  const { classes, widths, ignore = 255 } = options;
  const k = classes.length;
  const batch = remembered(({ tokens, mask }: MaskedPhoto) => {
    const targets = classShares(mask, tokens.grid, k, ignore);
    const weights = new Float32Array(targets.length / k);
    for (let i = 0; i < targets.length; i++) weights[Math.floor(i / k)] += targets[i];
    for (let i = 0; i < targets.length; i++) if (targets[i] > 0) targets[i] /= weights[Math.floor(i / k)];
    return { rows: gridRows(tokens, widths), targets, weights };
  });
  const validation = options.validation && mapped(options.validation, batch);
  const { map, ...how } = await ridgeMap(mapped(train, batch), k, { ...options, validation });
  return { head: headOf(map, classes, widths), ...how };
}

const headOf = (map: LinearMap, classes: readonly string[], widths: readonly number[]): SegmentationHead => ({
  ...{ kind: "segmentation", classes, widths, tensors: { ...map } },
});

/**
 * Opens it: the class of every pixel of the photo. Scores are enlarged bilinearly, then the largest is taken.
 * @throws S2Error "head" for another head or misshapen tensors; `predict` "rows" for tokens of other scales.
 */
export async function openSegmentation(head: SegmentationHead, openGraph: OpenGraph): Promise<OpenedHead<PhotoTokens, Mask>> {
  checkFields(head, "segmentation", { classes: array(string()) });
  const { classes, widths, tensors } = head;
  const channels = channelsOf(widths);
  checkHead(head, "segmentation", { weight: [classes.length, channels], bias: [classes.length] });
  const graph = await openGraph(mapFile(tensors, channels, (scores) => scores));
  return {
    async predict(tokens) {
      const rows = gridRows(tokens, widths);
      const result = await runMap(graph, rows, channels);
      return largestScores(result, classes.length, tokens);
    },
    close: () => graph.close(),
  };
}
