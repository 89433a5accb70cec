/** The Vision Transformer (Dosovitskiy et al., arXiv 2010.11929), with what later families added: registers, layer scale, rotary positions, gated MLPs. */
import { Add, Reshape, type ShapedValue, Slice, scope, Transpose } from "../onnx/index.ts";
import type { Size } from "./architecture.ts";
import { type Attention, attention } from "./attention.ts";
import { conv, layerNorm } from "./layers.ts";
import { type Mlp, mlp } from "./mlp.ts";
import { tokensFrom } from "./pooling.ts";
import { countOf, type PositionTable, type Prefix, withPosition } from "./position.ts";
import { type RotaryTables, rotaryTables } from "./position-rotary.ts";
import type { Weights } from "./weights.ts";

/** A ViT as its config and tensors describe it; weights have timm's names. */
export interface Vit {
  readonly imageSize: Size;
  readonly patch: number;
  readonly dim: number;
  readonly depth: number;
  readonly channels: number;
  /** Tokens before the grid's, in order. */
  readonly prefix: Prefix;
  /** A learned table, or angles of rotary embeddings with base `theta`, or neither. */
  readonly position?: PositionTable;
  readonly theta?: number;
  readonly epsilon: number;
  /** CLIP: a norm before the blocks. */
  readonly preNorm: boolean;
  readonly attention: Attention;
  readonly mlp: Mlp;
  /** Names of the layer scales after attention and MLP, below a block. */
  readonly layerScale?: readonly [attention: string, mlp: string];
}

/** What goes through a ViT; tokens are [b, prefix + rows·cols, dim]. */
export interface VitTokens {
  readonly grid: Size;
  readonly prefix: number;
  /** What the first block takes. */
  readonly embedded: ShapedValue;
  /** What each block gives, before any final norm. */
  readonly blocks: readonly ShapedValue[];
  /** What the last block gives. */
  readonly last: ShapedValue;
}

/** Images [b, c, h, w] through patch embedding and blocks. */
export function vit(images: ShapedValue, weights: Weights, model: Vit): VitTokens {
  const { graph } = images;
  const patches = patchEmbed(images, weights, model);
  const grid = [patches.rows, patches.cols] as const;
  const prefix = countOf(model.prefix);
  const placed = withPosition(patches.tokens, weights, grid, model.prefix, model.position);
  const embedded = model.preNorm ? layerNorm(placed, weights.under("norm_pre"), model.epsilon) : placed;
  const headSize = model.dim / model.attention.heads;
  const rotary = model.theta === undefined ? undefined : rotaryTables(graph, grid, prefix, headSize, model.theta);
  const blocks: ShapedValue[] = [];
  let x = embedded;
  for (let i = 0; i < model.depth; i++) {
    x = scope(graph, `blocks.${i}`, () => block(x, weights.under(`blocks.${i}`), model, rotary));
    blocks.push(x);
  }
  return { grid, prefix, embedded, blocks, last: x };
}

/** x + scale·attention(norm(x)), then x + scale·mlp(norm(x)). */
function block(x: ShapedValue, weights: Weights, model: Vit, rotary?: RotaryTables): ShapedValue {
  const { epsilon, layerScale, dim } = model;
  const gain = (which: 0 | 1) => layerScale && weights.get(layerScale[which], [dim]).data;
  const normed = layerNorm(x, weights.under("norm1"), epsilon);
  const attended = Add(x, attention(normed, weights.under("attn"), model.attention, { rotary, gain: gain(0) }));
  return Add(attended, mlp(layerNorm(attended, weights.under("norm2"), epsilon), weights.under("mlp"), model.mlp, gain(1)));
}

/** Each patch of the image as one token: a convolution whose window is its step. */
function patchEmbed(
  images: ShapedValue,
  weights: Weights,
  { dim, patch }: Vit,
): { tokens: ShapedValue; rows: number; cols: number } {
  const map = scope(images.graph, "patch_embed", () =>
    conv(images, weights.under("patch_embed.proj"), { channels: dim, kernel: patch, stride: patch }),
  );
  const [b, , rows, cols] = map.dims as [string, number, number, number];
  return { tokens: Transpose(Reshape(map, [b, dim, rows * cols]), [0, 2, 1]), rows, cols };
}

/** The grid's tokens as a map [b, c, rows, cols]. */
export function mapOf(tokens: ShapedValue, { grid, prefix }: Pick<VitTokens, "grid" | "prefix">): ShapedValue {
  const [b, , c] = tokens.dims;
  return Reshape(Transpose(tokensFrom(tokens, prefix), [0, 2, 1]), [b, c, ...grid]);
}

/** The prefix tokens [b, prefix, c]. */
export const prefixOf = (tokens: ShapedValue, prefix: number): ShapedValue => Slice(tokens, 0, prefix, 1);
