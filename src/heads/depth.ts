/** Depth in metres by a linear map of tokens: bins with the scale-invariant log loss, or ridge regression on the logarithm. */
import { gtValue, integer, minValue, nullable, number, object, picklist, pipe } from "valibot";
import { resize, S2Error, type Tensor } from "../core/index.ts";
import type { PhotoTokens } from "../features/index.ts";
import { Clip, Exp, type OpenGraph } from "../onnx/index.ts";
import { type Bins, type DepthRows, expectedDepth, scaleInvariantLoss } from "./depth-bins.ts";
import { descend } from "./descend.ts";
import { checkFields, checkHead, type FeatureHead } from "./head.ts";
import { cells } from "./masks.ts";
import { mapFile, type OpenedHead, runMap } from "./probe.ts";
import { ridgeMap } from "./ridge.ts";
import { type Batches, channelsOf, type FitOptions, type FittedHead, mapped, remembered } from "./rows.ts";
import { gridRows } from "./tokens.ts";

/** Metres at every pixel, row by row; 0 or NaN where they are not known. */
export interface DepthMap {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** Tensors: weight [outputs, channels] and bias [outputs], of tokens as they are; an output for each bin, or one, the depth's logarithm. */
export interface DepthHead extends FeatureHead {
  readonly kind: "depth";
  /** The nearest and the farthest depth that it tells, in metres. */
  readonly near: number;
  readonly far: number;
  /** Null: regression of the logarithm. */
  readonly bins: Bins | null;
  readonly tensors: { readonly weight: Tensor; readonly bias: Tensor };
}

/** A photo and its depth; the depth map may have another size than the photo. */
export interface DepthPhoto {
  readonly tokens: PhotoTokens;
  readonly depth: DepthMap;
}

export interface DepthOptions extends FitOptions {
  /** Channels of each scale. */
  readonly widths: readonly number[];
  /** In metres; depths outside count as not known. */
  readonly near: number;
  readonly far: number;
  readonly validation?: Batches<DepthPhoto>;
}

/** Of bins: how they lie, default 256 of them, spaced linearly and weighed by a softmax; and how they are fitted. */
export interface BinOptions extends Partial<Bins> {
  /** The weight of half the sum of squares beside the mean loss of a photo. A list is chosen from by the validation photos. */
  readonly decay: number | readonly number[];
  /** The most steps of L-BFGS, default 200: an end on the way, as the loss falls on for long. */
  readonly iterations?: number;
}

/**
 * Fits the mean scale-invariant log loss of the photos + ½ decay · Σ weight² by L-BFGS.
 * @throws S2Error "option", "rows", "labels" for what cannot be fitted; the signal's reason when aborted.
 */
export async function fitDepth(train: Batches<DepthPhoto>, options: DepthOptions & BinOptions): Promise<FittedHead<DepthHead>> {
  const { widths, near, far, decay, count = 256, spacing = "linear", weights = "softmax", iterations = 200 } = options;
  checkRange(near, far);
  const bins: Bins = { count, spacing, weights };
  const batches = withTargets(train, options);
  const validation = options.validation && withTargets(options.validation, options);
  const { map, ...how } = await descend(batches, scaleInvariantLoss(bins, near, far), {
    ...options,
    ...{ validation, iterations },
    by: "decay",
    regularisation: decay,
  });
  return { head: { kind: "depth", widths, near, far, bins, tensors: { ...map } }, ...how };
}

/** In closed form: ridge regression on the mean logarithm of the depth under each token, tokens weighted by the part that is known. */
export async function fitRidgeDepth(
  train: Batches<DepthPhoto>,
  options: DepthOptions & { readonly alpha: number | readonly number[] },
): Promise<FittedHead<DepthHead>> {
  const { widths, near, far } = options;
  checkRange(near, far);
  const targets = (photos: Batches<DepthPhoto>) =>
    mapped(withTargets(photos, options), ({ rows, logs, known }) => ({ rows, targets: logs, weights: known }));
  const validation = options.validation && targets(options.validation);
  const { map, ...how } = await ridgeMap(targets(train), 1, { ...options, validation });
  return { head: { kind: "depth", widths, near, far, bins: null, tensors: { ...map } }, ...how };
}

function checkRange(near: number, far: number): void {
  if (near > 0 && far > near && Number.isFinite(far)) return;
  throw new S2Error("option", `near is ${near} and far is ${far}; expected metres, 0 < near < far.`);
}

/** Photos with no pixel of known depth are left out. */
function withTargets(photos: Batches<DepthPhoto>, { widths, near, far }: DepthOptions): Batches<DepthRows> {
  const targets = remembered(({ tokens, depth }: DepthPhoto) => ({
    rows: gridRows(tokens, widths),
    ...logDepths(depth, tokens.grid, near, far),
  }));
  return async function* () {
    for await (const photo of photos()) {
      const rows = targets(photo);
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
 * Opens it: metres at every pixel of the photo, enlarged bilinearly from the tokens' depths.
 * @throws S2Error "head" for another head or misshapen tensors; `predict` "rows" for tokens of other scales.
 */
export async function openDepth(head: DepthHead, openGraph: OpenGraph): Promise<OpenedHead<PhotoTokens, DepthMap>> {
  checkFields(head, "depth", { near: positive, far: pipe(number(), gtValue(head.near)), bins: nullable(binFields) });
  const { widths, near, far, bins, tensors } = head;
  const channels = channelsOf(widths);
  const outputs = bins?.count ?? 1;
  checkHead(head, "depth", { weight: [outputs, channels], bias: [outputs] });
  const graph = await openGraph(
    mapFile(tensors, channels, (scores) =>
      bins ? expectedDepth(scores, bins, near, far).depth : Exp(Clip(scores, Math.log(near), Math.log(far))),
    ),
  );
  return {
    async predict(tokens) {
      const rows = gridRows(tokens, widths);
      const result = await runMap(graph, rows, channels);
      const { grid, size } = tokens;
      const map = { dims: [1, 1, grid.rows, grid.cols], data: result };
      return { width: size[1], height: size[0], data: resize(map, size, { mode: "bilinear" }).data };
    },
    close: () => graph.close(),
  };
}
