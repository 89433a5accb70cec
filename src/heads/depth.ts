/** Depth in meters by a linear map of tokens: bins with the scale-invariant log loss, or ridge regression on the logarithm. */
import { gtValue, integer, minValue, nullable, number, object, picklist, pipe } from "valibot";
import { resize, S2Error, type Tensor } from "../core/index.ts";
import type { ImageTokens } from "../features/index.ts";
import { Clip, Exp, type OpenGraph } from "../onnx/index.ts";
import { type Bins, type DepthBatch, expectedDepth, scaleInvariantLoss } from "./depth-bins.ts";
import { fitWithLbfgs } from "./fit-lbfgs.ts";
import { checkFields, checkHead, type FeatureHead } from "./head.ts";
import { cells } from "./masks.ts";
import { mapFile, type OpenedHead, runMap } from "./probe.ts";
import { ridgeMap } from "./ridge.ts";
import { type Batches, channelsOf, type FitOptions, type FittedHead, mapBatches, memoized } from "./rows.ts";
import { gridFeatures } from "./tokens.ts";

/** Meters at every pixel, row by row; 0 or NaN where they are not known. */
export interface DepthMap {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** Tensors: weight [outputs, channels] and bias [outputs], of tokens as they are; an output for each bin, or one, the depth's logarithm. */
export interface DepthHead extends FeatureHead {
  readonly kind: "depth";
  /** The nearest and the farthest depth that it tells, in meters. */
  readonly near: number;
  readonly far: number;
  /** Null: regression of the logarithm. */
  readonly bins: Bins | null;
  readonly tensors: { readonly weight: Tensor; readonly bias: Tensor };
}

/** An image and its depth; the depth map may have another size than the image. */
export interface DepthImage {
  readonly tokens: ImageTokens;
  readonly depth: DepthMap;
}

export interface DepthOptions extends FitOptions {
  /** Channels of each scale. */
  readonly channelsPerScale: readonly number[];
  /** In meters; depths outside count as not known. */
  readonly near: number;
  readonly far: number;
  readonly validation?: Batches<DepthImage>;
}

/** Of bins: how they lie, default 256 of them, spaced linearly and weighed by a softmax; and how they are fitted. */
export interface BinOptions extends Partial<Bins> {
  /** The weight of half the sum of squares beside the mean loss of an image. A list is chosen from by the validation images. */
  readonly decay: number | readonly number[];
  /** The most steps of L-BFGS, default 200: an end on the way, as the loss falls on for long. */
  readonly iterations?: number;
}

/**
 * Fits the mean scale-invariant log loss of the images + ½ decay · Σ weight² by L-BFGS.
 * @throws S2Error "option", "rows", "labels" for what cannot be fitted; the signal's reason when aborted.
 */
export async function fitDepth(train: Batches<DepthImage>, options: DepthOptions & BinOptions): Promise<FittedHead<DepthHead>> {
  const { channelsPerScale, near, far, decay, count = 256, spacing = "linear", weights = "softmax", iterations = 200 } = options;
  checkRange(near, far);
  const bins: Bins = { count, spacing, weights };
  const batches = withTargets(train, options);
  const validation = options.validation && withTargets(options.validation, options);
  const { map, ...how } = await fitWithLbfgs(batches, scaleInvariantLoss(bins, near, far), {
    ...options,
    ...{ validation, iterations },
    by: "decay",
    regularization: decay,
  });
  return { head: { kind: "depth", channelsPerScale, near, far, bins, tensors: { ...map } }, ...how };
}

/** In closed form: ridge regression on the mean logarithm of the depth under each token, tokens weighted by the part that is known. */
export async function fitRidgeDepth(
  train: Batches<DepthImage>,
  options: DepthOptions & { readonly alpha: number | readonly number[] },
): Promise<FittedHead<DepthHead>> {
  const { channelsPerScale, near, far } = options;
  checkRange(near, far);
  const targets = (images: Batches<DepthImage>) =>
    mapBatches(withTargets(images, options), ({ features, logs, known }) => ({ features, targets: logs, weights: known }));
  const validation = options.validation && targets(options.validation);
  const { map, ...how } = await ridgeMap(targets(train), 1, { ...options, validation });
  return { head: { kind: "depth", channelsPerScale, near, far, bins: null, tensors: { ...map } }, ...how };
}

function checkRange(near: number, far: number): void {
  if (near > 0 && far > near && Number.isFinite(far)) return;
  throw new S2Error("option", `near is ${near} and far is ${far}; expected meters, 0 < near < far.`);
}

/** Images with no pixel of known depth are left out. */
function withTargets(images: Batches<DepthImage>, { channelsPerScale, near, far }: DepthOptions): Batches<DepthBatch> {
  const targets = memoized(({ tokens, depth }: DepthImage) => ({
    features: gridFeatures(tokens, channelsPerScale),
    ...logDepths(depth, tokens.grid, near, far),
  }));
  return async function* () {
    for await (const image of images()) {
      const rows = targets(image);
      if (rows.known.some((part) => part > 0)) yield rows;
    }
  };
}

/** Of each token: the mean logarithm of its known depths from `near` to `far`, and the part of its pixels that has one. */
export function logDepths(
  { width, height, data }: DepthMap,
  grid: { readonly rows: number; readonly cols: number },
  near: number,
  far: number,
): { logs: Float32Array; known: Float32Array } {
  if (data.length !== width * height)
    throw new S2Error("labels", `Got ${data.length} depths for a map of ${width}x${height}; expected one for each pixel.`);
  const sums = new Float64Array(grid.rows * grid.cols);
  const [pixels, known] = [new Int32Array(sums.length), new Int32Array(sums.length)];
  const [rowOf, colOf] = [cells(height, grid.rows), cells(width, grid.cols)];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const token = rowOf[y] * grid.cols + colOf[x];
      pixels[token]++;
      if (!(data[at] >= near && data[at] <= far)) continue;
      known[token]++;
      sums[token] += Math.log(data[at]);
    }
  }
  return {
    logs: Float32Array.from(sums, (sum, i) => (known[i] > 0 ? sum / known[i] : 0)),
    known: Float32Array.from(known, (count, i) => (count > 0 ? count / pixels[i] : 0)),
  };
}

const positive = pipe(number(), gtValue(0));
const binFields = object({
  count: pipe(number(), integer(), minValue(2)),
  spacing: picklist(["linear", "log"]),
  weights: picklist(["softmax", "linear"]),
});

/**
 * Opens it: meters at every pixel of the image, enlarged bilinearly from the tokens' depths.
 * @throws S2Error "head" for another head or misshapen tensors; `predict` "rows" for tokens of other scales.
 */
export async function openDepth(head: DepthHead, openGraph: OpenGraph): Promise<OpenedHead<ImageTokens, DepthMap>> {
  checkFields(head, "depth", { near: positive, far: pipe(number(), gtValue(head.near)), bins: nullable(binFields) });
  const { channelsPerScale, near, far, bins, tensors } = head;
  const channels = channelsOf(channelsPerScale);
  const outputs = bins?.count ?? 1;
  checkHead(head, "depth", { weight: [outputs, channels], bias: [outputs] });
  const graph = await openGraph(
    mapFile(tensors, channels, (scores) =>
      bins ? expectedDepth(scores, bins, near, far).depth : Exp(Clip(scores, Math.log(near), Math.log(far))),
    ),
  );
  return {
    async predict(tokens) {
      const rows = gridFeatures(tokens, channelsPerScale);
      const result = await runMap(graph, rows, channels);
      const { grid, size } = tokens;
      const map = { dims: [1, 1, grid.rows, grid.cols], data: result };
      return { width: size[1], height: size[0], data: resize(map, size, { mode: "bilinear" }).data };
    },
    close: () => graph.close(),
  };
}
