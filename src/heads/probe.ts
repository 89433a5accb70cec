/** Linear probes: a linear map of image vectors, to probabilities of classes, to scores of classes, or to values. */
import { array, picklist, string } from "valibot";
import type { Tensor } from "../core/index.ts";
import { type OpenGraph, type ShapedValue, Softmax } from "../onnx/index.ts";
import { checkFields, checkHead, type FeatureHead } from "./head.ts";
import { type OpenedHead, openLinear } from "./linear.ts";

/** A linear probe, of logistic or ridge regression. */
export interface ProbeHead extends FeatureHead {
  readonly kind: "probe";
  /** "probabilities" sum to 1 (logistic regression); "scores" are larger for a better class (ridge classifier); "values" are no classes. */
  readonly gives: "probabilities" | "scores" | "values";
  /** Names of the classes or of the values. */
  readonly names: readonly string[];
  /** Weight [outputs, channels] and bias [outputs], for features as they are (the standardization is folded in). */
  readonly tensors: { readonly weight: Tensor; readonly bias: Tensor };
}

/**
 * Opens a probe; it maps features [n, channels] to [n, names].
 * @throws S2Error "head" for another head or tensors of a wrong shape; `predict` "rows" for features of other channels.
 */
export async function openProbe(head: ProbeHead, openGraph: OpenGraph): Promise<OpenedHead<Float32Array, Float32Array>> {
  const channels = checkFields(head, "probe", { gives: picklist(["probabilities", "scores", "values"]), names: array(string()) });
  const { names, gives, tensors } = head;
  checkHead(head, "probe", { weight: [names.length, channels], bias: [names.length] });
  const finish = (scores: ShapedValue) => (gives === "probabilities" ? Softmax(scores) : scores);
  return openLinear(openGraph, tensors, finish, (features: Float32Array, run) => run(features));
}
