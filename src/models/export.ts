/** `exportS2`: a backbone and a plan as one ONNX file that takes images and gives S² features, with no code of ours around it. */
import {
  planS2,
  readShape,
  S2Error,
  type S2Options,
  type S2Plan,
  type ScalePlan,
  scaleMatrices,
  type Traits,
} from "../core/index.ts";
import {
  Add,
  Cast,
  computeInFloat16,
  constant,
  convertProto,
  finishGraph,
  type Graph,
  inline,
  input,
  type ModelProto,
  Mul,
  newGraph,
  opsetOf,
  output,
  readOnnx,
  type ShapedValue,
  scope,
  Transpose,
  withMetadata,
  withoutFunctions,
  writeOnnx,
} from "../onnx/index.ts";
import { addBackbone, type Backbone, readBackbone } from "./backbone.ts";
import type { CutScale } from "./cut-images.ts";
import { cutTiles, mergeScales, poolMaps, poolTokens } from "./s2-graph.ts";

/** S2Options, and what only a file has. */
export interface ExportOptions extends S2Options {
  /** The images that the file takes: a side, or [height, width]. */
  readonly imageSize: number | readonly [height: number, width: number];
  /** The backbone's output with its features; default `last_hidden_state`, or the only candidate. */
  readonly output?: string;
  /** Take pixels as bytes [batch, height, width, 3] and normalize them inside: (value · rescale - mean) / std. */
  readonly pixels?: { readonly mean: readonly number[]; readonly std: readonly number[]; readonly rescale?: number };
  /** An ONNX file that takes the features; its outputs come beside them. */
  readonly head?: Uint8Array;
  /** "float16" halves the file: weights are stored in half precision, the arithmetic stays float32. */
  readonly dtype?: "float32" | "float16";
  /** With `dtype` "float16": the backbone computes in float16 too, for GPUs; resizing, pooling, head, input and output stay float32. */
  readonly compute?: boolean;
}

/**
 * S² around a backbone as one ONNX file. Input: `pixel_values`, float32 [batch, channels, height, width] (or bytes, see `pixels`);
 * output: `features`, as `s2` gives them within 1e-4. `splitForward` is how many tiles run at a time; default a scale at once.
 * The plan is in the file's metadata as `s2.plan`.
 * @throws S2Error as `planS2` does; "onnx-file", "model-file", "output" or "graph" for a backbone that cannot be wrapped, "too-large"
 * above 1.9 GB (see `exportProto`).
 */
export function exportS2(backbone: Uint8Array, options: ExportOptions): Uint8Array {
  return writeOnnx(exportProto(readOnnx(backbone), options));
}

/** `exportS2` of a file that has been read, before it is written: for models that need a second file for their weights. */
export function exportProto(backbone: ModelProto, options: ExportOptions): ModelProto {
  const { imageSize, output: wish, pixels, head, dtype = "float32", compute, ...asked } = options;
  checkDtype(dtype, compute);
  const model = compute ? computeInFloat16(backbone) : withoutFunctions(backbone);
  const core = readBackbone(model, wish);
  const [height, width] = typeof imageSize === "number" ? [imageSize, imageSize] : imageSize;
  const plan = planFor(core, { height, width }, asked);
  const graph = newGraph(opsetOf(model));
  const images = pixels
    ? bytesInput(graph, plan.image, pixels)
    : input(graph, "pixel_values", "float32", ["batch", core.channels, ...plan.image]);
  const features = s2Graph(graph, images, core, plan);
  output(features, "features");
  if (head) addHead(graph, features, readOnnx(head));
  const finished = finish(graph, model, plan);
  return dtype === "float16" ? convertProto(finished) : finished;
}

export function checkDtype(dtype: string, compute = false): void {
  if (compute && dtype !== "float16")
    throw new S2Error("option", `compute is for dtype "float16", and dtype is "${dtype}"; give both, or neither.`);
  if (dtype === "float32" || dtype === "float16") return;
  throw new S2Error("option", `dtype is "${dtype}"; expected "float32" or "float16".`);
}

/** Plans like `s2` and checks the size that the graph declares. */
function planFor(core: Backbone, image: { height: number; width: number }, options: S2Options): S2Plan {
  const traits: Traits = core.size ? { imageSize: core.size } : {};
  if (!options.overlap) return planS2(image, options, traits);
  return planS2(image, options, { ...traits, ...patchOf(core, planS2(image, { ...options, overlap: 0 }, traits)) });
}

/** Scale by scale: cut, run, pool; then merge. `images` are the images to cut as `s2` does, or what cuts them; `traits` has the patch size where tokens are no squares of a tile. */
export function s2Graph(
  graph: Graph,
  images: ShapedValue | CutScale,
  core: Backbone,
  plan: S2Plan,
  traits: Traits = plan.overlap ? patchOf(core, plan) : {},
): ShapedValue {
  const { splitForward, numPrefixToken, outputShape } = plan;
  // Counted for one image: the graph does not know its batch.
  const run = addBackbone(graph, core, splitForward === true ? 1 : splitForward || undefined);
  const gridOf = ({ tile }: ScalePlan) => readShape(core.dims(tile), tile, plan, traits).grid;
  const scales = plan.scales.map((scale, i) =>
    scope(graph, `scale.${i}`, () => {
      const matrices = scaleMatrices(plan, i, gridOf);
      const outputs = run(typeof images === "function" ? images(scale, i) : cutTiles(images, scale, matrices));
      return outputShape === "bchw"
        ? poolMaps(outputs, scale, matrices)
        : poolTokens(outputs, scale, matrices, gridOf(scale), numPrefixToken);
    }),
  );
  return mergeScales(scales, plan);
}

function patchOf(core: Backbone, plan: S2Plan): Traits {
  const { tile } = plan.scales[plan.outputScale];
  return { patchSize: tile[0] / readShape(core.dims(tile), tile, plan, {}).grid.rows };
}

/** Bytes [b, h, w, 3] into normalized [b, 3, h, w]: at the image's own size, before it is enlarged. */
function bytesInput(
  graph: Graph,
  [height, width]: readonly [number, number],
  pixels: NonNullable<ExportOptions["pixels"]>,
): ShapedValue {
  const { mean, std, rescale = 1 / 255 } = pixels;
  const bytes = input(graph, "pixels", "uint8", ["batch", height, width, mean.length]);
  const perChannel = (name: string, value: (deviation: number, c: number) => number) =>
    constant(graph, "float32", [1, std.length, 1, 1], Float32Array.from(std, value), `pixels.${name}`);
  const planes = Cast(Transpose(bytes, [0, 3, 1, 2]), "float32");
  const scale = perChannel("scale", (deviation) => rescale / deviation);
  const shift = perChannel("shift", (deviation, c) => -mean[c] / deviation);
  return Add(Mul(planes, scale), shift);
}

function addHead(graph: Graph, features: ShapedValue, head: ModelProto): void {
  const [taken, ...others] = head.graph.input ?? [];
  if (!taken?.name || others.length > 0) throw new S2Error("model-file", "The head must have one input, the features.");
  const given = inline(graph, head, "head")({ [taken.name]: features });
  for (const result of head.graph.output ?? []) output({ graph, name: given.get(result.name!)!, type: "float32" }, result.name!);
}

/** Completes a file around a model, with the plan in its metadata. */
export function finish(
  graph: Graph,
  model: ModelProto,
  plan: S2Plan,
  metadata: Readonly<Record<string, string>> = {},
): ModelProto {
  const finished = finishGraph(graph, "s2");
  const irVersion = Math.max(Number(finished.irVersion), Number(model.irVersion ?? 0));
  return withMetadata({ ...finished, irVersion }, { ...metadata, "s2.plan": JSON.stringify(plan) });
}
