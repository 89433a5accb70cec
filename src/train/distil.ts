/** What a student's training step is: its tokens, through a linear map, against the teacher's; tile by tile, or with S² in the loop. */
import {
  Add,
  AveragePool,
  Cast,
  Concat,
  constant,
  Mul,
  ReduceMean,
  Reshape,
  type ShapedValue,
  Slice,
  Sub,
  Transpose,
} from "../onnx/index.ts";
import { type AdamWOptions, adamW } from "./optimisers.ts";
import { type Statistics, tilesPerView } from "./shards.ts";
import { makeStep, type Step } from "./step.ts";
import { linear, type Parameter, type VitShape, vit } from "./vit.ts";

export interface DistilOptions {
  readonly student: VitShape;
  /** "tiles": each tile on its own. "s2": features at scales 1 and 2, concatenated, against the teacher's at the finer scale (paper, Table 4). */
  readonly way: "tiles" | "s2";
  /** Views in a step; each is five tiles. */
  readonly views: number;
  /** The teacher's tokens of one tile. */
  readonly teacher: { readonly tokens: number; readonly channels: number };
  readonly statistics: Statistics;
  readonly preprocessing: { readonly mean: readonly number[]; readonly std: readonly number[] };
  readonly optimiser?: AdamWOptions;
  readonly clip?: number;
  readonly average?: number;
}

/** The step's graph; the student's parameters are those that do not begin with `distil.`. */
export function distilStep({
  student,
  way,
  views,
  teacher,
  statistics,
  preprocessing,
  optimiser,
  clip,
  average,
}: DistilOptions): Step {
  const { imageSize: side } = student;
  const tiles = views * tilesPerView;
  return makeStep({
    inputs: {
      tiles: { type: "uint8", dims: [tiles, side, side, 3] },
      tokens: { type: "float32", dims: [tiles, teacher.tokens, teacher.channels] },
    },
    parts: views, // the tiles of one view fit the caches
    optimiser: adamW(optimiser),
    clip,
    average,
    loss(inputs, parameter) {
      const seen = vit(normalised(inputs.tiles, preprocessing), student, parameter);
      const target = standardised(inputs.tokens, statistics);
      return way === "tiles" ? difference(seen, target, parameter) : difference(multiScale(seen), fine(target), parameter);
    },
  });
}

/** Bytes [b, h, w, 3] to normalised planes [b, 3, h, w]. */
function normalised(tiles: ShapedValue, { mean, std }: DistilOptions["preprocessing"]): ShapedValue {
  const perChannel = (values: readonly number[]) => constant(tiles.graph, "float32", [1, 3, 1, 1], Float32Array.from(values));
  const planes = Transpose(Cast(tiles, "float32"), [0, 3, 1, 2]);
  return Add(Mul(planes, perChannel(std.map((s) => 1 / 255 / s))), perChannel(mean.map((m, c) => -m / std[c])));
}

/** The teacher's tokens with mean 0 and deviation 1 in each channel, [CLS] and patches on their own. */
function standardised(tokens: ShapedValue, { cls, patches }: Statistics): ShapedValue {
  const [, count, channels] = tokens.dims as number[];
  const table = (of: (part: Statistics["cls"], c: number) => number) =>
    constant(
      tokens.graph,
      "float32",
      [1, count, channels],
      Float32Array.from({ length: count * channels }, (_, i) => of(i < channels ? cls : patches, i % channels)),
    );
  return Mul(
    Sub(
      tokens,
      table(({ mean }, c) => mean[c]),
    ),
    table(({ deviation }, c) => 1 / deviation[c]),
  );
}

/** Mean squares, of patches and of [CLS]; half of the latter counts. */
function difference(seen: ShapedValue, target: ShapedValue, parameter: Parameter) {
  const [batch, tokens, width] = seen.dims as number[];
  const channels = target.dims[2] as number;
  const mapped = Reshape(linear(Reshape(seen, [batch * tokens, width]), "distil", channels, parameter), [
    batch,
    tokens,
    channels,
  ]);
  const gap = Sub(mapped, target);
  const mean = (part: ShapedValue) => ReduceMean(Mul(part, part), [0, 1, 2], { keepdims: 0 });
  const patches = mean(Slice(gap, 1, Number.POSITIVE_INFINITY, 1));
  const cls = mean(Slice(gap, 0, 1, 1));
  return { loss: Add(patches, Mul(cls, 0.5)), metrics: { patches, cls } };
}

/** S² features of views at scales 1 and 2 (paper §3.1): [views·5, 1 + n, c] to [views, 1 + n, 2·c]. */
function multiScale(tokens: ShapedValue): ShapedValue {
  const [tiles, count, width] = tokens.dims as number[];
  const coarse = Slice(Reshape(tokens, [tiles / tilesPerView, tilesPerView, count, width]), 0, 1, 1);
  return Concat([Reshape(coarse, [tiles / tilesPerView, count, width]), fine(tokens)], 2);
}

/** The four fine tiles of each view, stitched and pooled to one tile's grid; their [CLS] averaged: [views, 1 + n, c]. */
function fine(tokens: ShapedValue): ShapedValue {
  const [tiles, count, width] = tokens.dims as number[];
  const views = tiles / tilesPerView;
  const side = Math.sqrt(count - 1);
  const four = Slice(Reshape(tokens, [views, tilesPerView, count, width]), 1, tilesPerView, 1);
  const cls = Reshape(ReduceMean(Slice(four, 0, 1, 2), [1]), [views, 1, width]);
  const grid = Reshape(Slice(four, 1, count, 2), [views, 2, 2, side, side, width]);
  const stitched = Reshape(Transpose(grid, [0, 5, 1, 3, 2, 4]), [views, width, 2 * side, 2 * side]);
  const pooled = AveragePool(stitched, { kernelShape: [2, 2], strides: [2, 2] });
  return Concat([cls, Transpose(Reshape(pooled, [views, width, side * side]), [0, 2, 1])], 1);
}
