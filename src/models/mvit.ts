/** MViTv2 (arXiv 2112.01526): attention whose queries, keys and values are pooled, so that each stage has a quarter of the tokens before. */
import { px, S2Error } from "../core/index.ts";
import { Add, Concat, node, type ShapedValue, Slice, scope } from "../onnx/index.ts";
import type { Architecture, Outputs, Size } from "./architecture.ts";
import { planesToTokens, sizeOf, tokensToPlanes } from "./feature-maps.ts";
import { classifier, mainOutputs, namedOutputs, shapeOf } from "./hierarchy.ts";
import { conv, layerNorm, linear, scoped } from "./layers.ts";
import { activationOf, mlp } from "./mlp.ts";
import { epsilon, type PooledAttention, pooledAttention } from "./mvit-attention.ts";
import { pools, withoutPrefix } from "./pooling.ts";
import { withPosition } from "./position.ts";
import type { Weights } from "./weights.ts";

/** Settings that the tensors do not show, unlike depths, channels, heads and the class token. */
export interface Mvit {
  readonly imageSize: Size;
  /** timm's `global_pool`: "token", "avg" or "". */
  readonly pool: string;
}

/** The stride of the patches, and that of keys and values in the first stage. */
const [patchStride, firstKeyStride] = [4, 4];

export function describeMvit(mvit: Mvit, weights: Weights): Architecture {
  return {
    imageSize: mvit.imageSize,
    patchSize: patchStride * 2 ** (weights.count("stages") - 1),
    prefixTokens: prefixOf(weights),
    channels: shapeOf(weights, "patch_embed.proj.weight")[1],
    main: mainOutputs,
    build: (images) => build(images, weights, mvit),
  };
}

const prefixOf = (weights: Weights): number => (weights.has("cls_token") ? 1 : 0);

function build(images: ShapedValue, weights: Weights, { pool }: Mvit): Outputs {
  const prefix = prefixOf(weights);
  const count = weights.count("stages");
  checkSize(sizeOf(images), patchStride * Math.max(2 ** (count - 1), firstKeyStride));
  const patches = embed(images, weights.under("patch_embed"));
  let grid = sizeOf(patches);
  let x = planesToTokens(patches);
  if (prefix > 0) x = withPosition(x, weights, grid, [["cls_token", prefix]]);
  const stages: ShapedValue[] = [];
  for (let i = 0; i < count; i++) {
    const name = `stages.${i}.blocks`;
    for (let j = 0; j < weights.count(name); j++) {
      const queryStride = i > 0 && j === 0 ? 2 : 1;
      const pooling = { grid, prefix, queryStride, keyStride: Math.max(firstKeyStride / 2 ** i, 1) };
      x = scope(x.graph, `${name}.${j}`, () => block(x, weights.under(`${name}.${j}`), pooling));
      grid = [grid[0] / queryStride, grid[1] / queryStride];
    }
    stages.push(tokensToPlanes(withoutPrefix(x, prefix), grid));
  }
  const features = layerNorm(x, weights.under("norm"), epsilon);
  const pooled = pools[pool](pool === "avg" ? withoutPrefix(features, prefix) : features);
  return namedOutputs("timm", { features, pooled, logits: classifier(pooled, weights.under("head.fc")), stages, hidden: {} });
}

/** timm makes square models only; with other sides the convolutions' grids are not those of the tables of positions. */
function checkSize([height, width]: Size, multiple: number): void {
  if (height === width && height % multiple === 0) return;
  throw new S2Error(
    "input",
    `Images are ${px([height, width])}; this MViTv2 takes squares whose side is a multiple of ${multiple} pixels.`,
  );
}

function embed(images: ShapedValue, weights: Weights): ShapedValue {
  const [channels, , kernel] = shapeOf(weights, "proj.weight");
  const layout = { channels, kernel, stride: patchStride, padding: Math.floor(kernel / 2) };
  return scoped(images.graph, weights, () => conv(images, weights.under("proj"), layout));
}

/** Channels become more by attention in the first block of a stage, or (timm's mvitv2_large) the MLP in the last. */
function block(x: ShapedValue, weights: Weights, pooling: PooledAttention): ShapedValue {
  const projected = (normed: ShapedValue, kept: ShapedValue, name: string) =>
    weights.has(`${name}.weight`) ? linear(normed, weights.under(name), shapeOf(weights, `${name}.weight`)[0]) : kept;
  const normed = layerNorm(x, weights.under("norm1"), epsilon);
  const shortcut = maximum(projected(normed, x, "shortcut_proj_attn"), pooling);
  const attended = scoped(x.graph, weights.under("attn"), () => pooledAttention(normed, weights.under("attn"), pooling));
  const sum = Add(shortcut, attended);
  const inner = layerNorm(sum, weights.under("norm2"), epsilon);
  const kept = projected(inner, sum, "shortcut_proj_mlp");
  const width = shapeOf(weights, "mlp.fc1.weight")[0];
  const settings = {
    kind: "plain",
    width,
    activation: activationOf("gelu"),
    bias: true,
    features: kept.dims[2] as number,
  } as const;
  return Add(kept, mlp(inner, weights.under("mlp"), settings));
}

/** The maximum of 3x3 tokens where queries are pooled; the class token passes by. */
function maximum(x: ShapedValue, { grid, prefix, queryStride }: PooledAttention): ShapedValue {
  if (queryStride === 1) return x;
  const planes = tokensToPlanes(withoutPrefix(x, prefix), grid);
  const window = { kernel_shape: [3, 3], strides: [queryStride, queryStride], pads: [1, 1, 1, 1] };
  const [pooled] = node("MaxPool", [planes], window) as ShapedValue[];
  const tokens = planesToTokens(pooled);
  return prefix > 0 ? Concat([Slice(x, 0, prefix, 1), tokens], 1) : tokens;
}
