/** Linear probes: a linear map of image vectors, to probabilities of classes, to scores of classes, or to values. */
import { array, picklist, string } from "valibot";
import { argmax as argmaxOf, checkFinite, type Tensor } from "../core/index.ts";
import {
  constant,
  finishGraph,
  Gemm,
  input,
  newGraph,
  type OpenedGraph,
  type OpenGraph,
  output,
  type ShapedValue,
  Softmax,
  writeOnnx,
} from "../onnx/index.ts";
import { checkFields, checkHead, type FeatureHead } from "./head.ts";
import { channelsOf, rowCount } from "./rows.ts";
import type { LinearMap } from "./standardize.ts";

/** Tensors: weight [outputs, channels] and bias [outputs], of features as they are (standardizing is folded in). */
export interface ProbeHead extends FeatureHead {
  readonly kind: "probe";
  /** "probabilities" sum to 1 (logistic regression); "scores" are larger for a better class (ridge classifier); "values" are no classes. */
  readonly gives: "probabilities" | "scores" | "values";
  /** The classes, or what the values are called. */
  readonly names: readonly string[];
  readonly tensors: { readonly weight: Tensor; readonly bias: Tensor };
}

/** A head that is ready to run. */
export interface OpenedHead<In, Out> {
  predict(given: In): Promise<Out>;
  close(): Promise<void>;
}

/**
 * Opens a probe: rows [n, channels] to [n, names].
 * @throws S2Error "head" for another head or misshapen tensors; `predict` "rows" for rows of another width.
 */
export async function openProbe(head: ProbeHead, openGraph: OpenGraph): Promise<OpenedHead<Float32Array, Float32Array>> {
  checkFields(head, "probe", { gives: picklist(["probabilities", "scores", "values"]), names: array(string()) });
  const channels = channelsOf(head.channelsPerScale);
  const outputs = head.names.length;
  checkHead(head, "probe", { weight: [outputs, channels], bias: [outputs] });
  const graph = await openGraph(mapFile(head.tensors, channels, head.gives === "probabilities" ? Softmax : (scores) => scores));
  return {
    async predict(rows) {
      return runMap(graph, rows, channels);
    },
    close: () => graph.close(),
  };
}

/** A linear map of rows, and what is made of its scores, as an ONNX file: "rows" to "result". */
export function mapFile({ weight, bias }: LinearMap, channels: number, finish: (scores: ShapedValue) => ShapedValue): Uint8Array {
  const graph = newGraph(17);
  const rows = input(graph, "rows", "float32", ["rows", channels]);
  const fixed = ({ dims, data }: Tensor, name: string) => constant(graph, "float32", dims, data, name);
  output(finish(Gemm(rows, fixed(weight, "weight"), fixed(bias, "bias"), { transB: 1 })), "result");
  return writeOnnx(finishGraph(graph, "head"));
}

/**
 * Runs the graph of `mapFile` on rows [n, channels].
 * @throws S2Error "rows" for rows that are not whole or not finite, "not-finite" when the result overflows.
 */
export async function runMap(graph: OpenedGraph, rows: Float32Array, channels: number): Promise<Float32Array> {
  const { result } = await graph.run({ rows: { dims: [rowCount(rows, channels), channels], data: rows } });
  checkFinite(result.data as Float32Array, "The head's result");
  return result.data as Float32Array;
}

/**
 * The class of each row of scores or probabilities [n, width]: the index of the largest, the first of equals.
 * @throws S2Error "not-finite" for NaN.
 */
export function argmax(values: Float32Array, width: number): Int32Array {
  return Int32Array.from({ length: values.length / width }, (_, row) => argmaxOf(values, row * width, width));
}
