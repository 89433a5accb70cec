/** Window attention of Swin (section 3.2): relative positions from a table; of Swin V2 (section 3.2 and 3.3): cosines, and positions from a small network. */
import { px, S2Error } from "../core/index.ts";
import { Add, constant, Equal, Gather, type Graph, type ShapedValue, scalar, Transpose, Where } from "../onnx/index.ts";
import type { Size } from "./architecture.ts";
import { reorder } from "./feature-maps.ts";
import { shapeOf } from "./hierarchy.ts";
import { linear, parameter } from "./layers.ts";
import type { Weight, Weights } from "./weights.ts";
import { attendInWindows, queriesKeysValues } from "./window-attention.ts";
import { relativePositions, type Windows } from "./windows.ts";

export interface SwinAttention {
  readonly version: 1 | 2;
  /** The number added to the scores of tokens that do not see each other. */
  readonly mask: number;
  /** Version 2: the windows that its network for positions learned on; [0, 0]: these. */
  readonly pretrainedWindow: Size;
}

/** Tokens [b, n, c] of a grid, attending within its windows. */
export function swinAttention(x: ShapedValue, weights: Weights, windows: Windows, settings: SwinAttention): ShapedValue {
  const { graph } = x;
  const features = weights.has("qkv.weight") ? shapeOf(weights, "qkv.weight")[0] / 3 : shapeOf(weights, "query.weight")[0];
  const cosine = settings.version === 2 ? logitScale(weights) : undefined;
  const heads = cosine ? cosine.dims[0] : shapeOf(weights, "relative_position_bias_table")[1];
  const table = cosine
    ? continuousBias(weights, windows.size, settings.pretrainedWindow, heads)
    : biasTable(weights, windows.size, heads);
  const positions = Gather(parameter(graph, table, "relative_position_bias_table"), pairs(graph, windows.size));
  const bias = masked(Transpose(positions, [2, 0, 1]), windows, settings.mask);
  const projected = queriesKeysValues(reorder(x, windows.order), weights, features, cosine ? 1 : (features / heads) ** -0.5);
  const layout = { windows: windows.count, heads, bias, ...(cosine && { cosine: parameter(graph, cosine, "logit_scale") }) };
  const attended = attendInWindows(projected, layout);
  return linear(reorder(attended, windows.positions), weights.under("proj"), x.dims[2] as number);
}

/** [area, area]: rows of the table of relative positions. */
function pairs(graph: Graph, size: Size): ShapedValue {
  const area = size[0] * size[1];
  return constant(graph, "int32", [area, area], relativePositions(size), "relative_position_index");
}

/** [heads, area, area] for all windows, or with what is masked in each: [windows, heads, area, area]. From constants alone: runtimes compute it once. */
function masked(bias: ShapedValue, { regions, count }: Windows, mask: number): ShapedValue {
  if (!regions) return bias;
  const { graph } = bias;
  const area = regions.length / count;
  const [from, to] = [
    [count, 1, area, 1],
    [count, 1, 1, area],
  ].map((dims) => constant(graph, "int32", dims, regions, "regions"));
  return Add(bias, Where(Equal(from, to), scalar(bias, 0), scalar(bias, mask)));
}

/** [(2h - 1)·(2w - 1), heads]. */
function biasTable(weights: Weights, [height, width]: Size, heads: number): Weight {
  const name = "relative_position_bias_table";
  const rows = (2 * height - 1) * (2 * width - 1);
  const stored = shapeOf(weights, name)[0];
  if (stored === rows) return weights.get(name, [rows, heads]);
  throw new S2Error(
    "input",
    `Windows of ${px([height, width])} tokens need ${rows} relative positions, ${weights.path}.${name} has ${stored}. ` +
      "Images of this size leave a grid smaller than the model's windows: give an imageSize nearer to the model's own.",
  );
}

/** exp of the logarithms, which are at most log 100; [heads, 1, 1]. */
function logitScale(weights: Weights): Weight {
  const { dims, data } = weights.get("logit_scale", [shapeOf(weights, "logit_scale")[0], 1, 1]);
  return { dims, data: data.map((logarithm) => Math.exp(Math.min(logarithm, Math.log(100)))) };
}

/** 16·sigmoid(W₂·relu(W₁·t + b)) of log-spaced offsets t, [(2h - 1)·(2w - 1), heads]: none of it depends on the image. */
function continuousBias(weights: Weights, size: Size, pretrained: Size, heads: number): Weight {
  const hidden = shapeOf(weights, "cpb_mlp.0.weight")[0];
  const [first, bias] = [weights.get("cpb_mlp.0.weight", [hidden, 2]), weights.get("cpb_mlp.0.bias", [hidden])];
  const second = weights.get("cpb_mlp.2.weight", [heads, hidden]);
  const [downs, rights] = [0, 1].map((axis) => logSpaced(size[axis], pretrained[0] > 0 ? pretrained[axis] : size[axis]));
  const table = new Float32Array(downs.length * rights.length * heads);
  const inner = new Float64Array(hidden);
  let at = 0;
  for (const down of downs) {
    for (const right of rights) {
      for (let i = 0; i < hidden; i++)
        inner[i] = Math.max(first.data[2 * i] * down + first.data[2 * i + 1] * right + bias.data[i], 0);
      for (let head = 0; head < heads; head++) {
        let sum = 0;
        for (let i = 0; i < hidden; i++) sum += second.data[head * hidden + i] * inner[i];
        table[at++] = 16 / (1 + Math.exp(-sum));
      }
    }
  }
  return { dims: [table.length / heads, heads], data: table };
}

/** Offsets from 1 - size to size - 1 of windows learned at `pretrained`: sign(t)·log₂(1 + |t|) / 3 of t = 8·offset / (pretrained - 1). */
function logSpaced(size: number, pretrained: number): number[] {
  return Array.from({ length: 2 * size - 1 }, (_, i) => {
    const t = (8 * (i - size + 1)) / Math.max(pretrained - 1, 1);
    return (Math.sign(t) * Math.log2(1 + Math.abs(t))) / 3;
  });
}
