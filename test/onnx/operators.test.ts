/** The builder, operator by operator: the shape that is inferred must be the one onnxruntime gives, in every operator set, with a free batch too. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import * as o from "../../src/onnx/index.ts";
import {
  type Dim,
  elementType,
  finishGraph,
  type Graph,
  input,
  newGraph,
  node,
  output,
  type ShapedValue,
  scope,
  wholeNumbers,
  writeOnnx,
} from "../../src/onnx/index.ts";

const filled = (dims: readonly number[]) =>
  Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => 0.1 + Math.abs(Math.sin(i * 1.7)));
const weight = (graph: Graph, dims: readonly number[]) => o.constant(graph, "float32", dims, filled(dims), "weight");
const ints = (graph: Graph, values: readonly number[]) => wholeNumbers(graph, values);

interface Case {
  readonly dims: readonly number[];
  readonly build: (x: ShapedValue) => ShapedValue | readonly ShapedValue[];
  /** The first operator set that has it. */
  readonly since?: number;
  readonly expected?: (x: Float32Array) => ArrayLike<number>;
}

const each = (rule: (value: number) => number) => (x: Float32Array) => x.map(rule);
const flat = { dims: [2, 3] };
const square = { dims: [2, 3, 4, 4] };
const cases: Record<string, Case> = {
  Add: { ...flat, build: (x) => o.Add(x, 2), expected: each((v) => v + 2) },
  Sub: { ...flat, build: (x) => o.Sub(1, x), expected: each((v) => 1 - v) },
  Mul: { ...flat, build: (x) => o.Mul(x, weight(x.graph, [3])) },
  Div: { ...flat, build: (x) => o.Div(x, 4), expected: each((v) => v / 4) },
  Pow: { ...flat, build: (x) => o.Pow(x, 2), expected: each((v) => v * v) },
  Max: { ...flat, build: (x) => o.Max(x, 0.5), expected: each((v) => Math.max(v, 0.5)) },
  Min: { ...flat, build: (x) => o.Min(x, 0.5), expected: each((v) => Math.min(v, 0.5)) },
  Equal: { ...flat, build: (x) => o.Cast(o.Equal(x, x), "float32"), expected: each(() => 1) },
  Less: { ...flat, build: (x) => o.Cast(o.Less(x, 0.5), "float32"), expected: each((v) => Number(v < 0.5)) },
  Greater: { ...flat, build: (x) => o.Cast(o.Greater(x, 0.5), "float32"), expected: each((v) => Number(v > 0.5)) },
  Neg: { ...flat, build: (x) => o.Neg(x), expected: each((v) => -v) },
  Sqrt: { ...flat, build: (x) => o.Sqrt(x), expected: each(Math.sqrt) },
  Exp: { ...flat, build: (x) => o.Exp(x), expected: each(Math.exp) },
  Log: { ...flat, build: (x) => o.Log(x), expected: each(Math.log) },
  Erf: { ...flat, build: (x) => o.Erf(x) },
  Tanh: { ...flat, build: (x) => o.Tanh(x), expected: each(Math.tanh) },
  Sigmoid: { ...flat, build: (x) => o.Sigmoid(x), expected: each((v) => 1 / (1 + Math.exp(-v))) },
  Relu: { ...flat, build: (x) => o.Relu(o.Sub(x, 0.5)), expected: each((v) => Math.max(0, v - 0.5)) },
  Softplus: { ...flat, build: (x) => o.Softplus(x), expected: each((v) => Math.log1p(Math.exp(v))) },
  Sin: { ...flat, build: (x) => o.Sin(x), expected: each(Math.sin) },
  Cos: { ...flat, build: (x) => o.Cos(x), expected: each(Math.cos) },
  Sign: { ...flat, build: (x) => o.Sign(o.Sub(x, 0.5)), expected: each((v) => Math.sign(v - 0.5)) },
  Identity: { ...flat, build: (x) => o.Identity(x), expected: each((v) => v) },
  Where: { ...flat, build: (x) => o.Where(o.Less(x, 0.5), x, o.Neg(x)), expected: each((v) => (v < 0.5 ? v : -v)) },
  Clip: { ...flat, build: (x) => o.Clip(x, 0.3, 0.6), expected: each((v) => Math.min(0.6, Math.max(0.3, v))) },
  Cast: { ...flat, build: (x) => o.Cast(o.Cast(x, "float16"), "float32") },
  Gelu: { ...flat, build: (x) => o.Gelu(x) },
  "Gelu, by tanh": { ...flat, build: (x) => o.Gelu(x, { approximate: "tanh" }) },
  Softmax: { ...flat, build: (x) => o.Softmax(x) },
  LogSoftmax: { ...flat, build: (x) => o.LogSoftmax(x, { axis: 0 }) },
  LayerNormalization: {
    ...{ ...flat, since: 17 },
    build: (x) => o.LayerNormalization(x, weight(x.graph, [3]), weight(x.graph, [3])),
  },
  MatMul: { dims: [2, 5, 3], build: (x) => o.MatMul(x, weight(x.graph, [3, 4])) },
  "MatMul of a vector": { ...flat, build: (x) => o.MatMul(x, weight(x.graph, [3])) },
  Gemm: { ...flat, build: (x) => o.Gemm(x, weight(x.graph, [4, 3]), weight(x.graph, [4]), { alpha: 0.5, transB: 1 }) },
  Conv: { ...square, build: (x) => o.Conv(x, weight(x.graph, [6, 1, 3, 3]), undefined, { pads: [1, 1, 1, 1], group: 3 }) },
  "Conv, in steps": { ...square, build: (x) => o.Conv(x, weight(x.graph, [5, 3, 2, 2]), undefined, { strides: [2, 2] }) },
  "Conv, dilated": { ...square, build: (x) => o.Conv(x, weight(x.graph, [5, 3, 2, 2]), undefined, { dilations: [2, 2] }) },
  HardSigmoid: {
    ...flat,
    build: (x) => o.HardSigmoid(x, { alpha: 1 / 6, beta: 0.5 }),
    expected: each((v) => Math.min(1, Math.max(0, v / 6 + 0.5))),
  },
  MaxPool: { ...square, build: (x) => o.MaxPool(x, 3, { strides: [2, 2], pads: [1, 1, 1, 1] }) },
  AveragePool: { ...square, build: (x) => o.AveragePool(x, 2, { strides: [2, 2] }) },
  ConvTranspose: {
    ...square,
    build: (x) =>
      o.ConvTranspose(x, weight(x.graph, [3, 2, 2, 2]), {
        strides: [3, 2],
        outputPadding: [1, 0],
        pads: [0, 0, 1, 0],
      }),
  },
  Reshape: { ...square, build: (x) => o.Reshape(x, [x.dims[0], 3, 16]), expected: each((v) => v) },
  "Reshape, to what is left": { ...square, build: (x) => o.Reshape(x, [-1, 4]) },
  Transpose: { ...square, build: (x) => o.Transpose(x, [0, 2, 3, 1]) },
  Concat: { ...flat, build: (x) => o.Concat([x, x, x], 1) },
  Split: { ...square, build: (x) => o.Split(x, [1, 2], 1) },
  Slice: { ...square, build: (x) => o.Slice(x, 1, Number.POSITIVE_INFINITY, 2) },
  "Slice, backwards": { ...square, build: (x) => o.Slice(x, -1, -5, 3, -2) },
  Gather: { ...square, build: (x) => o.Gather(x, ints(x.graph, [2, 0]), { axis: 1 }) },
  ScatterND: {
    ...{ dims: [4, 3], since: 16 },
    build: (x) => o.ScatterND(x, o.Reshape(ints(x.graph, [0, 2]), [2, 1]), weight(x.graph, [2, 3]), { reduction: "add" }),
  },
  Unsqueeze: { ...flat, build: (x) => o.Unsqueeze(x, [0, 3]) },
  Squeeze: { dims: [2, 1, 3, 1], build: (x) => o.Squeeze(x, [1, 3]) },
  Expand: { dims: [2, 1, 3], build: (x) => o.Expand(x, ints(x.graph, [1, 4, 1])) },
  Shape: { ...square, build: (x) => o.Cast(o.Shape(x), "float32"), expected: () => [2, 3, 4, 4] },
  Pad: { ...flat, build: (x) => o.Pad(x, [0, 1, 0, 2]) },
  ReduceMean: { ...square, build: (x) => o.ReduceMean(x, [2, 3]) },
  ReduceMax: { ...square, build: (x) => o.ReduceMax(x, [1], { keepdims: 0 }) },
  ReduceL2: { ...square, build: (x) => o.ReduceL2(x, [-1]) },
  ReduceSum: { ...square, build: (x) => o.ReduceSum(x, [1, 2], { keepdims: 0 }) },
  Loop: {
    ...flat,
    build: (x) =>
      o.Loop(x.graph, ints(x.graph, [4]), (_, turn) => [o.Add(o.Cast(turn, "float32"), o.ReduceSum(x, [1], { keepdims: 0 }))]),
  },
};

/** Operators of files for which the builder has no function: their shapes are inferred all the same. */
const op = (name: string, attributes?: o.Attributes, since?: number) => ({
  build: (x: ShapedValue) => node(name, [x], attributes)[0] as ShapedValue,
  ...(since && { since }),
});
const fileOperators: Record<string, Case> = {
  Abs: { ...flat, ...op("Abs"), expected: each(Math.abs) },
  Round: { ...flat, ...op("Round"), expected: each(Math.round) },
  Reciprocal: { ...flat, ...op("Reciprocal"), expected: each((v) => 1 / v) },
  Mod: {
    ...flat,
    build: (x) => o.Cast(node("Mod", [o.Cast(o.Mul(x, 10), "int64"), o.scalar(ints(x.graph, [3]), 3)])[0], "float32"),
  },
  "MaxPool, of files": { ...square, ...op("MaxPool", { kernel_shape: [2, 2], strides: [2, 2] }) },
  "AveragePool, padded": { ...square, ...op("AveragePool", { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }) },
  Attention: { dims: [2, 2, 5, 4], build: (x) => node("Attention", [x, x, x])[0] as ShapedValue, since: 23 },
  MultiHeadAttention: {
    dims: [2, 5, 8],
    build: (x) => node("MultiHeadAttention", [x, x, x], { num_heads: 2 }, { domain: "com.microsoft" })[0] as ShapedValue,
  },
  DynamicQuantizeLinear: {
    ...flat,
    build(x) {
      const [bytes, scale] = node("DynamicQuantizeLinear", [x], {}, { outputs: 3 }) as ShapedValue[];
      return [o.Cast(bytes, "float32"), scale];
    },
  },
  MatMulInteger: {
    ...flat,
    build(x) {
      const [bytes, , zero] = node("DynamicQuantizeLinear", [x], {}, { outputs: 3 });
      const b = o.constant(x.graph, "uint8", [3, 2], Uint8Array.of(1, 2, 3, 4, 5, 6));
      return o.Cast(node("MatMulInteger", [bytes, b, zero])[0], "float32");
    },
  },
};

const operators = Object.keys(o).filter((name) => /^[A-Z]/.test(name) && name !== "Float");

it("every operator of the builder is in the table below", () => {
  expect(operators.filter((name) => !Object.keys(cases).some((key) => key.split(",")[0].split(" ")[0] === name))).toEqual([]);
});

/** The values' dims as the builder has them, and what onnxruntime gives. */
async function run({ dims, build, expected }: Case, opset: number, batch: Dim) {
  const graph = newGraph(opset);
  const x = input(graph, "x", "float32", [batch, ...dims.slice(1)]);
  const made = scope(graph, "part", () => [build(x)].flat() as ShapedValue[]);
  for (const [i, value] of made.entries()) output(value, `y${i}`);
  const file = writeOnnx(finishGraph(graph, "one"));
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  const results = await session.run({ x: new Tensor("float32", filled(dims), [...dims]) });
  await session.release();
  if (expected) {
    const wanted = expected(filled(dims));
    const got = results.y0.data as Float32Array;
    expect(got.length).toBe(wanted.length);
    for (let i = 0; i < got.length; i++) expect(got[i]).toBeCloseTo(wanted[i], 5);
  }
  return made.map((value, i) => ({ inferred: value.dims, type: value.type, result: results[`y${i}`] }));
}

describe.each(Object.entries({ ...cases, ...fileOperators }))("%s", (_, each) => {
  it.each([13, 17, 20, 23].filter((opset) => opset >= (each.since ?? 13)))(
    "operator set %i: shape and type as they come",
    async (opset) => {
      for (const { inferred, type, result } of await run(each, opset, each.dims[0])) {
        expect(result.type).toBe(type);
        // A loop's turns depend on a value, so the builder calls them "runs".
        expect(inferred.map((dim, axis) => (dim === "runs" ? result.dims[axis] : dim))).toEqual([...result.dims]);
      }
    },
  );

  it("a free batch: sizes that are known are right", async () => {
    const opset = each.since === undefined ? 17 : Math.max(17, each.since);
    for (const { inferred, result } of await run(each, opset, "batch")) {
      expect(inferred).toHaveLength(result.dims.length);
      for (const [axis, dim] of inferred.entries()) if (typeof dim === "number") expect(dim).toBe(result.dims[axis]);
    }
  });
});

describe("the builder", () => {
  it("names nodes by their scope and writes a constant once", () => {
    const graph = newGraph(17);
    const x = input(graph, "x", "float32", ["batch", 4]);
    const made = scope(graph, "blocks.0", () => scope(graph, "mlp", () => o.Add(o.Mul(x, 0.5), o.Mul(x, 0.5))));
    output(made, "y");
    const { graph: proto } = finishGraph(graph, "named");
    expect(proto.node!.map(({ name }) => name)).toEqual(["blocks.0.mlp.Mul", "blocks.0.mlp.Mul_1", "blocks.0.mlp.Add"]);
    expect(proto.initializer).toHaveLength(1);
    expect(made.dims).toEqual(["batch", 4]);
  });

  it("refuses what does not go together, with the place and the shapes", () => {
    const graph = newGraph(17);
    const x = input(graph, "x", "float32", ["batch", 4]);
    const wrong = () => scope(graph, "head", () => o.MatMul(x, weight(graph, [5, 3])));
    expect(wrong).toThrow(
      expect.objectContaining({ code: "graph", message: expect.stringMatching(/^MatMul in head .*\[batch, 4\], \[5, 3\]/) }),
    );
    expect(() => node("Add", [x, input(newGraph(17), "x", "float32", [4])])).toThrow(/two graphs/);
    expect(() => newGraph(12)).toThrow(expect.objectContaining({ code: "graph" }));
    expect(() => input(graph, "x", "float32", [1])).toThrow(/already/);
  });

  it("leaves out what no output needs", () => {
    const graph = newGraph(20);
    const x = input(graph, "x", "float32", [2, 3]);
    o.Exp(o.Mul(x, weight(graph, [3])));
    output(o.Relu(x), "y");
    const { graph: proto } = finishGraph(graph, "small");
    expect([proto.node!.length, proto.initializer!.length]).toEqual([1, 0]);
    expect(elementType(proto.output![0].type?.tensorType?.elemType)).toBe("float32");
  });
});
