/** Graphs of other tools, drawn by hand: functions of one name, operators that nobody knows, branches that only values decide. */
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { S2Error } from "../../src/core/index.ts";
import { exportS2 } from "../../src/models/index.ts";
import {
  type Attributes,
  Conv,
  constant,
  Float,
  finishGraph,
  type Graph,
  Identity,
  input,
  inspectModel,
  type ModelProto,
  type NodeProto,
  newGraph,
  node,
  output,
  Reshape,
  readOnnx,
  type ShapedValue,
  Transpose,
  valueInfo,
  withoutFunctions,
  writeAttributes,
  writeOnnx,
} from "../../src/onnx/index.ts";

/** Tokens [b, 16, 8] of images of 32x32. */
function tokens(graph: Graph): ShapedValue {
  const images = input(graph, "pixel_values", "float32", ["batch", 3, 32, 32]);
  const weight = constant(graph, "float32", [8, 3, 8, 8], new Float32Array(1536).fill(0.01), "kernel");
  return Transpose(Reshape(Conv(images, weight, undefined, { strides: [8, 8] }), [0, 8, 16]), [0, 2, 1]);
}
const stem = 16 * 192 * 8;

/** A model whose tokens go through one more operator of another domain. */
function through(op: string, domain: string, more: (graph: Graph, x: ShapedValue) => ShapedValue[], attributes: Attributes = {}) {
  const graph = newGraph(17);
  const x = tokens(graph);
  const [result] = node(op, more(graph, x), attributes, { domain });
  output({ ...result, dims: result.dims ?? ["batch", 16, 8] } as ShapedValue, "last_hidden_state");
  return writeOnnx(finishGraph(graph, "foreign"));
}
const weights = (graph: Graph, dims: number[], type: "float32" | "uint8" = "float32") => {
  const size = dims.reduce((a, b) => a * b, 1);
  return constant(graph, type, dims, type === "uint8" ? new Uint8Array(size) : new Float32Array(size), "w") as ShapedValue;
};

describe("onnxruntime's own operators: who brings an optimized file learns what it costs", () => {
  const projection = 16 * 8 * 24 + 2 * 16 * 16 * 8;
  it.each([
    ["Attention", (g: Graph, x: ShapedValue) => [x, weights(g, [8, 24]), weights(g, [24])], { num_heads: 2 }, projection],
    [
      "QAttention",
      (g: Graph, x: ShapedValue) => [x, weights(g, [8, 24], "uint8"), weights(g, [24])],
      { num_heads: 2 },
      projection,
    ],
    ["MultiHeadAttention", (_: Graph, x: ShapedValue) => [x, x, x], { num_heads: 2 }, 2 * 16 * 16 * 8],
    [
      "MultiHeadAttention",
      (_: Graph, x: ShapedValue) => [Reshape(x, [0, 16, 1, 1, 8])].flatMap((q) => [node("Concat", [q, q, q], { axis: 3 })[0]]),
      { num_heads: 1 },
      2 * 16 * 16 * 8,
    ],
    ["FusedMatMul", (g: Graph, x: ShapedValue) => [x, weights(g, [8, 8])], { transB: 1, alpha: new Float(2) }, 16 * 8 * 8],
    ["FusedMatMul", (g: Graph, x: ShapedValue) => [weights(g, [16, 16]), x], { transA: 1 }, 16 * 16 * 8],
    ["FastGelu", (_: Graph, x: ShapedValue) => [x], {}, 0],
    ["SkipLayerNormalization", (g: Graph, x: ShapedValue) => [x, x, weights(g, [8])], {}, 0],
    [
      "MatMulNBits",
      (g: Graph, x: ShapedValue) => [x, weights(g, [8, 1, 8], "uint8"), weights(g, [8])],
      { N: 8, K: 8, bits: 4, block_size: 16 },
      16 * 8 * 8,
    ],
  ] as const)("%s", (op, more, attributes, cost) => {
    const report = inspectModel(through(op, "com.microsoft", more as never, attributes as Attributes));
    expect(report.multiplyAdds.value).toBe(stem + cost);
    expect(report.prefixTokens.value).toBe(0);
    expect(report.channels.value).toBe(8);
  });
});

it("an operator that nobody knows is named, and nothing is guessed behind it", () => {
  const file = through("Swizzle", "org.example", (_, x) => [x]);
  const report = inspectModel(file);
  const why = "the operator org.example.Swizzle is not known here";
  expect(report.multiplyAdds).toEqual({ from: why });
  for (const fact of [report.layout, report.prefixTokens, report.channels]) {
    expect(fact.value).toBeUndefined();
    expect(fact.from).toContain("the operator org.example.Swizzle (Swizzle) is not known here");
  }
  expect(() => exportS2(file, { scales: [1, 2], maxSplitSize: 32, imageSize: 32 })).toThrow(
    /does not follow from the graph \(the operator org\.example\.Swizzle/,
  );
});

it("ONNX's Gelu is not another domain's Gelu", () => {
  expect(inspectModel(through("Gelu", "org.example", (_, x) => [x])).layout.value).toBeUndefined();
});

describe("branches that values decide", () => {
  const branched = (elseShape: number[]) => {
    const graph = newGraph(17);
    const x = tokens(graph);
    const [first] = node("ReduceMax", [x], { keepdims: 0 });
    const [condition] = node("Greater", [first, constant(graph, "float32", [], Float32Array.of(0), "zero")]);
    const side = (name: string, shape: number[]) => {
      const shaped: NodeProto = { opType: "Reshape", input: [x.name, `${name}.shape`], output: [name], name };
      const raw = new Uint8Array(BigInt64Array.from(shape.map(BigInt)).buffer);
      const initializer = [{ name: `${name}.shape`, dims: [shape.length], dataType: 7, rawData: raw }];
      return { name, node: [shaped], output: [valueInfo(name, "float32", shape)], initializer };
    };
    const [result] = node("If", [condition], { then_branch: side("yes", [-1, 16, 8]), else_branch: side("no", elseShape) });
    output({ ...result, type: "float32", dims: ["batch", "n", "c"] } as ShapedValue, "last_hidden_state");
    return inspectModel(writeOnnx(finishGraph(graph, "branched")));
  };
  it("that agree are followed", () =>
    expect(branched([-1, 16, 8])).toMatchObject({ prefixTokens: { value: 0 }, channels: { value: 8 } }));
  it("that differ are left open, axis by axis", () => {
    const report = branched([-1, 8, 16]);
    expect(report.prefixTokens.value).toBeUndefined();
    expect(report.channels.value).toBeUndefined();
    expect(report.multiplyAdds.value).toBe(stem); // neither branch multiplies
  });
});

describe("functions", () => {
  /** Calls `own.scaled`, which multiplies by its attribute; `inner` says by what. */
  const withFunction = (factor: number, make: (graph: Graph) => ShapedValue, name: string): ModelProto => {
    const graph = newGraph(17);
    const [result] = node("scaled", [make(graph)], { by: new Float(factor) }, { domain: "own" });
    output({ ...Identity({ ...result, dims: ["batch", 16, 8] } as ShapedValue) } as ShapedValue, name);
    const byAttribute = { name: "value_float", refAttrName: "by", type: 1 };
    const body: NodeProto[] = [
      { opType: "Constant", output: ["factor"], attribute: [byAttribute] },
      { opType: "Mul", input: ["x", "factor"], output: ["y"] },
    ];
    const scaled = {
      name: "scaled",
      domain: "own",
      input: ["x"],
      output: ["y"],
      attribute: ["by"],
      node: body,
      opsetImport: [{ version: 17 }],
    };
    return { ...finishGraph(graph, "calls"), functions: [scaled] };
  };

  it("of one name in a backbone and its head do not collide", async () => {
    const backbone = withFunction(2, tokens, "last_hidden_state");
    const head = withFunction(3, (graph) => input(graph, "features", "float32", ["batch", 16, 8]), "tripled");
    head.functions![0].node![1] = { opType: "Sub", input: ["x", "factor"], output: ["y"] };
    const file = exportS2(writeOnnx(backbone), { scales: [1], imageSize: 32, head: writeOnnx(head) });
    const session = await InferenceSession.create(file, { logSeverityLevel: 4 });
    const images = new OrtTensor("float32", new Float32Array(3072).fill(1), [1, 3, 32, 32]);
    const { features, tripled } = (await session.run({ pixel_values: images })) as Record<string, { data: Float32Array }>;
    await session.release();
    expect(features.data[0]).toBeCloseTo(2 * 1.92, 4);
    expect(tripled.data[0]).toBeCloseTo(2 * 1.92 - 3, 4);
    expect(readOnnx(file).functions).toBeUndefined();
  });

  it("take their own attribute's default where a call says none", () => {
    const model = withFunction(2, tokens, "last_hidden_state");
    const call = model.graph.node!.find(({ opType }) => opType === "scaled")!;
    call.attribute = [];
    model.functions![0].attributeProto = writeAttributes({ by: new Float(7) });
    const made = withoutFunctions(model).graph.node!.find(({ opType }) => opType === "Constant");
    expect(made?.attribute).toMatchObject([{ name: "value_float", f: 7 }]);
  });

  it("that call themselves are refused and not followed for ever", () => {
    const model = withFunction(2, tokens, "last_hidden_state");
    model.functions![0].node!.push({ opType: "scaled", domain: "own", input: ["y"], output: ["z"] });
    expect(() => inspectModel(writeOnnx(model))).toThrow(expect.objectContaining({ code: "onnx-file" }));
    expect(() => inspectModel(writeOnnx(model))).toThrow(S2Error);
  });
});
