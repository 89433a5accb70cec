/** MPViT (arXiv 2112.11010): patches of several sizes side by side in each stage, attention whose cost is linear in the tokens, and convolutions. */
import { Add, Concat, MatMul, Mul, ReduceMean, Reshape, type ShapedValue, Softmax, scope, Transpose } from "../onnx/index.ts";
import type { Architecture, Outputs, Size } from "./architecture.ts";
import { checkHeads } from "./config.ts";
import { planesToTokens, sizeOf, tokensToPlanes } from "./feature-maps.ts";
import { classifier, mainOutputs, namedOutputs, shapeOf } from "./hierarchy.ts";
import {
  type Affine,
  asConv,
  type ConvLayout,
  conv,
  convolve,
  layerNorm,
  linear,
  normedConv,
  readAffine,
  readConv,
  rowsOf,
  scoped,
} from "./layers.ts";
import { activationOf, hardSwish, mlp } from "./mlp.ts";
import type { Weights } from "./weights.ts";

/** In every stage; the first two, the next three and the last three have relative positions of three kernels. */
export const heads = 8;
const headsOfKernels = [2, 3, 3];
const normEpsilon = 1e-6;
const batchNormEpsilon = 1e-5;

export function describeMPViT(imageSize: Size, weights: Weights): Architecture {
  return {
    imageSize,
    patchSize: 2 ** (weights.count("stem") + weights.count("mhca_stages") - 1),
    shortestSide: 1,
    prefixTokens: 0,
    channels: shapeOf(weights, "stem.0.conv.weight")[1],
    main: mainOutputs,
    // Blocks of an encoder have the same convolutions for positions, and files repeat them for each.
    unused: /\.MHCA_layers\.\d+\.(cpe|crpe|factoratt_crpe\.crpe)\./,
    build: (images) => build(images, weights),
  };
}

function build(images: ShapedValue, weights: Weights): Outputs {
  const { graph } = images;
  let x = images;
  for (let i = 0; i < weights.count("stem"); i++)
    x = scope(graph, `stem.${i}`, () => unit(x, weights.under(`stem.${i}`), { kernel: 3, stride: 2, padding: 1 }));
  const stages: ShapedValue[] = [];
  for (let i = 0; i < weights.count("mhca_stages"); i++) {
    const embeddings = weights.under(`patch_embed_stages.${i}`);
    const paths = scope(graph, `patch_embed_stages.${i}`, () => patches(x, embeddings, i === 0 ? 1 : 2));
    x = scope(graph, `mhca_stages.${i}`, () => stage(paths, weights.under(`mhca_stages.${i}`)));
    stages.push(x);
  }
  const pooled = ReduceMean(x, [2, 3], { keepdims: 0 });
  const logits = classifier(pooled, weights.under("cls_head.cls"));
  return namedOutputs("timm", { features: x, pooled, logits, stages, hidden: {} });
}

/** A convolution, its batch norm and hard swish. */
function unit(x: ShapedValue, weights: Weights, layout: Omit<ConvLayout, "channels">, names = ["conv", "bn"]): ShapedValue {
  const [convolution, norm] = names.map((name) => weights.under(name));
  const channels = shapeOf(convolution, "weight")[0];
  return hardSwish(normedConv(x, convolution, norm, { channels, ...layout }, batchNormEpsilon));
}

/** Multi-scale patch embedding (section 3.2): each path has its patches of those before it, 3, 5, 7 ... pixels wide. */
function patches(x: ShapedValue, weights: Weights, stride: number): ShapedValue[] {
  const paths: ShapedValue[] = [];
  const channels = x.dims[1] as number;
  const count = Math.max(weights.count("patch_embeds"), 1); // Without any the first is refused by name.
  for (let path = 0; path < count; path++) {
    const layers = weights.under(`patch_embeds.${path}.patch_conv`);
    const layout = { channels, kernel: 3, stride: path === 0 ? stride : 1, padding: 1, group: channels };
    const mixed = scope(x.graph, `${path}`, () => conv(paths.at(-1) ?? x, layers.under("dwconv"), layout));
    paths.push(scope(x.graph, `${path}`, () => unit(mixed, layers, { kernel: 1 }, ["pwconv", "bn"])));
  }
  return paths;
}

/** A convolution of the first path beside the paths' encoders (section 3.3), all mixed into the channels of the next stage. */
function stage(paths: readonly ShapedValue[], weights: Weights): ShapedValue {
  const local = scoped(paths[0].graph, weights.under("InvRes"), () => residual(paths[0], weights.under("InvRes")));
  const global = paths.map((path, i) => {
    const layers = weights.under(`mhca_blks.${i}`);
    return scope(path.graph, `mhca_blks.${i}`, () => encoder(path, layers));
  });
  return scope(local.graph, "aggregate", () => unit(Concat([local, ...global], 1), weights.under("aggregate"), { kernel: 1 }));
}

function residual(x: ShapedValue, weights: Weights): ShapedValue {
  const group = shapeOf(weights, "dwconv.weight")[0];
  const inner = unit(x, weights.under("conv1"), { kernel: 1 });
  const mixed = unit(inner, weights, { kernel: 3, padding: 1, group }, ["dwconv", "norm"]);
  const last = weights.under("conv2");
  const channels = x.dims[1] as number;
  return Add(x, normedConv(mixed, last.under("conv"), last.under("bn"), { channels, kernel: 1 }, batchNormEpsilon));
}

function encoder(x: ShapedValue, weights: Weights): ShapedValue {
  const { graph } = x;
  const layers = weights.count("MHCA_layers");
  // The convolutions of positions, by the first of their names in the file: writers that drop copies keep any one of them.
  const copies = Array.from({ length: layers }, (_, i) => `MHCA_layers.${i}`);
  const position = weights.under(first(weights, ["cpe", ...copies.map((copy) => `${copy}.cpe`)], "proj.weight"));
  const relative = weights.under(
    first(weights, ["crpe", ...copies.flatMap((copy) => [`${copy}.crpe`, `${copy}.factoratt_crpe.crpe`])], "conv_list.0.weight"),
  );
  let planes = x;
  for (let i = 0; i < layers; i++)
    planes = scope(graph, `MHCA_layers.${i}`, () => block(planes, weights.under(copies[i]), position, relative));
  return planes;
}

const first = (weights: Weights, names: readonly string[], tensor: string): string =>
  names.find((name) => weights.has(`${name}.${tensor}`)) ?? names[0];

function block(planes: ShapedValue, weights: Weights, position: Weights, relative: Weights): ShapedValue {
  const { graph } = planes;
  const [size, channels] = [sizeOf(planes), planes.dims[1] as number];
  const norm = (tokens: ShapedValue, name: string) => layerNorm(tokens, weights.under(name), normEpsilon);
  const x = planesToTokens(scoped(graph, position, () => positioned(planes, position.under("proj"))));
  const attended = scope(graph, "factoratt_crpe", () => {
    const seen = attention(tokensToPlanes(norm(x, "norm1"), size), weights.under("factoratt_crpe.qkv"), relative);
    return Add(x, linear(planesToTokens(seen), weights.under("factoratt_crpe.proj"), channels));
  });
  const width = shapeOf(weights, "mlp.fc1.weight")[0];
  const settings = { kind: "plain", width, activation: activationOf("gelu"), bias: true } as const;
  return tokensToPlanes(Add(attended, mlp(norm(attended, "norm2"), weights.under("mlp"), settings)), size);
}

/** x + a convolution of each channel: the sum is one more in the middle of the kernel. */
function positioned(x: ShapedValue, weights: Weights): ShapedValue {
  const channels = x.dims[1] as number;
  const layout = { channels, kernel: 3, padding: 1, group: channels };
  const { weight, bias } = readConv(weights, channels, layout);
  const data = weight.data.map((value, i) => (i % 9 === 4 ? value + 1 : value));
  return convolve(x, { weight: { ...weight, data }, bias }, layout);
}

/** Factorized attention with relative positions (section 3.3; CoaT, arXiv 2104.06399): q·(softmax(k)ᵀ·v) / √d + q ∘ conv(v), in planes. */
function attention(x: ShapedValue, weights: Weights, relative: Weights): ShapedValue {
  const { graph } = x;
  const [batch, channels, height, width] = x.dims as readonly [string, number, number, number];
  checkHeads(channels, heads);
  const depth = channels / heads;
  const all = readAffine(weights, 3 * channels, channels);
  const [query, key, value] = [0, 1, 2].map((i) => {
    const layer = asConv(rowsOf(all, i * channels, (i + 1) * channels));
    return scoped(graph, weights, () => convolve(x, layer, {}));
  });
  const inHeads = (planes: ShapedValue) => Reshape(planes, [batch, heads, depth, height * width]);
  const weighted = Transpose(Softmax(inHeads(key)), [0, 1, 3, 2]);
  const context = Mul(MatMul(inHeads(value), weighted), depth ** -0.5);
  const seen = Reshape(MatMul(context, inHeads(query)), x.dims);
  return Add(
    seen,
    Mul(
      query,
      scope(graph, "crpe", () => convolve(value, positions(relative, channels), { padding: 3, group: channels })),
    ),
  );
}

/** The convolutions of the heads, of kernels 3, 5 and 7, as one of the largest kernel with zeros around the others. */
function positions(weights: Weights, channels: number): Affine {
  const side = 7;
  const data = new Float32Array(channels * side * side);
  const bias = new Float32Array(channels);
  let channel = 0;
  headsOfKernels.forEach((count, i) => {
    const [kernel, rows] = [3 + 2 * i, (count * channels) / heads];
    const layer = readConv(weights.under(`conv_list.${i}`), rows, { channels: rows, kernel, group: rows, bias: true });
    bias.set(layer.bias!.data, channel);
    const margin = (side - kernel) >> 1;
    for (let row = 0; row < rows * kernel; row++) {
      const from = layer.weight.data.subarray(row * kernel, (row + 1) * kernel);
      const at = (channel + Math.floor(row / kernel)) * side * side + (margin + (row % kernel)) * side + margin;
      data.set(from, at);
    }
    channel += rows;
  });
  return { weight: { dims: [channels, 1, side, side], data }, bias: { dims: [channels], data: bias } };
}
