/** The Vision Transformer (Dosovitskiy et al., arXiv 2010.11929) as a graph, with what its descendants changed as settings. */
import { S2Error } from "../core/index.ts";
import { Add, type ShapedValue, scope, Transpose } from "../onnx/index.ts";
import type { Architecture, Outputs, Size } from "./architecture.ts";
import { type Attention, attention } from "./attention.ts";
import { planesToTokens, sizeOf } from "./feature-maps.ts";
import { conv, layerNorm } from "./layers.ts";
import { type Mlp, mlp } from "./mlp.ts";
import { countOf, type PositionTable, type Prefix, type RotaryTables, rotaryTables, withPosition } from "./position.ts";
import type { Weights } from "./weights.ts";

/** A ViT up to its last block. Weights have timm's names. */
export interface Vit {
  /** The size of images that it was made for. */
  readonly imageSize: Size;
  readonly patchSize: number;
  readonly channels: number;
  /** Channels of a token. */
  readonly dim: number;
  readonly depth: number;
  /** Epsilon of all norms. */
  readonly epsilon: number;
  readonly patchBias: boolean;
  readonly prefix: Prefix;
  /** A table of positions, or else the base of rotary angles. */
  readonly position?: PositionTable;
  readonly rotary?: number;
  /** A norm before the blocks, as CLIP's. */
  readonly preNorm: boolean;
  readonly layerScale: boolean;
  readonly attention: Attention;
  readonly mlp: Mlp;
}

export interface Encoded {
  /** The input of the first block, then the outputs of all: [b, prefix + rows·cols, dim], before any final norm. */
  readonly states: readonly ShapedValue[];
  readonly grid: Size;
}

/** The model with what a library makes of its tokens. */
export function describeVit(
  vit: Vit,
  weights: Weights,
  { main, unused, outputs }: Pick<Architecture, "main" | "unused"> & { outputs: (encoded: Encoded) => Outputs },
): Architecture {
  const { imageSize, patchSize, channels, prefix } = vit;
  const d = vit.dim / vit.attention.heads;
  if (vit.rotary && d % 4 !== 0)
    throw new S2Error("architecture", `Heads have ${d} channels, expected a multiple of 4: rows and columns turn pairs of them.`);
  const build = (images: ShapedValue) => outputs(encode(images, vit, weights));
  return { imageSize, patchSize, channels, prefixTokens: countOf(prefix), main, unused, build };
}

function encode(images: ShapedValue, vit: Vit, weights: Weights): Encoded {
  const { graph } = images;
  const { tokens, grid } = patchEmbed(images, vit, weights);
  let x = withPosition(tokens, weights, grid, vit.prefix, vit.position);
  if (vit.preNorm) x = layerNorm(x, weights.under("norm_pre"), vit.epsilon);
  const turns = vit.rotary && rotaryTables(graph, grid, countOf(vit.prefix), vit.dim / vit.attention.heads, vit.rotary);
  const states = [x];
  // Tokens outermost: then attention's changes of order cost nothing (bench/graphs.mjs).
  const turned = (tokens: ShapedValue) => Transpose(tokens, [1, 0, 2]);
  x = turned(x);
  for (let i = 0; i < vit.depth; i++) {
    x = scope(graph, `blocks.${i}`, () => block(x, vit, weights.under(`blocks.${i}`), { rotary: turns || undefined }));
    states.push(turned(x));
  }
  return { states, grid };
}

/** Images [b, c, h, w] cut into patches, each projected: [b, rows·cols, dim]. What is left over at the right and below is not seen. */
function patchEmbed(
  images: ShapedValue,
  { dim, patchSize, patchBias }: Vit,
  weights: Weights,
): { tokens: ShapedValue; grid: Size } {
  return scope(images.graph, "patch_embed", () => {
    const options = { channels: dim, kernel: patchSize, stride: patchSize, bias: patchBias };
    const planes = conv(images, weights.under("patch_embed.proj"), options);
    return { tokens: planesToTokens(planes), grid: sizeOf(planes) };
  });
}

/** x + attention(norm(x)), then x + mlp(norm(x)); x is [n, b, dim], tokens outermost. */
export function block(
  x: ShapedValue,
  vit: Pick<Vit, "dim" | "epsilon" | "layerScale" | "attention" | "mlp">,
  weights: Weights,
  turns: { rotary?: RotaryTables; mask?: ShapedValue },
): ShapedValue {
  const { dim, epsilon } = vit;
  const gain = (name: string) => (vit.layerScale ? weights.get(`${name}.gamma`, [dim]).data : undefined);
  const normed = layerNorm(x, weights.under("norm1"), epsilon);
  const attended = Add(x, attention(normed, weights.under("attn"), vit.attention, { ...turns, gain: gain("ls1") }));
  const inner = mlp(layerNorm(attended, weights.under("norm2"), epsilon), weights.under("mlp"), vit.mlp, gain("ls2"));
  return Add(attended, inner);
}
