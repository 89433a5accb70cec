/** The training step of a student: the loss between its tokens, after linear maps, and the teacher's; tile by tile, or with S² in the loop. */
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
import { makeStep, type Step, type StepOptions } from "./step.ts";
import { linear, type Parameter, type VitShape, vitOfPatches } from "./vit.ts";

/** Options of `distillStep`. */
export interface DistillStepOptions {
  /** Sizes of the student. */
  readonly student: VitShape;
  /** "tiles": each tile on its own. "s2": features at scales 1 and 2, concatenated, against the teacher's at the finer scale (paper, Table 4). */
  readonly way: "tiles" | "s2";
  /** Views in a step. */
  readonly views: number;
  /** Tiles of a view in the shards; default 5, which "s2" needs. */
  readonly tilesPerView?: TilesPerView;
  /** Cells of the batches (`BatchOptions`). */
  readonly cells: number;
  /** The teacher's layers in the batches. The student's last tokens learn the last layer, the output of `block` each other one. */
  readonly layers: readonly { readonly statistics: LayerStatistics; readonly block?: number; readonly weight: number }[];
  /** Normalization of the pixels. */
  readonly preprocessing: { readonly mean: readonly number[]; readonly std: readonly number[] };
  /** Updates the parameters. */
  readonly optimizer: Optimizer;
  /** Weight of [CLS] beside all patches; default 0.5. */
  readonly clsWeight?: number;
  /** Largest norm of the gradients (`StepOptions`). */
  readonly clip?: number;
  /** Decay of the moving averages (`StepOptions`). */
  readonly average?: number;
  /** Parts of a batch that are computed one after the other; default one a view. */
  readonly parts?: number;
  /** Form of the graph (`StepOptions`). */
  readonly form?: StepOptions["form"];
}

/** Builds the step's graph; the student's parameters are those that do not begin with `distil.`, the maps to the teacher's channels. */
export function distillStep(options: DistillStepOptions): Step {
  const { student, way, views, tilesPerView = 5, cells, layers, preprocessing, clsWeight = 0.5, parts = views } = options;
  const tiles = views * tilesPerView;
  const tokens = 4 * cells;
  const targets = layers.map(({ statistics }, i) => {
    const dims = [tiles, 1 + tokens, statistics.cls.mean.length];
    return [layerName(i), { type: "float32" as const, dims }] as const;
  });
  return makeStep({
    inputs: {
      pixels: { type: "uint8", dims: [tiles, tokens, student.patchSize ** 2 * 3] },
      positions: { type: "int64", dims: [tiles * tokens] },
      ...Object.fromEntries(targets),
    },
    ...{ parts, optimizer: options.optimizer, clip: options.clip, average: options.average, form: options.form },
    loss(inputs, parameter) {
      const encoded = vitOfPatches(normalized(inputs.pixels, preprocessing), inputs.positions, student, parameter);
      const loss = ({ patches, cls }: { patches: ShapedValue; cls: ShapedValue }) => Add(patches, Mul(cls, clsWeight));
      const losses = layers.map(({ statistics, block, weight }, i) => {
        const target = standardized(inputs[layerName(i)], statistics);
        if (i < layers.length - 1) {
          const state = Reshape(encoded.states[block!], encoded.tokens.dims as number[]);
          return { loss: Mul(loss(difference(centered(state), target, `distil.${i}`, parameter)), weight) };
        }
        const metrics =
          way === "tiles"
            ? difference(encoded.tokens, target, "distil", parameter)
            : difference(multiScale(encoded.tokens), fine(target), "distil", parameter);
        return { loss: Mul(loss(metrics), weight), metrics };
      });
      const { loss: last, metrics } = losses.at(-1)!;
      return { loss: losses.slice(0, -1).reduce((sum, each) => Add(sum, each.loss), last), metrics };
    },
  });
}

/** Maps bytes [b, n, size·size·3], channels innermost, to (value / 255 - mean) / std. */
function normalized(patches: ShapedValue, { mean, std }: DistillStepOptions["preprocessing"]): ShapedValue {
  const pixels = patches.dims[2] as number;
  const perChannel = (values: readonly number[]) => {
    const data = Float32Array.from({ length: pixels }, (_, i) => values[i % 3]);
    return constant(patches.graph, "float32", [pixels], data);
  };
  return Add(Mul(Cast(patches, "float32"), perChannel(std.map((s) => 1 / 255 / s))), perChannel(mean.map((m, c) => -m / std[c])));
}

/** Standardizes the teacher's tokens channel by channel, [CLS] and patches separately. */
function standardized(tokens: ShapedValue, { cls, patches }: LayerStatistics): ShapedValue {
  const [, count, channels] = tokens.dims as number[];
  const table = (value: (moments: LayerStatistics["cls"], c: number) => number) => {
    const data = Float32Array.from({ length: count * channels }, (_, i) => value(i < channels ? cls : patches, i % channels));
    return constant(tokens.graph, "float32", [1, count, channels], data);
  };
  const [mean, factor] = [table(({ mean }, c) => mean[c]), table(({ deviation }, c) => 1 / deviation[c])];
  return Mul(Sub(tokens, mean), factor);
}

/** Standardizes over each token's channels: a layer norm without weights. */
function centered(x: ShapedValue): ShapedValue {
  const dim = x.dims.at(-1) as number;
  return LayerNormalization(x, constant(x.graph, "float32", [dim], new Float32Array(dim).fill(1)), undefined, { epsilon: 1e-6 });
}

/** Returns the mean squared difference of patches and of [CLS], after a linear map. */
function difference(tokens: ShapedValue, target: ShapedValue, name: string, parameter: Parameter) {
  const [batch, count, width] = tokens.dims as number[];
  const channels = target.dims[2] as number;
  const projected = Reshape(linear(Reshape(tokens, [batch * count, width]), name, channels, parameter), [batch, count, channels]);
  const gap = Sub(projected, target);
  const mean = (values: ShapedValue) => ReduceMean(Mul(values, values), [0, 1, 2], { keepdims: 0 });
  return { patches: mean(Slice(gap, 1, Number.POSITIVE_INFINITY, 1)), cls: mean(Slice(gap, 0, 1, 1)) };
}

/** Concatenates the features at scales 1 and 2 (paper §3.1): [views·5, 1 + n, c] to [views, 1 + n, 2·c]. */
function multiScale(tokens: ShapedValue): ShapedValue {
  const [tiles, count, width] = tokens.dims as number[];
  const coarse = Slice(Reshape(tokens, [tiles / 5, 5, count, width]), 0, 1, 1);
  return Concat([Reshape(coarse, [tiles / 5, count, width]), fine(tokens)], 2);
}

/** Stitches the four fine tiles of each view and pools them over the coarse tile's patches; [CLS] is averaged: [views, 1 + n, c]. */
function fine(tokens: ShapedValue): ShapedValue {
  const [tiles, count, width] = tokens.dims as number[];
  const views = tiles / 5;
  const four = Slice(Reshape(tokens, [views, 5, count, width]), 1, 5, 1);
  const cls = Reshape(ReduceMean(Slice(four, 0, 1, 2), [1]), [views, 1, width]);
  // Four fine patches lie over each coarse one, and quarters and cells come in the coarse tile's order (batches.ts).
  const cells = Reshape(Slice(four, 1, count, 2), [views, count - 1, 4, width]);
  return Concat([cls, Reshape(ReduceMean(cells, [2]), [views, count - 1, width])], 1);
}
