/** A Vision Transformer whose weights are parameters (Dosovitskiy et al., arXiv 2010.11929), under timm's names so that `buildModel` reads what was trained. */
import {
  Add,
  Concat,
  Conv,
  Expand,
  Gather,
  Gelu,
  Gemm,
  LayerNormalization,
  MatMul,
  Mul,
  Reshape,
  type ShapedValue,
  Slice,
  Softmax,
  Split,
  Transpose,
  wholeNumbers,
} from "../onnx/index.ts";

/** Sizes of a ViT, as timm's VisionTransformer. */
export interface VitShape {
  /** Side of the images in pixels. */
  readonly imageSize: number;
  /** Side of a patch in pixels. */
  readonly patchSize: number;
  /** Channels of a token. */
  readonly dim: number;
  /** Number of blocks. */
  readonly depth: number;
  /** Number of attention heads. */
  readonly heads: number;
  /** Hidden channels of the MLP over `dim`. */
  readonly mlpRatio: number;
}

/** Returns the parameter of a name, with these dims. */
export type Parameter = (name: string, dims: readonly number[]) => ShapedValue;

/** The outputs of a ViT. */
export interface Encoded {
  /** [b, 1 + n, dim], [CLS] first, after the last norm. */
  readonly tokens: ShapedValue;
  /** The outputs of the blocks, before any norm: [b·(1 + n), dim]. */
  readonly states: readonly ShapedValue[];
}

/** Encodes images [b, 3, h, w] to tokens [b, 1 + n, dim], [CLS] first, after the last norm. */
export function vit(images: ShapedValue, shape: VitShape, parameter: Parameter): ShapedValue {
  const { patchSize, dim } = shape;
  const [batch] = images.dims as number[];
  const weight = parameter("patch_embed.proj.weight", [dim, 3, patchSize, patchSize]);
  const planes = Conv(images, weight, parameter("patch_embed.proj.bias", [dim]), { strides: [patchSize, patchSize] });
  const grid = Transpose(Reshape(planes, [batch, dim, gridCells(shape)]), [0, 2, 1]);
  const position = Slice(parameter("pos_embed", [1, 1 + gridCells(shape), dim]), 1, Number.POSITIVE_INFINITY, 1);
  return encode(Add(grid, position), shape, parameter).tokens;
}

/**
 * Encodes some of the patches of images: pixels [b, n, size·size·3], normalized, row by row with channels innermost, and their positions
 * [b·n] in the grid. Omitted patches cost nothing, as in MAE (arXiv 2111.06377, §3).
 */
export function vitOfPatches(patches: ShapedValue, positions: ShapedValue, shape: VitShape, parameter: Parameter): Encoded {
  const { patchSize, dim } = shape;
  const [batch, n, pixels] = patches.dims as number[];
  const weight = parameter("patch_embed.proj.weight", [dim, 3, patchSize, patchSize]);
  const matrix = Reshape(Transpose(weight, [0, 2, 3, 1]), [dim, pixels]);
  const bias = parameter("patch_embed.proj.bias", [dim]);
  const projected = Gemm(Reshape(patches, [batch * n, pixels]), matrix, bias, { transB: 1 });
  const table = Slice(parameter("pos_embed", [1, 1 + gridCells(shape), dim]), 1, Number.POSITIVE_INFINITY, 1);
  const position = Gather(Reshape(table, [gridCells(shape), dim]), positions);
  return encode(Reshape(Add(projected, position), [batch, n, dim]), shape, parameter);
}

const gridCells = ({ imageSize, patchSize }: VitShape): number => (imageSize / patchSize) ** 2;

/** Puts [CLS] before the grid's tokens [b, n, dim] and runs the blocks. */
function encode(grid: ShapedValue, shape: VitShape, parameter: Parameter): Encoded {
  const { graph } = grid;
  const { dim, depth } = shape;
  const [batch, n] = grid.dims as number[];
  const position = Slice(parameter("pos_embed", [1, 1 + gridCells(shape), dim]), 0, 1, 1);
  const cls = Expand(Add(parameter("cls_token", [1, 1, dim]), position), wholeNumbers(graph, [batch, 1, dim]));
  let x = Reshape(Concat([cls, grid], 1), [batch * (1 + n), dim]);
  const states: ShapedValue[] = [];
  for (let i = 0; i < depth; i++) {
    x = block(x, batch, shape, (name, dims) => parameter(`blocks.${i}.${name}`, dims));
    states.push(x);
  }
  return { tokens: Reshape(norm(x, "norm", parameter), [batch, 1 + n, dim]), states };
}

/** Computes x + attention(norm(x)), then x + mlp(norm(x)); x [b·n, dim]. */
function block(x: ShapedValue, batch: number, { dim, heads, mlpRatio }: VitShape, parameter: Parameter): ShapedValue {
  const attended = Add(x, linear(attention(norm(x, "norm1", parameter), batch, heads, parameter), "attn.proj", dim, parameter));
  const inner = Gelu(linear(norm(attended, "norm2", parameter), "mlp.fc1", dim * mlpRatio, parameter));
  return Add(attended, linear(inner, "mlp.fc2", dim, parameter));
}

/** Computes self-attention of x [b·n, dim]. */
function attention(x: ShapedValue, batch: number, heads: number, parameter: Parameter): ShapedValue {
  const dim = x.dims[1] as number;
  const weights = Split(parameter("attn.qkv.weight", [3 * dim, dim]), [dim, dim, dim], 0);
  const biases = Split(parameter("attn.qkv.bias", [3 * dim]), [dim, dim, dim], 0);
  const [q, k, v] = weights.map((weight, i) => Gemm(x, weight, biases[i], { transB: 1 }));
  return attend(q, k, v, { batch, heads });
}

/** Computes attention softmax(q·kᵀ/√d + mask)·v of q [b·m, dim], k and v [b·n, dim], heads side by side. */
export function attend(
  q: ShapedValue,
  k: ShapedValue,
  v: ShapedValue,
  { batch, heads, mask }: { batch: number; heads: number; mask?: ShapedValue },
): ShapedValue {
  const [rows, dim] = q.dims as number[];
  const d = dim / heads;
  const apart = (x: ShapedValue) => Reshape(x, [batch, (x.dims[0] as number) / batch, heads, d]);
  const scores = MatMul(Mul(Transpose(apart(q), [0, 2, 1, 3]), 1 / Math.sqrt(d)), Transpose(apart(k), [0, 2, 3, 1]));
  const weights = Softmax(mask ? Add(scores, mask) : scores);
  return Reshape(Transpose(MatMul(weights, Transpose(apart(v), [0, 2, 1, 3])), [0, 2, 1, 3]), [rows, dim]);
}

/** Computes the linear layer x·Wᵀ + b with the parameters NAME.weight and NAME.bias. */
export function linear(x: ShapedValue, name: string, width: number, parameter: Parameter): ShapedValue {
  return Gemm(x, parameter(`${name}.weight`, [width, x.dims[1] as number]), parameter(`${name}.bias`, [width]), { transB: 1 });
}

/** Computes layer normalization over the last axis. */
export function norm(x: ShapedValue, name: string, parameter: Parameter): ShapedValue {
  const dim = x.dims.at(-1) as number;
  return LayerNormalization(x, parameter(`${name}.weight`, [dim]), parameter(`${name}.bias`, [dim]), { epsilon: 1e-6 });
}
