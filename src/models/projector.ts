/** From a tower's features to a language model's tokens: the projectors of LLaVA and VILA as their weights have them. */
import { S2Error, type Tower } from "../core/index.ts";
import {
  finishGraph,
  Gelu,
  input,
  newGraph,
  output,
  Pad,
  Reshape,
  type ShapedValue,
  scope,
  Transpose,
  writeOnnx,
} from "../onnx/index.ts";
import type { Config } from "./architecture.ts";
import { integer, nested } from "./config.ts";
import { layerNorm, linear } from "./layers.ts";
import { projectorTensors, readTensors, type Tensors, type WeightFiles } from "./llava-weights.ts";
import { readTowerConfig } from "./tower.ts";
import { makeWeights, type Weights } from "./weights.ts";

type Projector = NonNullable<Tower["projector"]>;

/** Options of `buildProjector`: the shape of the features. */
export interface ProjectorOptions {
  /** The side of a block's token grid: the full grid for LLaVA and VILA, a tile's for NVILA. */
  readonly side: number;
  /** Tokens before the grid that the tower keeps ("cls_patch"). Default 0. */
  readonly prefix?: number;
}

/**
 * A projector as an ONNX file: `features` [blocks, prefix + side², channels] to `image_features` [blocks, tokens, width]; the number of
 * blocks is free.
 * @throws S2Error "projector" for a type that is not known, "projector-width" for weights of another number of scales, "weights".
 */
export function buildProjector(config: object, weights: WeightFiles, { side, prefix = 0 }: ProjectorOptions): Uint8Array {
  const { projector, scales } = readTowerConfig(config);
  const graph = newGraph(20);
  const channels = featureWidth(config as Config, scales.length);
  const features = input(graph, "features", "float32", ["blocks", prefix + side * side, channels]);
  output(project(features, readTensors(weights), projector, { side, scales: scales.length }), "image_features");
  return writeOnnx(finishGraph(graph, "projector"));
}

/** Channels of all scales: the tower's times the scales, else what the config says (`mm_hidden_size` may be of the time before S²). */
function featureWidth(config: Config, scales: number): number {
  const tower = nested(config, "vision_config");
  if (tower.hidden_size !== undefined) return integer(tower, "hidden_size") * scales;
  if (config.mm_hidden_size != null) return integer(config, "mm_hidden_size");
  throw new S2Error("tower", "The config says neither mm_hidden_size nor the hidden_size of its vision_config; add one of them.");
}

/** Adds the projector to the graph of `features` [b, prefix + side², channels]. */
export function project(
  features: ShapedValue,
  files: Tensors,
  projector: Projector | undefined,
  { side, scales }: { side: number; scales: number },
): ShapedValue {
  const { tensors, layers } = projectorTensors(files);
  const factor = factorOf(projector?.type);
  const weights = makeWeights(tensors);
  checkWidth(weights, layers[0][1], features.dims[2] as number, factor, scales);
  const result = scope(features.graph, "projector", () => {
    let x = factor === 1 ? features : spaceToChannel(features, side, factor, projector!.order);
    let next = factor === 1 ? 0 : 1; // the layer without weights that makes cells of tokens is the first
    for (const [number, path] of layers) {
      if (number !== next) x = Gelu(x);
      x = layer(x, weights.under(path));
      next = number + 1;
    }
    return x;
  });
  weights.refuseIssues();
  return result;
}

/** A linear layer, or a norm (weights of one axis). */
function layer(x: ShapedValue, weights: Weights): ShapedValue {
  const [features, ...inputs] = weights.dims("weight") ?? [];
  return inputs.length === 0 ? layerNorm(x, weights, 1e-5) : linear(x, weights, features);
}

/** Tokens on a side of the cell that becomes one token. */
function factorOf(type: string | undefined): number {
  if (type === "linear" || /^mlp\d+x_gelu$/.test(String(type))) return 1;
  if (/^mlp_downsample(_2x2_fix)?$/.test(String(type))) return 2;
  if (/^mlp_downsample_3x3_(fix|s2|s2_new)$/.test(String(type))) return 3;
  const known = "linear, mlp2x_gelu, mlp_downsample, mlp_downsample_2x2_fix, mlp_downsample_3x3_fix, _3x3_s2 and _3x3_s2_new";
  throw new S2Error("projector", `The projector is ${type ?? "not named"} (mm_projector_type); known are ${known}.`);
}

function checkWidth(weights: Weights, path: string, channels: number, factor: number, scales: number): void {
  const inputs = weights.dims(path === "" ? "weight" : `${path}.weight`)?.at(-1) ?? 0;
  const expected = channels * factor * factor;
  if (inputs === expected) return;
  const cells = factor > 1 ? ` times ${factor}x${factor} tokens of a cell` : "";
  const [fitting, given] = [inputs / (factor * factor), channels / scales];
  const fits = fitting % given === 0 ? ` They are weights for ${fitting / given} scale${fitting === given ? "" : "s"}.` : "";
  throw new S2Error(
    "projector-width",
    `The projector's first layer takes ${inputs} numbers, the tower gives ${expected}: ${given} channels times ${scales} scales${cells}.${fits} ` +
      "Each scale widens the features, so a projector belongs to its number of scales: take the weights of an S² model, train one of this width, or give scales to match.",
  );
}

/**
 * Cells of factor x factor tokens of a grid [b, side², c] become one token, channels by (row in cell, column in cell, channel); zeros
 * below and at the right fill up the last cells (VILA's DownSampleBlock).
 */
function spaceToChannel(x: ShapedValue, side: number, factor: number, order: Projector["order"]): ShapedValue {
  const [batch, tokens, channels] = x.dims as [string, number, number];
  if (tokens !== side * side) {
    throw new S2Error(
      "projector",
      `The projector makes cells of a grid, but ${tokens} tokens are not ${side}x${side}: prefix tokens are kept (cls_patch); drop them (patch).`,
    );
  }
  const cells = Math.ceil(side / factor);
  const more = cells * factor - side;
  const grid = Pad(Reshape(x, [batch, side, side, channels]), [0, 0, 0, 0, 0, more, more, 0]);
  const apart = Reshape(grid, [batch, cells, factor, cells, factor, channels]);
  const joined = Transpose(apart, order === "rows" ? [0, 1, 3, 2, 4, 5] : [0, 3, 1, 2, 4, 5]);
  return Reshape(joined, [batch, cells * cells, factor * factor * channels]);
}
