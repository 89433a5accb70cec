/** Every rule against finite differences: a wrong one would train a wrong model without a word. */
import { describe, expect, it } from "vitest";
import * as onnx from "../../src/onnx/index.ts";
import {
  constant,
  finishGraph,
  type Graph,
  input,
  newGraph,
  output,
  type ShapedValue,
  wholeNumbers,
  writeOnnx,
} from "../../src/onnx/index.ts";
import { openGraph } from "../../src/runtimes/node/index.ts";
import { gradients } from "../../src/train/index.ts";

const { Add, Mul, ReduceSum, Reshape } = onnx;

/** An operator that the builder has no function for. */
const operator = (op: string, attributes?: onnx.Attributes) => (x: ShapedValue) =>
  onnx.node(op, [x], attributes)[0] as ShapedValue;

/** Shapes of the parameters, what is made from them, and where they lie (default -1 to 1). */
interface Case {
  readonly shapes: readonly number[][];
  readonly make: (parameters: ShapedValue[], graph: Graph) => ShapedValue;
  readonly range?: readonly [number, number];
}

const positive = [0.4, 1.6] as const;
const of = (make: (x: ShapedValue) => ShapedValue, range?: Case["range"], shape = [2, 3, 4]): Case => ({
  shapes: [shape],
  make: ([x]) => make(x),
  range,
});
const pair = (
  make: (a: ShapedValue, b: ShapedValue) => ShapedValue,
  range?: Case["range"],
  shapes = [
    [2, 3, 4],
    [3, 1],
  ],
): Case => ({
  shapes,
  make: ([a, b]) => make(a, b),
  range,
});

const cases: Readonly<Record<string, Case>> = {
  Neg: of(onnx.Neg),
  Abs: of(operator("Abs"), positive),
  Sqrt: of(onnx.Sqrt, positive),
  Exp: of(onnx.Exp),
  Log: of(onnx.Log, positive),
  Sin: of(onnx.Sin),
  Cos: of(onnx.Cos),
  Erf: of(onnx.Erf),
  Tanh: of(onnx.Tanh),
  Sigmoid: of(onnx.Sigmoid),
  "Relu above": of(onnx.Relu, positive),
  "Relu below": of((x) => Add(onnx.Relu(x), x), [-1.6, -0.4]),
  Reciprocal: of(operator("Reciprocal"), positive),
  Identity: of(onnx.Identity),
  Cast: of((x) => onnx.Cast(x, "float32")),
  Gelu: of((x) => onnx.Gelu(x), [-3, 3]),
  "Gelu by tanh": of((x) => onnx.Gelu(x, { approximate: "tanh" }), [-3, 3]),
  "Clip inside": of((x) => onnx.Clip(x, -2, 2)),
  "Clip outside": of((x) => Add(onnx.Clip(x, -0.1, 0.1), x), [0.4, 1]),
  Softmax: of((x) => onnx.Softmax(x)),
  "Softmax of axis 1": of((x) => onnx.Softmax(x, { axis: 1 })),
  LogSoftmax: of((x) => onnx.LogSoftmax(x)),
  Add: pair(Add),
  "Add to itself": of((x) => Add(x, x)),
  Sub: pair(onnx.Sub),
  Mul: pair(Mul),
  Div: pair(onnx.Div, positive),
  Pow: pair(onnx.Pow, positive),
  "Pow by a number": of((x) => onnx.Pow(x, 3)),
  Max: pair(onnx.Max),
  Min: pair(onnx.Min),
  Where: pair((a, b) => onnx.Where(onnx.Greater(a, b), Mul(a, a), b)),
  "MatMul of batches": pair(onnx.MatMul, undefined, [
    [2, 3, 4],
    [2, 4, 2],
  ]),
  "MatMul with a weight": pair(onnx.MatMul, undefined, [
    [2, 3, 4],
    [4, 2],
  ]),
  "MatMul, broadcast": pair(onnx.MatMul, undefined, [
    [2, 1, 3, 4],
    [3, 4, 2],
  ]),
  "MatMul with a vector": pair(onnx.MatMul, undefined, [[2, 3, 4], [4]]),
  "MatMul of a vector": pair(onnx.MatMul, undefined, [[4], [2, 4, 3]]),
  ...Object.fromEntries(
    [0, 1].flatMap((transA) =>
      [0, 1].map((transB) => [
        `Gemm ${transA}${transB}`,
        {
          shapes: [transA ? [4, 3] : [3, 4], transB ? [2, 4] : [4, 2], [2]],
          make: ([a, b, c]: ShapedValue[]) => onnx.Gemm(a, b, c, { alpha: 0.5, beta: 2, transA, transB }),
        },
      ]),
    ),
  ),
  LayerNormalization: { shapes: [[2, 3, 6], [6], [6]], make: ([x, scale, bias]) => onnx.LayerNormalization(x, scale, bias) },
  "LayerNormalization without bias": {
    shapes: [[2, 6], [6]],
    make: ([x, scale]) => onnx.LayerNormalization(x, scale, undefined, { epsilon: 0.1 }),
  },
  ReduceSum: of((x) => ReduceSum(x, [1])),
  "ReduceSum without axes kept": of((x) => ReduceSum(x, [0, -1], { keepdims: 0 })),
  ReduceMean: of((x) => onnx.ReduceMean(x, [2], { keepdims: 0 })),
  ReduceMax: of((x) => onnx.ReduceMax(x, [1])),
  ReduceL2: of((x) => onnx.ReduceL2(x, [2]), positive),
  Reshape: of((x) => Reshape(x, [6, 4])),
  Transpose: of((x) => onnx.Transpose(x, [1, 2, 0])),
  Concat: pair((a, b) => onnx.Concat([a, b, a], 1), undefined, [
    [2, 3],
    [2, 1],
  ]),
  Split: of((x) => {
    const [a, , c] = onnx.Split(x, [1, 1, 2], 2);
    return Mul(a, ReduceSum(c, [2]));
  }),
  Slice: of((x) => onnx.Slice(x, 1, -1, 2)),
  "Slice from the end": of((x) => onnx.Slice(x, -3, Number.POSITIVE_INFINITY, 2)),
  Gather: of((x) => onnx.Gather(x, wholeNumbers(x.graph, [2, 0, 2]), { axis: 1 })),
  "Gather of rows": of(
    (x) => onnx.Gather(x, constant(x.graph, "int64", [2, 2], BigInt64Array.of(1n, 0n, 1n, 1n))),
    undefined,
    [3, 4],
  ),
  Squeeze: of((x) => onnx.Squeeze(x, [1]), undefined, [2, 1, 3]),
  Unsqueeze: of((x) => onnx.Unsqueeze(x, [1])),
  Expand: of((x) => onnx.Expand(x, wholeNumbers(x.graph, [2, 3, 4])), undefined, [3, 1]),
  Pad: of((x) => onnx.Pad(x, [0, 1, 0, 0, 0, 2])),
  Conv: { shapes: [[2, 3, 5, 6], [4, 3, 3, 2], [4]], make: ([x, w, b]) => onnx.Conv(x, w, b, { pads: [1, 0, 1, 1] }) },
  "Conv in steps": {
    shapes: [
      [1, 2, 7, 6],
      [3, 2, 3, 3],
    ],
    make: ([x, w]) => onnx.Conv(x, w, undefined, { strides: [2, 2], pads: [1, 1, 1, 1] }),
  },
  "Conv, dilated": {
    shapes: [
      [1, 2, 6, 6],
      [2, 2, 2, 2],
    ],
    make: ([x, w]) => onnx.Conv(x, w, undefined, { dilations: [2, 3] }),
  },
  "Conv of patches": { shapes: [[2, 2, 5, 4], [3, 2, 2, 2], [3]], make: ([x, w, b]) => onnx.Conv(x, w, b, { strides: [2, 2] }) },
  "Conv in groups": {
    shapes: [
      [1, 4, 4, 4],
      [4, 1, 3, 3],
    ],
    make: ([x, w]) => onnx.Conv(x, w, undefined, { group: 4, pads: [1, 1, 1, 1] }),
  },
  AveragePool: of(operator("AveragePool", { kernel_shape: [2, 2], strides: [2, 2] }), undefined, [1, 2, 5, 4]),
};

describe("gradients", () => {
  for (const [name, each] of Object.entries(cases)) {
    it(`of ${name}`, async () => {
      const graph = newGraph(20);
      const random = seeded(name.length * 7919);
      const [low, high] = each.range ?? [-1, 1];
      // Distinct and apart from each other, so that no step of a difference crosses from one to another.
      const draw = (shape: readonly number[], shift: number) => {
        const length = shape.reduce((a, b) => a * b, 1);
        const order = Array.from({ length }, (_, at) => at).sort(() => random() - 0.5);
        return Float32Array.from(order, (rank) => low + ((high - low) * (rank + shift)) / length);
      };
      const parameters = each.shapes.map((shape, i) => input(graph, `p${i}`, "float32", shape));
      const y = each.make(parameters, graph);
      const weights = constant(
        graph,
        "float32",
        y.dims as number[],
        Float32Array.from(draw(y.dims as number[], 0.1), (v) => v + 0.3),
      );
      const product = Mul(y, weights);
      const loss = ReduceSum(
        product,
        product.dims.map((_, axis) => axis),
        { keepdims: 0 },
      );
      gradients(graph, loss, parameters).forEach((gradient, i) => {
        expect(gradient.dims).toEqual(each.shapes[i]);
        output(gradient, `g${i}`);
      });
      output(loss, "loss");
      const opened = await openGraph(writeOnnx(finishGraph(graph, "test")), { threads: 1 });
      const feeds = Object.fromEntries(each.shapes.map((dims, i) => [`p${i}`, { dims, data: draw(dims, 0.3 + 0.4 * i) }]));
      const found = await opened.run(feeds);
      const lossAt = async () => (await opened.run(feeds)).loss.data[0] as number;
      for (const [i] of each.shapes.entries()) {
        const { data } = feeds[`p${i}`];
        const gradient = found[`g${i}`].data as Float32Array;
        for (let at = 0; at < data.length; at++) {
          const value = data[at];
          data[at] = value + 0.01;
          const above = await lossAt();
          data[at] = value - 0.01;
          const below = await lossAt();
          data[at] = value;
          expect(Math.abs(gradient[at] - (above - below) / 0.02), `p${i}[${at}]: ${gradient[at]}`).toBeLessThan(
            3e-3 * (1 + Math.abs(gradient[at])),
          );
        }
      }
      await opened.close();
    });
  }

  it("are zeros for a parameter that the loss does not depend on", () => {
    const graph = newGraph(20);
    const [a, b] = [input(graph, "a", "float32", [2]), input(graph, "b", "float32", [3])];
    expect(gradients(graph, ReduceSum(Mul(a, a), [0]), [b])[0].dims).toEqual([3]);
  });

  it("refuse a loss of several numbers, and an operator without a rule, by name", () => {
    const graph = newGraph(20);
    const a = input(graph, "a", "float32", [2, 2, 4, 4]);
    expect(() => gradients(graph, a, [a])).toThrow("expected one number");
    const pooled = operator("MaxPool", { kernel_shape: [2, 2] })(a);
    expect(() => gradients(graph, ReduceSum(pooled, [0, 1, 2, 3]), [a])).toThrow("no rule for the gradient of MaxPool");
  });
});

/** mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
