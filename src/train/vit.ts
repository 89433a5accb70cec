/** A Vision Transformer whose weights are parameters (Dosovitskiy et al., arXiv 2010.11929), under timm's names so that `buildModel` reads what was trained. */
import {
  Add,
  Concat,
  Conv,
  Expand,
  Gelu,
  Gemm,
  LayerNormalization,
  MatMul,
  Mul,
  Reshape,
  type ShapedValue,
  Softmax,
  Split,
  Transpose,
  wholeNumbers,
} from "../onnx/index.ts";
import { makeRandom, truncatedNormal } from "./random.ts";

/** As timm's VisionTransformer is made. */
export interface VitShape {
  readonly imageSize: number;
  readonly patchSize: number;
  readonly dim: number;
  readonly depth: number;
  readonly heads: number;
  /** Channels inside the MLP over those outside. */
  readonly mlpRatio: number;
}

/** Reads a parameter by its name; the shape is what the model expects. */
export type Parameter = (name: string, dims: readonly number[]) => ShapedValue;

/** Images [b, 3, h, w] to tokens [b, 1 + n, dim], [CLS] first, after the last norm. */
export function vit(images: ShapedValue, shape: VitShape, parameter: Parameter): ShapedValue {
  const { imageSize, patchSize, dim, depth } = shape;
  const [batch] = images.dims as number[];
  const patches = (imageSize / patchSize) ** 2;
  const weight = parameter("patch_embed.proj.weight", [dim, 3, patchSize, patchSize]);
  const planes = Conv(images, weight, parameter("patch_embed.proj.bias", [dim]), { strides: [patchSize, patchSize] });
  const grid = Transpose(Reshape(planes, [batch, dim, patches]), [0, 2, 1]);
  const cls = Expand(parameter("cls_token", [1, 1, dim]), wholeNumbers(images.graph, [batch, 1, dim]));
  const tokens = Add(Concat([cls, grid], 1), parameter("pos_embed", [1, 1 + patches, dim]));
  let x = Reshape(tokens, [batch * (1 + patches), dim]);
  for (let i = 0; i < depth; i++) x = block(x, batch, shape, (name, dims) => parameter(`blocks.${i}.${name}`, dims));
  return Reshape(norm(x, "norm", parameter), [batch, 1 + patches, dim]);
}

/** x + attention(norm(x)), then x + mlp(norm(x)); x [b·n, dim]. */
function block(x: ShapedValue, batch: number, { dim, heads, mlpRatio }: VitShape, parameter: Parameter): ShapedValue {
  const attended = Add(x, linear(attention(norm(x, "norm1", parameter), batch, heads, parameter), "attn.proj", dim, parameter));
  const inner = Gelu(linear(norm(attended, "norm2", parameter), "mlp.fc1", dim * mlpRatio, parameter));
  return Add(attended, linear(inner, "mlp.fc2", dim, parameter));
}

/** softmax(q·kᵀ/√d)·v of x [b·n, dim], heads side by side. */
function attention(x: ShapedValue, batch: number, heads: number, parameter: Parameter): ShapedValue {
  const [rows, dim] = x.dims as number[];
  const [n, d] = [rows / batch, dim / heads];
  const weights = Split(parameter("attn.qkv.weight", [3 * dim, dim]), [dim, dim, dim], 0);
  const biases = Split(parameter("attn.qkv.bias", [3 * dim]), [dim, dim, dim], 0);
  const [q, k, v] = weights.map((weight, i) => Reshape(Gemm(x, weight, biases[i], { transB: 1 }), [batch, n, heads, d]));
  const scores = Softmax(MatMul(Mul(Transpose(q, [0, 2, 1, 3]), 1 / Math.sqrt(d)), Transpose(k, [0, 2, 3, 1])));
  return Reshape(Transpose(MatMul(scores, Transpose(v, [0, 2, 1, 3])), [0, 2, 1, 3]), [rows, dim]);
}

/** x·Wᵀ + b. */
export function linear(x: ShapedValue, name: string, width: number, parameter: Parameter): ShapedValue {
  return Gemm(x, parameter(`${name}.weight`, [width, x.dims[1] as number]), parameter(`${name}.bias`, [width]), { transB: 1 });
}

function norm(x: ShapedValue, name: string, parameter: Parameter): ShapedValue {
  const dim = x.dims.at(-1) as number;
  return LayerNormalization(x, parameter(`${name}.weight`, [dim]), parameter(`${name}.bias`, [dim]), { epsilon: 1e-6 });
}

/** First values as timm's: normal of deviation 0.02, norms one, biases zero. */
export function initialValue(name: string, dims: readonly number[], seed: number): Float32Array {
  const data = new Float32Array(dims.reduce((product, size) => product * size, 1));
  if (name.endsWith(".bias")) return data;
  if (/norm\d?\.weight$/.test(name)) return data.fill(1);
  // A sequence for each name, so that one layer more leaves the others as they were.
  const random = makeRandom([...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), seed));
  return data.map(() => truncatedNormal(random, 0.02));
}
