/** Graphs that compute in float16: who runs them on a GPU must get nearly the same features, and no Cast that costs time for nothing. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { buildProto, exportProto } from "../../src/models/index.ts";
import {
  computeInFloat16,
  constant,
  convertModel,
  convertProto,
  finishGraph,
  type Graph,
  Identity,
  input,
  type ModelProto,
  type NodeProto,
  newGraph,
  node,
  output,
  readAttributes,
  readOnnx,
  type Value,
  writeOnnx,
} from "../../src/onnx/index.ts";
import { goldenFolders, readConfig, readWeights } from "../models/golden-model.ts";
import { compareLayers, meanCosine, noiseFor, run } from "./float16-layers.ts";

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const build = (folder: string) => buildProto(readConfig(folder), readWeights(folder));
const castsOf = ({ graph }: ModelProto): NodeProto[] => graph.node!.filter(({ opType }) => opType === "Cast");
const target = (cast: NodeProto) => Number(readAttributes(cast).to);
const [float32, float16] = [1, 10];

/** Casts that do nothing: of what a Cast made, to a type that the value has elsewhere, or that nobody reads. */
function needlessCasts(model: ModelProto): string[] {
  const casts = castsOf(model).filter((cast) => target(cast) === float16 || target(cast) === float32);
  const made = new Map(casts.map((cast) => [cast.output![0], cast]));
  const read = new Set([
    ...model.graph.node!.flatMap(({ input = [] }) => input),
    ...model.graph.output!.map(({ name }) => name!),
  ]);
  const keys = casts.map((cast) => `${cast.input![0]} ${target(cast)}`);
  const isNeedless = (cast: NodeProto, i: number) =>
    keys.indexOf(keys[i]) !== i || made.has(cast.input![0]) || !read.has(cast.output![0]);
  return casts.filter(isNeedless).map(({ name }) => name!);
}

describe("every family, layer by layer", () => {
  it.each(goldenFolders(/./))("%s", async (folder) => {
    const model = build(folder);
    const { layers, cosine, half } = await compareLayers(model, noiseFor(model));
    for (const [name, value] of Object.entries(cosine)) expect(value, name).toBeGreaterThan(0.9999);
    // Swin v2 multiplies cosines by up to 100 before the softmax, which makes 100 times the error of them.
    // In deep stacks without a norm between the layers (batch norms are folded), and of few channels, the rounding of each layer adds up: it grows from
    // layer to layer in the twins of MobileNet, and is highest after the long chains of MPViT, CrossViT and MViTv2.
    const most = /swinv2/.test(folder) ? 0.04 : /mobilenet|mpvit|crossvit|mvit/.test(folder) ? 0.008 : 0.004;
    expect(layers.filter(({ error }) => !(error < most))).toEqual([]);
    expect(needlessCasts(half)).toEqual([]);
    const products = half.graph.node!.filter(({ opType }) => opType === "Gemm" || opType === "Conv");
    const halves = new Set(half.graph.initializer!.filter(({ dataType }) => dataType === float16).map(({ name }) => name));
    expect(products.filter(({ input }) => !halves.has(input![1]))).toEqual([]); // no weights are left in float32
  });

  it("a ViT has one Cast for its input and one for each output", () => {
    const [folder] = goldenFolders(/^hf-vit$/);
    expect(castsOf(computeInFloat16(build(folder))).map(target)).toEqual([float16, float32, float32]);
  });
});

describe("files of other tools", () => {
  const folder = path("torch-models/");
  it.each(readdirSync(folder))("%s", async (name) => {
    const model = readOnnx(readFileSync(folder + name));
    const isHalf = Number(model.graph.input![0].type!.tensorType!.elemType) === float16;
    if (isHalf) return expect(castsOf(computeInFloat16(model)).length).toBeLessThanOrEqual(castsOf(model).length);
    const { cosine, half } = await compareLayers(model, noiseFor(model));
    for (const value of Object.values(cosine)) expect(value).toBeGreaterThan(0.9999);
    expect(half.graph.input!.map(({ type }) => Number(type!.tensorType!.elemType))).toEqual([float32]);
    expect(half.graph.output!.map(({ type }) => Number(type!.tensorType!.elemType))).toEqual([float32]);
  });
});

describe("real models", () => {
  const shared = path("../../../shared/models/");
  const wave = new OrtTensor(
    "float32",
    Float32Array.from({ length: 3 * 224 * 224 }, (_, i) => Math.sin(i * 0.013) + Math.cos(i * 0.00071 + 1)),
    [1, 3, 224, 224],
  );
  const check = async (model: ModelProto) => {
    const [full, half] = [await run(model, wave), await run(computeInFloat16(model), wave)];
    for (const [name, value] of Object.entries(full)) expect(meanCosine(value, half[name]), name).toBeGreaterThan(0.99999);
  };
  it("s2-tiny", () => check(build(path("../../models/s2-tiny"))));
  const torch = `${shared}deit_tiny_patch16_224/onnx/model.onnx`;
  it.skipIf(!existsSync(torch))(
    `torch's file of DeiT-Tiny${existsSync(torch) ? "" : " (skipped: ../shared/models is absent)"}`,
    () => check(readOnnx(readFileSync(torch))),
  );
});

/** A graph of one input x [2, 4] and one output y. */
function drawn(build: (x: Value, number: (...values: number[]) => Value, graph: Graph) => Value, opset = 17): ModelProto {
  const graph = newGraph(opset);
  const x = input(graph, "x", "float32", [2, 4]);
  const number = (...values: number[]) =>
    constant(graph, "float32", values.length === 1 ? [] : [values.length], Float32Array.from(values));
  output(build(x, number, graph), "y");
  return finishGraph(graph, "drawn");
}
const op = (name: string, inputs: Value[], attributes = {}) => node(name, inputs, attributes)[0];
const square = (graph: Graph, factor = 1) =>
  constant(
    graph,
    "float32",
    [4, 4],
    Float32Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? factor : 0.25 * factor)),
    "w",
  );
const feed = (...values: number[]) => new OrtTensor("float32", Float32Array.from(values), [2, 4]);

/** The types in which a rewritten graph runs an operator, from the initializers and casts that it reads. */
async function both(model: ModelProto, x = feed(1, -2, 3, -4, 500, -600, 700, 0.5)): Promise<[number[], number[]]> {
  const [full, half] = [await run(model, x), await run(computeInFloat16(model), x)];
  return [[...(full.y.data as Float32Array)], [...(half.y.data as Float32Array)]];
}
const close = ([full, half]: [number[], number[]], within = 2e-3) => {
  const largest = Math.max(...full.map(Math.abs));
  for (const [i, value] of full.entries()) expect(Math.abs(half[i] - value), String(half)).toBeLessThanOrEqual(within * largest);
};

describe("what float16 is too small for", () => {
  it("the squares of a written-out norm, of activations of several hundreds", async () => {
    const model = drawn((x, number, graph) => {
      const y = op("MatMul", [x, square(graph)]);
      const centered = op("Sub", [y, op("ReduceMean", [y], { axes: [1] })]);
      const variance = op("ReduceMean", [op("Pow", [centered, number(2)])], { axes: [1] });
      const normed = op("Div", [centered, op("Sqrt", [op("Add", [variance, number(1e-12)])])]);
      return op("MatMul", [op("Add", [op("Mul", [normed, number(1, 2, 3, 4)]), number(1, 1, 1, 1)]), square(graph)]);
    });
    close(await both(model));
    expect(castsOf(computeInFloat16(model)).map(target)).toEqual([float16, float32]); // one operator, whose sums are float32
  });

  it("the same norm without a scale, or over another axis, and a norm by the root of the mean square", async () => {
    for (const opset of [13, 17]) {
      const mean = (x: Value, axis: number) => op("ReduceMean", [x], { axes: [axis] });
      const norm = (axis: number, number: (...values: number[]) => Value, y: Value, centered = op("Sub", [y, mean(y, axis)])) => {
        const variance = mean(op("Pow", [centered, number(2)]), axis);
        return op("Div", [centered, op("Sqrt", [op("Add", [variance, number(1e-6)])])]);
      };
      const scaled = (y: Value, number: (...values: number[]) => Value) => op("Mul", [y, number(1, 2, 3, 4)]);
      for (const make of [
        (y: Value, number: (...values: number[]) => Value) => norm(1, number, y),
        (y: Value, number: (...values: number[]) => Value) => op("Add", [scaled(norm(0, number, y), number), number(1, 1, 1, 1)]),
        (y: Value, number: (...values: number[]) => Value) => scaled(norm(1, number, y, y), number),
      ]) {
        const model = drawn((x, number, graph) => {
          const w = square(graph);
          return op("MatMul", [make(op("MatMul", [x, w]), number), w]);
        }, opset);
        close(await both(model));
      }
    }
  });

  it("the sum of squares of a unit length, and a limit near 0", async () => {
    const model = drawn((x, number, graph) => {
      const y = op("MatMul", [x, square(graph, 100)]);
      return op("Div", [y, op("Clip", [op("ReduceL2", [y], { axes: [1] }), number(1e-12)])]);
    });
    close(await both(model));
    close(await both(model, feed(0, 0, 0, 0, 1e-3, 0, 0, 0)));
  });

  it("a mask's lowest number, from whole numbers or as a constant", async () => {
    const lowest = -3.4028234663852886e38;
    const model = drawn((x, number, graph) => {
      const scores = op("MatMul", [x, square(graph)]);
      const on = op("Less", [
        constant(graph, "int64", [4], BigInt64Array.of(0n, 1n, 2n, 3n)),
        constant(graph, "int64", [], BigInt64Array.of(2n)),
      ]);
      const masked = op("Where", [on, scores, number(lowest)]);
      const added = op("Mul", [op("Sub", [number(1), op("Cast", [on], { to: 1 })]), number(lowest)]);
      return op("MatMul", [op("Softmax", [op("Max", [masked, op("Add", [scores, added])])]), square(graph)]);
    });
    close(await both(model, feed(1, 2, 3, 4, 5, 4, 3, 2)));
  });

  it("a mask that is computed, where all of a row is hidden", async () => {
    const model = drawn((x, number, graph) => {
      const hidden = op("Mul", [op("Clip", [x, number(0), number(1)]), number(-3.4028234663852886e38)]);
      return op("MatMul", [op("Softmax", [op("Add", [op("MatMul", [x, square(graph)]), hidden])]), square(graph)]);
    });
    close(await both(model, feed(1, 1, 1, 1, -1, -2, 3, 0)));
  });

  it("positions that are counted, and sums of int8 products", async () => {
    const model = drawn((x, number, graph) => {
      const ids = constant(graph, "int64", [4], BigInt64Array.of(4097n, 4099n, 70000n, 70001n));
      const places = op("Div", [op("Cast", [ids], { to: 1 }), number(70001)]);
      return op("Add", [op("MatMul", [x, square(graph, 0.01)]), op("Cos", [op("Mul", [places, number(100)])])]);
    });
    close(await both(model, feed(1, 2, 3, 4, 5, 6, 7, 8)), 1e-3);
  });

  it("weights beyond its range, which keep their product in float32", async () => {
    close(await both(drawn((x, _, graph) => op("MatMul", [x, square(graph, 1e6)]))), 1e-6);
  });
});

describe("types", () => {
  it("a weight that both forms read is stored in both, and once in each", () => {
    const model = drawn((x, number, graph) => {
      const bias = constant(graph, "float32", [4], Float32Array.of(1, 2, 3, 4), "bias");
      const y = op("Add", [op("Add", [op("MatMul", [x, square(graph)]), bias]), bias]);
      return op("Pow", [op("Mul", [op("Pow", [y, number(2)]), bias]), bias]);
    });
    const stored = computeInFloat16(model).graph.initializer!.filter(({ name }) => name!.startsWith("bias"));
    expect(stored.map(({ dataType }) => dataType).sort()).toEqual([float32, float16]);
  });

  it("what branches and loops read of the graph around stays float32", async () => {
    const model = drawn((x, number, graph) => {
      const y = op("MatMul", [x, square(graph)]);
      const on = op("Greater", [op("ReduceMax", [y], { keepdims: 0 }), number(0)]);
      const branch = (name: string, kind: string) => ({
        ...{ name, node: [{ opType: kind, input: [y.name, "w"], output: [name], name }], output: [{ name }] },
      });
      const [result] = node("If", [on], { then_branch: branch("yes", "MatMul"), else_branch: branch("no", "Gemm") });
      return op("MatMul", [{ ...result, type: "float32", dims: [2, 4] }, square(graph)]);
    });
    close(await both(model));
  });

  it("casts that a file has are not doubled: weights stored in half, values cast there and back", async () => {
    const model = drawn((x, _, graph) => {
      const y = op("Cast", [op("Cast", [op("MatMul", [x, square(graph)])], { to: float16 })], { to: float32 });
      return op("MatMul", [
        y,
        constant(
          graph,
          "float32",
          [4, 4],
          Float32Array.from({ length: 16 }, (_, i) => i / 16),
          "v",
        ),
      ]);
    });
    const stored = convertProto(model);
    for (const each of [model, stored, computeInFloat16(model)]) {
      const half = computeInFloat16(each);
      expect(castsOf(half).map(target)).toEqual([float16, float32]);
      close([
        [...((await run(model, feed(1, 2, 3, 4, 5, 6, 7, 8))).y.data as Float32Array)],
        [...((await run(half, feed(1, 2, 3, 4, 5, 6, 7, 8))).y.data as Float32Array)],
      ]);
    }
  });

  it("limits of Clip, scales of Resize and paddings have the type that their operator takes, from opset 11 on", async () => {
    const model = drawn((x, number, graph) => {
      const shape = (...values: number[]) => constant(graph, "int64", [values.length], BigInt64Array.from(values, BigInt));
      const y = op("Clip", [op("MatMul", [x, square(graph)]), number(-5), number(900)]);
      const padded = op("Pad", [y, shape(0, 1, 0, 1), number(2)]);
      const map = op("Reshape", [padded, shape(1, 1, 2, 6)]);
      const resized = op("Resize", [map, number(...[]), number(1, 1, 1, 2)], { mode: "linear" });
      return op("MatMul", [op("Reshape", [op("Slice", [resized, shape(2), shape(6), shape(3)]), shape(2, 4)]), square(graph)]);
    }, 13);
    close(await both(model));
    close(await both({ ...model, opsetImport: [{ domain: "", version: 11 }] }));
  });

  it("weights that an old file lists as inputs become constants", async () => {
    const model = drawn((x, _, graph) => op("MatMul", [x, square(graph)]));
    const listed = { name: "w", type: { tensorType: { elemType: float32, shape: { dim: [{ dimValue: 4 }, { dimValue: 4 }] } } } };
    const old = { ...model, irVersion: 3, graph: { ...model.graph, input: [...model.graph.input!, listed] } };
    expect(computeInFloat16(old).graph.input).toHaveLength(1);
    close(await both(old));
  });

  it("what follows an operator that nobody knows is left alone", () => {
    const model = drawn((x, _, graph) => {
      const [strange] = node("Swizzle", [op("MatMul", [x, square(graph)])], {}, { domain: "org.example" });
      return Identity({ ...op("MatMul", [{ ...strange, dims: [2, 4] }, square(graph)]), dims: [2, 4] });
    });
    const half = computeInFloat16(model);
    expect(half.graph.node!.map(({ opType }) => opType)).toEqual(["Cast", "MatMul", "Cast", "Swizzle", "MatMul", "Identity"]);
  });

  it("operators and nodes that are named stay in float32", async () => {
    const model = build(goldenFolders(/^hf-vit$/)[0]);
    const norms = model.graph.node!.filter(({ opType }) => opType === "LayerNormalization");
    const inFloat32 = (keepFloat32: string[]) => {
      const { graph } = convertProto(model, { compute: true, keepFloat32 });
      const full = new Set(graph.initializer!.filter(({ dataType }) => dataType === float32).map(({ name }) => name));
      return graph.node!.filter(({ opType, input }) => opType === "LayerNormalization" && full.has(input![1])).length;
    };
    expect(inFloat32([])).toBe(0);
    expect(inFloat32(["LayerNormalization"])).toBe(norms.length);
    expect(inFloat32([norms[0].name!])).toBe(1);
  });
});

describe("S² around it", () => {
  it("computes the backbone in float16, and what surrounds it in float32", async () => {
    const backbone = build(goldenFolders(/^hf-vit$/)[0]);
    const options = { scales: [1, 2], imageSize: 64, maxSplitSize: 32, numPrefixToken: 1 };
    const half = exportProto(backbone, { ...options, dtype: "float16", compute: true });
    const images = noiseFor(half);
    const [a, b] = [await run(exportProto(backbone, options), images), await run(half, images)];
    expect(meanCosine(a.features, b.features)).toBeGreaterThan(0.9999);
    expect(needlessCasts(half)).toEqual([]);
  });

  it("refuses compute without float16", () => {
    const file = writeOnnx(build(goldenFolders(/^hf-vit$/)[0]));
    const options = { scales: [1], imageSize: 32, compute: true };
    expect(() => exportProto(readOnnx(file), options)).toThrow(expect.objectContaining({ code: "option" }));
    expect(() => convertModel(file.subarray(0, 99), { dtype: "float16", compute: true })).toThrow(
      expect.objectContaining({ code: "onnx-file" }),
    );
  });
});
