/** What a ViT's tensors say of it by their names and shapes. */
import { S2Error } from "../core/index.ts";
import { fused, type Projections, separate } from "./attention.ts";
import type { Mlp } from "./mlp.ts";
import type { Weights } from "./weights.ts";

export interface VitShapes {
  readonly dim: number;
  readonly channels: number;
  readonly patch: number;
  readonly depth: number;
}

/** @throws S2Error "weights" when there is no square patch embedding or no block. */
export function readShapes(weights: Weights): VitShapes {
  const [dim, channels, height, width] = weights.dims("patch_embed.proj.weight") ?? [];
  const depth = weights.count("blocks");
  if (dim && channels && height && height === width && depth > 0) return { dim, channels, patch: height, depth };
  const found = dim ? `${height}x${width} patches and ${depth} blocks` : "no patch embedding";
  throw new S2Error(
    "weights",
    `The weights have ${found}; expected a patch embedding of square patches and numbered blocks. Check that config.json and model.safetensors belong together.`,
  );
}

/** The rows of a tensor; 0 when there is none. */
export function rowsOfTensor(weights: Weights, name: string): number {
  const dims = weights.dims(name);
  return dims ? dims[0] : 0;
}

/** The rows of a stored table of positions, whatever 1s are around it. */
export function tableRows(weights: Weights, dim: number): number {
  return (weights.dims("pos_embed") ?? [0]).reduce((product, size) => product * size, 1) / dim;
}

/** How queries, keys and values are kept in the first block; the others are alike. */
export function readProjectionNames(attn: Weights): Projections {
  if (!attn.has("qkv.weight")) return separate(attn.has("q_proj.bias"), attn.has("k_proj.bias"), attn.has("v_proj.bias"));
  if (!attn.has("q_bias")) return fused(attn.has("qkv.bias"));
  // BEiT's way: keys have no bias.
  return {
    weights: fused(false).weights,
    biases: [
      ["q_bias", 1],
      [undefined, 1],
      ["v_bias", 1],
    ],
  };
}

/** The kind and width of the first block's MLP: gated ones tell by their tensors. */
export function readMlpShape(weights: Weights): Pick<Mlp, "kind" | "width" | "bias"> {
  const inner = (name: string) => rowsOfTensor(weights, `${name}.weight`);
  if (weights.has("fc1_g.weight")) return { kind: "gated", width: inner("fc1_g"), bias: weights.has("fc1_g.bias") };
  const [first, last] = weights.has("weights_in.weight") ? ["weights_in", "weights_out"] : ["fc1", "fc2"];
  const width = inner(first);
  const packed = weights.dims(`${last}.weight`)?.[1] === width / 2;
  return { kind: packed ? "packed" : "plain", width: packed ? width / 2 : width, bias: weights.has(`${first}.bias`) };
}
