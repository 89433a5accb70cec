/** Depth in meters by a linear map of tokens: bins with the scale-invariant log loss, or ridge regression on the logarithm. */
import { gtValue, integer, minValue, nullable, number, object, picklist, pipe } from "valibot";
import { resize, S2Error, type Tensor } from "../core/index.ts";
import type { ImageTokens } from "../features/index.ts";
import { Clip, Exp, type OpenGraph, type ShapedValue } from "../onnx/index.ts";
import { type Batches, mapBatches, memoized } from "./batches.ts";
import { type Bins, type DepthBatch, expectedDepth, scaleInvariantLoss } from "./depth-bins.ts";
import { fitWithLbfgs } from "./fit-lbfgs.ts";
import { checkHead, type FeatureHead, linearDims } from "./head.ts";
import { linearRows, type OpenedHead, openRows } from "./linear.ts";
import { eachPixel, type Grid } from "./masks.ts";
import type { FittedHead, HeadOptions } from "./options.ts";
import { type RidgeOptions, ridgeMap } from "./ridge.ts";
import { gridFeatures } from "./tokens.ts";

/** Meters at every pixel; 0 or NaN where the depth is not known. */
export interface DepthMap {
  readonly width: number;
  readonly height: number;
  /** [height, width], row by row. */
  readonly data: Float32Array;
}

/** A depth head. */
export interface DepthHead extends FeatureHead {
  readonly kind: "depth";
  /** The smallest depth that it predicts, in meters. */
  readonly near: number;
  /** The largest depth that it predicts, in meters. */
  readonly far: number;
  /** Null for regression of the logarithm. */
  readonly bins: Bins | null;
  /** Weight [outputs, channels] and bias [outputs], for tokens as they are; one output a bin, or one, the depth's logarithm. */
  readonly tensors: { readonly weight: Tensor; readonly bias: Tensor };
}

/** An image and its depth; the depth map may have another size than the image. */
export interface DepthImage {
  readonly tokens: ImageTokens;
  readonly depth: DepthMap;
}

/** Options of depth heads. */
export interface DepthOptions extends HeadOptions<DepthImage> {
  /** In meters; smaller depths count as not known. */
  readonly near: number;
  /** In meters; larger depths count as not known. */
  readonly far: number;
}

/** Options of bins, default 256, spaced linearly and weighted by a softmax, and of their fit. */
export interface BinOptions extends Partial<Bins> {
  /** Weight of ½ Σ weight² beside the mean loss of an image. Of a list, the best on the validation images is taken. */
  readonly decay: number | readonly number[];
  /** Most steps of L-BFGS, default 200; the loss still falls slowly there. */
  readonly iterations?: number;
}

/**
 * Fits the mean scale-invariant log loss of the images + ½ decay · Σ weight² by L-BFGS.
 * @throws S2Error "option", "rows", "labels" for what cannot be fitted; the signal's reason when aborted.
 */
export async function fitDepth(train: Batches<DepthImage>, options: DepthOptions & BinOptions): Promise<FittedHead<DepthHead>> {
  const { near, far, decay, count = 256, spacing = "linear", weights = "softmax", iterations = 200 } = options;
  checkRange(near, far);
  const bins: Bins = { count, spacing, weights };
  const validation = options.validation && withTargets(options.validation, options);
  const { map, ...trials } = await fitWithLbfgs(withTargets(train, options), scaleInvariantLoss(bins, near, far), {
    ...options,
    ...{ validation, iterations, penalty: "decay", regularization: decay },
  });
  return { head: headOf(options, bins, map), ...trials };
}

/**
 * Fits ridge regression in closed form to the mean logarithm of the depth under each token, tokens weighted by the known fraction.
 * @throws S2Error "option", "rows", "labels" for what cannot be fitted; the signal's reason when aborted.
 */
export async function fitRidgeDepth(
  train: Batches<DepthImage>,
  options: DepthOptions & RidgeOptions<DepthImage>,
): Promise<FittedHead<DepthHead>> {
  checkRange(options.near, options.far);
  const targets = (images: Batches<DepthImage>) =>
    mapBatches(withTargets(images, options), ({ logs, ...batch }) => ({ ...batch, targets: logs }));
  const validation = options.validation && targets(options.validation);
  const { map, ...trials } = await ridgeMap(targets(train), 1, { ...options, validation });
  return { head: headOf(options, null, map), ...trials };
}

const headOf = ({ channelsPerScale, near, far }: DepthOptions, bins: Bins | null, map: DepthHead["tensors"]): DepthHead => ({
  ...{ kind: "depth", channelsPerScale, near, far, bins, tensors: { ...map } },
});

function checkRange(near: number, far: number): void {
  if (near > 0 && far > near && Number.isFinite(far)) return;
  throw new S2Error("option", `near is ${near} and far is ${far}; expected meters, 0 < near < far.`);
}

/** Makes batches of the images; those without a pixel of known depth are left out. */
function withTargets(images: Batches<DepthImage>, { channelsPerScale, near, far }: DepthOptions): Batches<DepthBatch> {
  const targets = memoized(({ tokens, depth }: DepthImage) => ({
    features: gridFeatures(tokens, channelsPerScale),
    ...logDepths(depth, tokens.grid, near, far),
  }));
  return async function* () {
    for await (const image of images()) {
      const batch = targets(image);
      if (batch.weights.some((known) => known > 0)) yield batch;
    }
  };
}

/** Returns for each token the mean logarithm of its known depths from `near` to `far`, and the fraction of its pixels that have one. */
export function logDepths(map: DepthMap, grid: Grid, near: number, far: number): { logs: Float32Array; weights: Float32Array } {
  const { width, height, data } = map;
  if (data.length !== width * height)
    throw new S2Error("labels", `Got ${data.length} depths for a map of ${width}x${height}; expected one for each pixel.`);
  const sums = new Float64Array(grid.rows * grid.cols);
  const [pixels, known] = [new Int32Array(sums.length), new Int32Array(sums.length)];
  eachPixel(map, grid, (pixel, token) => {
    pixels[token]++;
    if (!(data[pixel] >= near && data[pixel] <= far)) return;
    known[token]++;
    sums[token] += Math.log(data[pixel]);
  });
  return {
    logs: Float32Array.from(sums, (sum, i) => (known[i] > 0 ? sum / known[i] : 0)),
    weights: Float32Array.from(known, (count, i) => (count > 0 ? count / pixels[i] : 0)),
  };
}

const positive = pipe(number(), gtValue(0));
const binFields = object({
  count: pipe(number(), integer(), minValue(2)),
  spacing: picklist(["linear", "log"]),
  weights: picklist(["softmax", "linear"]),
});

/**
 * Opens the head; it predicts meters at every pixel of the image, enlarged bilinearly from the tokens' depths.
 * @throws S2Error "head" for another head or tensors of a wrong shape; `predict` "rows" for tokens of other scales.
 */
export async function openDepth(head: DepthHead, openGraph: OpenGraph): Promise<OpenedHead<ImageTokens, DepthMap>> {
  const { channelsPerScale } = head;
  return openRows(
    openGraph,
    checkDepth(head),
    (rows) => depthRows(head, rows),
    async (tokens: ImageTokens, run) => {
      const { grid, size } = tokens;
      const map = { dims: [1, 1, grid.rows, grid.cols], data: await run(gridFeatures(tokens, channelsPerScale)) };
      return { width: size[1], height: size[0], data: resize(map, size, { mode: "bilinear" }).data };
    },
  );
}

/** Checks a head for depth and returns its channels. @throws S2Error "head". */
export function checkDepth(head: DepthHead): number {
  const fields = { near: positive, far: pipe(number(), gtValue(head.near)), bins: nullable(binFields) };
  return checkHead(head, "depth", fields, (channels) => linearDims(head.bins?.count ?? 1, channels));
}

/** Adds a head for depth to the graph of tokens [n, channels]: meters [n, 1]. */
export function depthRows({ tensors, bins, near, far }: DepthHead, rows: ShapedValue): ShapedValue {
  const scores = linearRows(rows, tensors);
  return bins ? expectedDepth(scores, bins, near, far).depth : Exp(Clip(scores, Math.log(near), Math.log(far)));
}
