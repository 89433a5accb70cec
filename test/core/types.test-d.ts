/** The public types: what compiles today for users must compile tomorrow. */
import { expectTypeOf, test } from "vitest";
import {
  type DynamicS2Options,
  planDynamicS2,
  planS2,
  resize,
  type S2Options,
  type S2Plan,
  s2,
  type Tensor,
  type VisionModel,
} from "../../src/core/index.ts";

test("any function from a tensor to a tensor, at once or later, is a model", () => {
  expectTypeOf<(images: Tensor) => Tensor>().toExtend<VisionModel>();
  expectTypeOf<(images: Tensor) => Promise<Tensor>>().toExtend<VisionModel>();
  expectTypeOf<(images: Tensor) => number[]>().not.toExtend<VisionModel>();
});

test("onnxruntime's and transformers.js's tensors are tensors as they are", () => {
  expectTypeOf<{ dims: number[]; data: Float32Array; type: "float32"; dispose(): void }>().toExtend<Tensor>();
});

test("s2 takes options or a plan, also with hooks, and promises a tensor", () => {
  expectTypeOf(s2).returns.resolves.toEqualTypeOf<Tensor>();
  expectTypeOf<S2Options | S2Plan>().toExtend<Parameters<typeof s2>[2]>();
  expectTypeOf<S2Plan & { signal: AbortSignal }>().toExtend<Parameters<typeof s2>[2]>();
});

test("sizes are sides or [height, width]; unknown words do not compile", () => {
  expectTypeOf<{ imgSizes: (number | [number, number])[] }>().toExtend<S2Options>();
  expectTypeOf<{ merge: "sum" }>().not.toExtend<S2Options>();
  expectTypeOf<{ scales: number[]; maxTiles: number; splitMode: "pad" }>().not.toEqualTypeOf<DynamicS2Options>();
  expectTypeOf(planS2).parameter(0).toEqualTypeOf<{ height: number; width: number }>();
  expectTypeOf(planDynamicS2).returns.toEqualTypeOf<S2Plan>();
  expectTypeOf(resize).returns.toEqualTypeOf<Tensor>();
});
