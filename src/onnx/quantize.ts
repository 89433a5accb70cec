/** Quantizes weights to 8 bits and activations dynamically (MatMulInteger): a quarter of the file, about half of the time. */
import { S2Error, type Tensor } from "../core/index.ts";
import { onnxPieces, readOnnx, writeOnnx } from "./file.ts";
import type { ModelProto } from "./proto.ts";
import { activationErrors, compareFeatures, type Measured } from "./quantize-errors.ts";
import { findProducts, type Product, quantizeProducts, type Terms } from "./quantize-products.ts";
import type { OpenGraph } from "./run.ts";

/** One quantized layer. */
export interface QuantizedLayer {
  /** The node's name. */
  readonly name: string;
  /** Channels of its input and its output. */
  readonly inputs: number;
  readonly outputs: number;
  /** 1: activations are quantized once; 2: the residual is quantized too; 0: the weight alone is in 8 bits. */
  readonly terms: Terms;
  /** Root mean square of the weights' rounding errors, relative to that of the weights. */
  readonly weightError: number;
  /** The outputs' error (1 - mean cosine, relative to all layers') when this layer's activations alone are rounded; with images only. */
  readonly activationError?: number;
}

/** Sizes and errors of a quantized model. */
export interface QuantizeReport {
  /** The file's size before and after. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** The quantized layers in the graph's order. */
  readonly layers: readonly QuantizedLayer[];
  /** The comparison with float32 on the images, when images are given. */
  readonly measured?: Measured;
}

/** Options of `quantizeModel`. */
export interface QuantizeOptions {
  /** Prepared images [b, c, h, w] on which activations are measured; 8 images are enough. Needs `openGraph`. */
  readonly images?: Tensor;
  /** The function `openGraph` of "s2-vision/node". */
  readonly openGraph?: OpenGraph;
  /**
   * The fraction of multiplications whose activations get residual quantization, which quantizes the first rounding's error too. Default
   * 0.2 with images, which show the layers that need it, and 0.09 without: the first of twelve blocks, where outliers mostly are
   * (docs/decisions/0009).
   */
  readonly residualFraction?: number;
  /** 7 (default) is exact on every processor; 8 saturates on those without VNNI and is a little closer on the others. */
  readonly weightBits?: 7 | 8;
}

/**
 * Quantizes every product with a constant matrix to int8 weights with one scale per column. Operators are ONNX's own (opset 11).
 * With images, the layers whose rounding costs most get residual quantization, and the result is compared with float32.
 * @throws S2Error "onnx-file" when the file cannot be read, "option" for an option out of range, "graph" for a model without such products.
 */
export async function quantizeModel(
  file: Uint8Array,
  options: QuantizeOptions = {},
): Promise<{ file: Uint8Array; report: QuantizeReport }> {
  const { model, report } = await quantizeProto(readOnnx(file), options);
  return { file: writeOnnx(model), report };
}

/** Quantizes a file that has been read. */
export async function quantizeProto(
  model: ModelProto,
  options: QuantizeOptions = {},
): Promise<{ model: ModelProto; report: QuantizeReport }> {
  const { images, openGraph, residualFraction = images ? 0.2 : 0.09, weightBits = 7 } = options;
  checkOptions(options);
  const products = findProducts(model);
  if (products.length === 0)
    throw new S2Error("graph", "The model has no float32 product with a constant matrix of 4096 weights or more; nothing to do.");
  const errors = images && openGraph ? await activationErrors(model, products, images, openGraph) : undefined;
  const terms = chooseTerms(products, residualFraction, errors);
  const { model: quantized, weightErrors } = quantizeProducts(model, products, terms, weightBits);
  const layers = products.map(({ node, k, n }, i) => ({
    ...{ name: node.name || node.output![0], inputs: k, outputs: n, terms: terms[i], weightError: weightErrors[i] },
    ...(errors && { activationError: errors[i] }),
  }));
  const measured = images && openGraph ? { measured: await compareFeatures(model, quantized, images, openGraph) } : {};
  const [bytesBefore, bytesAfter] = [model, quantized].map((each) => onnxPieces(each).length);
  return { model: quantized, report: { bytesBefore, bytesAfter, layers, ...measured } };
}

function checkOptions({ images, openGraph, residualFraction = 0, weightBits = 7 }: QuantizeOptions): void {
  if (Boolean(images) !== Boolean(openGraph))
    throw new S2Error("option", "images and openGraph go together: images are run to see what activations are like.");
  if (images && !(images.dims.length === 4 && images.dims[0] > 0))
    throw new S2Error("option", `images has dims [${images.dims.join(", ")}]; expected [b, c, h, w] with at least one image.`);
  if (!(residualFraction >= 0 && residualFraction <= 1))
    throw new S2Error("option", `residualFraction is ${residualFraction}; expected a fraction from 0 to 1.`);
  if (weightBits !== 7 && weightBits !== 8) throw new S2Error("option", `weightBits is ${weightBits}; expected 7 or 8.`);
}

/**
 * Chooses residual quantization where the error per multiplication is largest, up to `fraction` of all multiplications; without errors,
 * from the first layer on. A classifier (`last`) runs once per image and stays in float32.
 */
function chooseTerms(products: readonly Product[], fraction: number, errors?: readonly number[]): Terms[] {
  const cost = products.map(({ k, n }) => k * n);
  const budget = fraction * cost.reduce((a, b) => a + b, 0);
  const order = products.map((_, i) => i);
  if (errors) order.sort((a, b) => errors[b] / cost[b] - errors[a] / cost[a]);
  const terms = products.map(({ last }): Terms => (last ? 0 : 1));
  let used = 0;
  for (const i of order) {
    if (terms[i] === 0) continue;
    if (used + cost[i] <= budget) [terms[i], used] = [2, used + cost[i]];
    else if (!errors) break;
  }
  return terms;
}
