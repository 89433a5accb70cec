/** A ViT with a register at test time (Jiang et al., arXiv 2506.08010): what its register neurons put into outlier tokens goes into an added token. */
import {
  Add,
  Concat,
  constant,
  finishGraph,
  Gelu,
  input,
  MatMul,
  Mul,
  newGraph,
  node,
  output,
  ReduceSum,
  Reshape,
  type ShapedValue,
  Slice,
  Softmax,
  writeOnnx,
} from "s2-vision/onnx";

/** Weights of a ViT under timm's names. */
export interface VitWeights {
  readonly tensors: Readonly<Record<string, { readonly dims: readonly number[]; readonly data: Float32Array }>>;
  readonly side: number;
  readonly heads: number;
}

/** A neuron of a block's MLP. */
export interface Neuron {
  readonly block: number;
  readonly channel: number;
}

export interface RegisterOptions {
  /** Register neurons; without any the graph is the model. */
  readonly neurons?: readonly Neuron[];
  /** Adds the outputs `inner.i`: what the neurons of block i give, [batch, tokens, neurons]. */
  readonly inspect?: boolean;
}

export const depthOf = ({ tensors }: VitWeights): number =>
  Object.keys(tensors).filter((name) => /^blocks\.\d+\.norm1\.weight$/.test(name)).length;

/**
 * Builds the graph from pixel_values [batch, 3, side, side] to `tokens` [batch, 1 + n, dim + 1], [CLS] first: tokens after the last norm, and in one more
 * channel their length before it, which shows outliers. With neurons a token of zeros is added behind the others; in each block it gets the largest
 * value of every register neuron, which is zero for all other tokens.
 */
export function registerVit(weights: VitWeights, { neurons = [], inspect = false }: RegisterOptions = {}): Uint8Array {
  const { tensors, side, heads } = weights;
  const graph = newGraph(20);
  const get = (name: string) => constant(graph, "float32", tensors[name].dims, tensors[name].data, name);
  const vector = (name: string, values: Float32Array, dims: readonly number[] = [values.length]) =>
    constant(graph, "float32", dims, values, name);
  const linear = (x: ShapedValue, name: string) =>
    Add(MatMul(x, operator("Transpose", [get(`${name}.weight`)], { perm: [1, 0] })), get(`${name}.bias`));
  const norm = (x: ShapedValue, name: string) =>
    operator("LayerNormalization", [x, get(`${name}.weight`), get(`${name}.bias`)], { axis: -1 });
  const [dim, , patch] = tensors["patch_embed.proj.weight"].dims;
  const cells = (side / patch) ** 2;
  const tokens = 1 + cells + (neurons.length > 0 ? 1 : 0);
  const inHeads = (x: ShapedValue, third: number, perm: readonly number[]) =>
    operator("Transpose", [Reshape(Slice(x, third * dim, (third + 1) * dim, 2), ["batch", tokens, heads, dim / heads])], {
      perm,
    });

  const images = input(graph, "pixel_values", "float32", ["batch", 3, side, side]);
  const patches = { kernel_shape: [patch, patch], strides: [patch, patch] };
  const planes = operator("Conv", [images, get("patch_embed.proj.weight"), get("patch_embed.proj.bias")], patches);
  const grid = operator("Transpose", [Reshape(planes, ["batch", dim, cells])], { perm: [0, 2, 1] });
  const zeros = Mul(Slice(grid, 0, 1, 1), 0); // a token for each image, whose number is not known here
  const known = Add(Concat([Add(zeros, get("cls_token")), grid], 1), get("pos_embed"));
  let x = neurons.length > 0 ? Concat([known, zeros], 1) : known;
  for (let block = 0; block < depthOf(weights); block++) {
    const name = `blocks.${block}`;
    const qkv = linear(norm(x, `${name}.norm1`), `${name}.attn.qkv`);
    const scores = MatMul(Mul(inHeads(qkv, 0, [0, 2, 1, 3]), Math.sqrt(heads / dim)), inHeads(qkv, 1, [0, 2, 3, 1]));
    const seen = operator("Transpose", [MatMul(Softmax(scores), inHeads(qkv, 2, [0, 2, 1, 3]))], { perm: [0, 2, 1, 3] });
    x = Add(x, linear(Reshape(seen, ["batch", tokens, dim]), `${name}.attn.proj`));
    const inner = Gelu(linear(norm(x, `${name}.norm2`), `${name}.mlp.fc1`));
    if (inspect) output(inner, `inner.${block}`);
    const channels = neurons.filter((neuron) => neuron.block === block).map(({ channel }) => channel);
    x = Add(x, linear(channels.length > 0 ? moved(inner, channels) : inner, `${name}.mlp.fc2`));
  }

  /** Moves neurons' largest values to the last token. */
  function moved(inner: ShapedValue, channels: readonly number[]): ShapedValue {
    const wide = inner.dims[2] as number;
    const isMoved = Float32Array.from({ length: wide }, (_, channel) => Number(channels.includes(channel)));
    const isLast = Float32Array.from({ length: tokens }, (_, token) => Number(token === tokens - 1));
    const axis = constant(graph, "int64", [1], BigInt64Array.of(1n));
    const largest = operator("ReduceMax", [Slice(inner, 0, tokens - 1, 1), axis]);
    const stay = vector(
      "stay",
      isMoved.map((value) => 1 - value),
    );
    const register = Mul(Mul(largest, vector("moved", isMoved)), vector("register", isLast, [tokens, 1]));
    return Add(Mul(inner, stay), register);
  }

  const state = Slice(x, 0, 1 + cells, 1);
  const length = operator("Sqrt", [ReduceSum(Mul(state, state), [2])]);
  output(Concat([norm(state, "norm"), length], 2), "tokens");
  return writeOnnx(finishGraph(graph, "vit"));
}

const operator = (op: string, inputs: readonly ShapedValue[], attributes: Parameters<typeof node>[2] = {}): ShapedValue =>
  node(op, inputs, attributes)[0] as ShapedValue;
