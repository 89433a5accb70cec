/** What a student's training step is: its tokens, through linear maps, against the teacher's; tile by tile, or with S² in the loop. */
import {
  Add,
  Cast,
  Concat,
  constant,
  LayerNormalization,
  Mul,
  ReduceMean,
  Reshape,
  type ShapedValue,
  Slice,
  Sub,
} from "../onnx/index.ts";
import type { Optimizer } from "./optimizers.ts";
import { type LayerStatistics, layerName, type TilesPerView } from "./shards.ts";
import { makeStep, type Step } from "./step.ts";
import { linear, type Parameter, type VitShape, vitOfPatches } from "./vit.ts";

export interface DistillStepOptions {
  readonly student: VitShape;
  /** "tiles": each tile on its own. "s2": features at scales 1 and 2, concatenated, against the teacher's at the finer scale (paper, Table 4). */
  readonly way: "tiles" | "s2";
  /** Views in a step. */
  readonly views: number;
  /** As the shards have them; default 5, which "s2" needs. */
  readonly tilesPerView?: TilesPerView;
  /** As the batches have them (`BatchOptions`). */
  readonly cells: number;
  /** The teacher's layers in the batches; the last is against the student's last, each other one against the output of a block. */
  readonly layers: readonly { readonly statistics: LayerStatistics; readonly block?: number; readonly weight: number }[];
  readonly preprocessing: { readonly mean: readonly number[]; readonly std: readonly number[] };
  readonly optimizer: Optimizer;
  /** How much [CLS] counts beside all patches; default a half. */
  readonly clsWeight?: number;
  readonly clip?: number;
  readonly average?: number;
  /** Parts of a batch that are computed one after the other; default one a view. */
  readonly parts?: number;
}

/** The step's graph; the student's parameters are those that do not begin with `distil.`. */
export function distillStep(options: DistillStepOptions): Step {
  const {
    student,
    way,
    views,
    tilesPerView = 5,
    cells,
    layers,
    preprocessing,
    optimizer,
    clsWeight = 0.5,
    clip,
    average,
    parts = views,
  } = options;
  const tiles = views * tilesPerView;
  const tokens = 4 * cells;
  const channels = layers.map(({ statistics }) => statistics.cls.mean.length);
  return makeStep({
    inputs: {
      pixels: { type: "uint8", dims: [tiles, tokens, student.patchSize ** 2 * 3] },
      places: { type: "int64", dims: [tiles * tokens] },
      ...Object.fromEntries(
        channels.map((width, i) => [layerName(i), { type: "float32" as const, dims: [tiles, 1 + tokens, width] }]),
      ),
    },
    ...{ parts, optimizer, clip, average },
    loss(inputs, parameter) {
      const seen = vitOfPatches(normalized(inputs.pixels, preprocessing), inputs.places, student, parameter);
      const targets = layers.map(({ statistics }, i) => standardized(inputs[layerName(i)], statistics));
      const last = layers.length - 1;
      const own = way === "tiles" ? seen.tokens : multiScale(seen.tokens);
      const goal = way === "tiles" ? targets[last] : fine(targets[last]);
      const weighted = ({ patches, cls }: { patches: ShapedValue; cls: ShapedValue }) => Add(patches, Mul(cls, clsWeight));
      const metrics = difference(own, goal, "distil", parameter);
      const inner = layers.slice(0, last).map(({ block, weight }, i) => {
        const state = Reshape(seen.states[block!], seen.tokens.dims as number[]);
        return Mul(weighted(difference(centered(state), targets[i], `distil.${i}`, parameter)), weight);
      });
      return { loss: inner.reduce((sum, each) => Add(sum, each), Mul(weighted(metrics), layers[last].weight)), metrics };
    },
  });
}

/** Bytes [b, n, size·size·3], channels innermost, to (value / 255 - mean) / std. */
function normalized(patches: ShapedValue, { mean, std }: DistillStepOptions["preprocessing"]): ShapedValue {
  const pixels = patches.dims[2] as number;
  const perChannel = (values: readonly number[]) =>
    constant(
      patches.graph,
      "float32",
      [pixels],
      Float32Array.from({ length: pixels }, (_, i) => values[i % 3]),
    );
  return Add(Mul(Cast(patches, "float32"), perChannel(std.map((s) => 1 / 255 / s))), perChannel(mean.map((m, c) => -m / std[c])));
}

/** The teacher's tokens with mean 0 and deviation 1 in each channel, [CLS] and patches on their own. */
function standardized(tokens: ShapedValue, { cls, patches }: LayerStatistics): ShapedValue {
  const [, count, channels] = tokens.dims as number[];
  const table = (of: (part: LayerStatistics["cls"], c: number) => number) =>
    constant(
      tokens.graph,
      "float32",
      [1, count, channels],
      Float32Array.from({ length: count * channels }, (_, i) => of(i < channels ? cls : patches, i % channels)),
    );
  const shifted = Sub(
    tokens,
    table(({ mean }, c) => mean[c]),
  );
  return Mul(
    shifted,
    table(({ deviation }, c) => 1 / deviation[c]),
  );
}

/** Mean 0 and deviation 1 over each token's channels: a norm without weights. */
function centered(x: ShapedValue): ShapedValue {
  const dim = x.dims.at(-1) as number;
  return LayerNormalization(x, constant(x.graph, "float32", [dim], new Float32Array(dim).fill(1)), undefined, { epsilon: 1e-6 });
}

/** Mean squares, of patches and of [CLS], after a linear map. */
function difference(seen: ShapedValue, target: ShapedValue, name: string, parameter: Parameter) {
  const [batch, tokens, width] = seen.dims as number[];
  const channels = target.dims[2] as number;
  const mapped = Reshape(linear(Reshape(seen, [batch * tokens, width]), name, channels, parameter), [batch, tokens, channels]);
  const gap = Sub(mapped, target);
  const mean = (part: ShapedValue) => ReduceMean(Mul(part, part), [0, 1, 2], { keepdims: 0 });
  const patches = mean(Slice(gap, 1, Number.POSITIVE_INFINITY, 1));
  const cls = mean(Slice(gap, 0, 1, 1));
  return { patches, cls };
}

/** S² features of views at scales 1 and 2 (paper §3.1): [views·5, 1 + n, c] to [views, 1 + n, 2·c]. */
function multiScale(tokens: ShapedValue): ShapedValue {
  const [tiles, count, width] = tokens.dims as number[];
  const coarse = Slice(Reshape(tokens, [tiles / 5, 5, count, width]), 0, 1, 1);
  return Concat([Reshape(coarse, [tiles / 5, count, width]), fine(tokens)], 2);
}

/** The four fine tiles of each view, stitched and pooled over the coarse tile's patches; their [CLS] averaged: [views, 1 + n, c]. */
function fine(tokens: ShapedValue): ShapedValue {
  const [tiles, count, width] = tokens.dims as number[];
  const views = tiles / 5;
  const four = Slice(Reshape(tokens, [views, 5, count, width]), 1, 5, 1);
  const cls = Reshape(ReduceMean(Slice(four, 0, 1, 2), [1]), [views, 1, width]);
  // Four fine patches lie over each coarse one, and quarters and cells come in the coarse tile's order (batches.ts).
  const cells = Reshape(Slice(four, 1, count, 2), [views, count - 1, 4, width]);
  return Concat([cls, Reshape(ReduceMean(cells, [2]), [views, count - 1, width])], 1);
}
