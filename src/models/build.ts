/** `buildModel`: a hub model's config.json and model.safetensors as an ONNX file. */
import { nearest, possibleGrids, px, S2Error } from "../core/index.ts";
import { finishGraph, input, type ModelProto, multiplyAdds, newGraph, output, withMetadata, writeOnnx } from "../onnx/index.ts";
import type { StoredTensor } from "../tensors/index.ts";
import type { Architecture, Config, Outputs, Size } from "./architecture.ts";
import { mostPixels } from "./config.ts";
import { readFamily } from "./families.ts";
import { readTensors, type WeightFiles } from "./llava-weights.ts";

/** Options of `buildModel`. */
export interface BuildOptions {
  /**
   * Outputs of the graph by the source library's names; default: its main features, and pooled ones and logits where it has them.
   * A negative number counts from the end: `hidden_states.-2`.
   */
  readonly outputs?: readonly string[];
  /** Images of another size than the model was made for: position embeddings are interpolated as the source library does. */
  readonly imageSize?: number | readonly [height: number, width: number];
  /** The preprocessing of pixels that the file carries; `loadModel` reads it from there. */
  readonly preprocessing?: PixelRules;
}

/** The `Preprocessing` of images: value -> (value * rescale - mean) / std. */
interface PixelRules {
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly rescale: number;
  readonly filter: string;
}

/** The operators of the graphs: the newest set that onnxruntime from 1.18 (2024) on runs, with Gelu as one operator. */
export const opset = 20;

/**
 * An ONNX file from a hub model's config and weights (one file, or the parts of a sharded one): of transformers (`model_type`) or timm (`architecture`). The input is `pixel_values`
 * [batch, channels, height, width] in float32; the batch is free.
 * @throws S2Error "architecture" for a family or a variant that is not known, "weights" for tensors that are missing or misshapen,
 * "safetensors" for a damaged file, "output" for an output that the model does not have, "too-large" above 1.9 GB (see `buildProto`).
 */
export function buildModel(config: object, weights: WeightFiles, options: BuildOptions = {}): Uint8Array {
  return writeOnnx(buildProto(config, weights, options));
}

/** `buildModel` before it is written: for models that need a second file for their weights. */
export function buildProto(config: object, weights: WeightFiles, options: BuildOptions = {}): ModelProto {
  return buildFromTensors(config as Config, readTensors(weights), options);
}

/** The names that `outputs` can have for a model. */
export function outputNames(config: object, weights: WeightFiles): string[] {
  const { architecture } = readFamily(config as Config, readTensors(weights));
  const { channels, imageSize: size } = architecture;
  return Object.keys(architecture.build(input(newGraph(opset), "pixel_values", "float32", ["batch", channels, ...size])));
}

/** `buildProto` from tensors that were read already. */
export function buildFromTensors(
  config: Config,
  tensors: Readonly<Record<string, StoredTensor>>,
  options: BuildOptions,
): ModelProto {
  const { architecture, weights: named } = readFamily(config, tensors);
  const size = imageSize(options.imageSize, architecture);
  const graph = newGraph(opset);
  const images = input(graph, "pixel_values", "float32", ["batch", architecture.channels, ...size]);
  const values = architecture.build(images);
  const names =
    options.outputs?.map((name) => fromEnd(name, values)) ?? architecture.main.filter((name) => Object.hasOwn(values, name));
  checkNames(names, values);
  for (const name of names) output(values[name], name);
  named.refuseIssues(architecture.unused);
  const model = finishGraph(graph, "model");
  const cost = multiplyAdds(model, { pixel_values: [1, architecture.channels, ...size] }).value;
  const traits = { imageSize: size, ...traitsOfOutput(architecture, size, names, values), multiplyAdds: cost };
  const { preprocessing } = options;
  return withMetadata(model, {
    "s2.traits": JSON.stringify(traits),
    ...(preprocessing && { "s2.preprocessing": JSON.stringify(preprocessing) }),
  });
}

/**
 * Patch and prefix are those of the main features, and of another output only where its tokens lie the same way or it is named among the
 * main ones (the other branch of a CrossViT).
 */
function traitsOfOutput({ patchSize, prefixTokens, main }: Architecture, size: Size, names: readonly string[], values: Outputs) {
  const cells = possibleGrids(size, patchSize).map(({ rows, cols }) => rows * cols);
  const countOf = ({ dims }: Outputs[string]) =>
    dims.length === 3 ? Number(dims[1]) - prefixTokens : dims.length === 4 ? Number(dims[2]) * Number(dims[3]) : 0;
  const isAlike = (name: string) => cells.includes(countOf(values[name]));
  const output =
    names.find((name) => name === main[0]) ??
    names.find((name) => main.includes(name) && countOf(values[name]) > 0) ??
    names.find(isAlike);
  if (output === undefined) return {};
  const isMap = values[output].dims.length === 4;
  return {
    // Images that a model resizes itself have no whole patches.
    ...(isAlike(output) && { patchSize }),
    ...{ prefixTokens: isMap ? 0 : prefixTokens, layout: isMap ? "bchw" : "bnc", output },
  };
}

function imageSize(
  wish: BuildOptions["imageSize"],
  { imageSize: defaultSize, patchSize, shortestSide = patchSize }: Architecture,
): Size {
  const size: Size = wish === undefined ? defaultSize : typeof wish === "number" ? [wish, wish] : wish;
  const valid = size.length === 2 && size.every((side) => Number.isInteger(side) && side >= shortestSide);
  if (valid && size[0] * size[1] <= mostPixels) return size;
  throw new S2Error(
    "input",
    `imageSize is ${px(size)}; expected whole numbers of at least ${shortestSide}, and at most ${mostPixels} pixels in all. Images of any size are cut into tiles.`,
  );
}

/** `hidden_states.-2` is the last but one, as Python counts. */
function fromEnd(name: string, values: Outputs): string {
  const [, list, back] = /^(.+\.)-(\d+)$/.exec(name) ?? [];
  const count = Object.keys(values).filter((key) => key.startsWith(list) && /^\d+$/.test(key.slice(list.length))).length;
  return list && Number(back) <= count ? `${list}${count - Number(back)}` : name;
}

function checkNames(names: readonly string[], values: Outputs): void {
  const known = Object.keys(values);
  const wrong = names.find((name) => !Object.hasOwn(values, name));
  if (wrong === undefined && names.length > 0) return;
  const near = wrong && nearest(wrong, known);
  const hint = near ? ` Did you mean ${near}?` : "";
  throw new S2Error("output", `The model has no output ${wrong ?? "(none was asked for)"}; it has ${known.join(", ")}.${hint}`);
}
