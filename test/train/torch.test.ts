/** Training against torch: a whole ViT's gradients, and its weights after some steps, so that who trains here gets what torch would give. */
import { describe, expect, it } from "vitest";
import { finishGraph, input, Mul, newGraph, output, ReduceMean, type ShapedValue, Sub, writeOnnx } from "../../src/onnx/index.ts";
import { openGraph } from "../../src/runtimes/node/index.ts";
import {
  adamW,
  gradients,
  makeStep,
  muon,
  type Optimizer,
  type Parameter,
  sgd,
  type VitShape,
  vit,
} from "../../src/train/index.ts";
import { readGolden, type Stored } from "../fixtures/read.ts";

interface Case {
  shape: VitShape;
  steps: number;
  images: Stored;
  target: Stored;
  parameters: Record<string, Stored>;
  loss: number;
  gradients: Record<string, Stored>;
  length: number;
  after: Record<string, { losses: number[]; parameters: Record<string, Stored>; average: Record<string, Stored> }>;
}

// research/python/make-train-goldens.py
const { cases, f32 } = readGolden<Case>("train");
const [golden] = cases;
const [images, target] = [f32(golden.images), f32(golden.target)];
const named = (stored: Record<string, Stored>) => Object.entries(stored).map(([name, each]) => [name, f32(each)] as const);

function lossOf(given: ShapedValue, goal: ShapedValue, parameter: Parameter): ShapedValue {
  const gap = Sub(vit(given, golden.shape, parameter), goal);
  return ReduceMean(Mul(gap, gap), [0, 1, 2], { keepdims: 0 });
}

/** A key's bias has no gradient but rounding's (softmax takes it away), which Adam makes as large as any other: left out. */
function withoutKeys(name: string, data: Float32Array): Float32Array {
  if (!name.endsWith("attn.qkv.bias")) return data;
  const dim = data.length / 3;
  return Float32Array.from([...data.subarray(0, dim), ...data.subarray(2 * dim)]);
}

const worst = (a: Float32Array, b: Float32Array) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);

it("loss and gradients by every weight are those of torch's autograd", async () => {
  const graph = newGraph(20);
  const parameters = new Map<string, ShapedValue>();
  const parameter: Parameter = (name, dims) => {
    if (!parameters.has(name)) parameters.set(name, input(graph, name, "float32", dims));
    return parameters.get(name)!;
  };
  const [given, goal] = Object.entries({ images, target }).map(([name, { dims }]) => input(graph, name, "float32", dims));
  const loss = lossOf(given, goal, parameter);
  const found = gradients(graph, loss, [...parameters.values()]);
  [...parameters.keys()].forEach((name, i) => {
    output(found[i], `d/${name}`);
  });
  output(loss, "loss");
  expect([...parameters.keys()].sort()).toEqual(Object.keys(golden.parameters).sort());
  const opened = await openGraph(writeOnnx(finishGraph(graph, "test")), { threads: 1 });
  const results = await opened.run({ images, target, ...Object.fromEntries(named(golden.parameters)) });
  await opened.close();
  expect(results.loss.data[0]).toBeCloseTo(golden.loss, 5);
  for (const [name, { dims, data }] of named(golden.gradients)) {
    expect(results[`d/${name}`].dims, name).toEqual(dims);
    expect(worst(results[`d/${name}`].data as Float32Array, data), name).toBeLessThan(1e-5);
  }
});

/** Runs the steps by hand: outputs `next/` become the state. */
async function train(
  optimizer: Optimizer,
  { clip, parts, steps = golden.steps }: { clip?: number; parts?: number; steps?: number } = {},
) {
  const step = makeStep({
    inputs: { images: { type: "float32", dims: images.dims }, target: { type: "float32", dims: target.dims } },
    ...{ optimizer, clip, parts, average: 0.9 },
    loss: (inputs, parameter) => ({ loss: lossOf(inputs.images, inputs.target, parameter) }),
  });
  const opened = await openGraph(step.file, { threads: 1 });
  const first = Object.fromEntries(named(golden.parameters));
  let state = Object.fromEntries(
    step.state.map(({ name, dims, parameter }) => {
      const own = name === parameter || name === `average/${parameter}`;
      return [name, own ? first[parameter] : { dims, data: new Float32Array(dims.reduce((a, b) => a * b, 1)) }];
    }),
  );
  const rate = optimizer.slots("blocks.0.mlp.fc1.weight")[0] === "sgd.momentum" ? 0.05 : 0.01;
  const losses: number[] = [];
  const lengths: number[] = [];
  for (let number = 1; number <= steps; number++) {
    const scalar = (value: number) => ({ dims: [], data: Float32Array.of(value) });
    const results = await opened.run({ images, target, ...state, rate: scalar(rate), step: scalar(number) });
    losses.push(results.loss.data[0] as number);
    if (results.gradient) lengths.push(results.gradient.data[0] as number);
    state = Object.fromEntries(
      step.state.map(({ name, dims }) => [name, { dims: [...dims], data: results[`next/${name}`].data as Float32Array }]),
    );
  }
  await opened.close();
  return { losses, lengths, state };
}

describe("after four steps, weights and their averages are torch's", () => {
  it.each([
    ["adamW", () => adamW({ weightDecay: 0.05 }), {}],
    ["sgd", () => sgd(), {}],
    ["adamW, clipped", () => adamW({ weightDecay: 0.05 }), { clip: 0.05 }],
    ["adamW", () => adamW({ weightDecay: 0.05 }), { parts: 2 }], // the batch's halves, added up
  ] as const)("%s %#", async (name, make, options) => {
    const { losses, lengths, state } = await train(make(), options);
    const expected = golden.after[name];
    losses.forEach((loss, i) => {
      expect(loss).toBeCloseTo(expected.losses[i], 5);
    });
    if ("clip" in options) expect(lengths[0]).toBeCloseTo(golden.length, 4);
    const error = (key: string, own: string, data: Float32Array) =>
      worst(withoutKeys(key, state[own].data), withoutKeys(key, data));
    for (const [key, { data }] of named(expected.parameters)) expect(error(key, key, data), key).toBeLessThan(2e-4);
    for (const [key, { data }] of named(expected.average)) expect(error(key, `average/${key}`, data), key).toBeLessThan(2e-4);
  });
});

describe("Muon", () => {
  it("moves a matrix by something orthogonal along its gradient, everything else by the other optimizer", async () => {
    const others = adamW({ weightDecay: 0 });
    const [{ state }, alone] = [await train(muon({ rate: 1, others }), { steps: 1 }), await train(others, { steps: 1 })];
    expect(worst(state.cls_token.data, alone.state.cls_token.data)).toBe(0);
    expect(worst(state["blocks.0.mlp.fc1.weight"].data, alone.state["blocks.0.mlp.fc1.weight"].data)).toBeGreaterThan(1e-3);
    expect(Object.keys(state).filter((name) => name.startsWith("muon.momentum/"))).toHaveLength(2 * 4);
    expect(Object.keys(state).some((name) => name === "adam.m/blocks.0.mlp.fc1.weight")).toBe(false);
  });

  it("its step has singular values of about 1", async () => {
    const graph = newGraph(20);
    const optimizer = muon({ rate: 1, others: sgd() });
    const dims = [6, 10];
    const [weight, gradient, velocity] = ["weight", "gradient", "velocity"].map((name) => input(graph, name, "float32", dims));
    const number = input(graph, "rate", "float32", []);
    const numbers = { rate: number, step: number };
    output(optimizer.update(weight, gradient, [velocity], numbers, "blocks.0.mlp.fc1.weight").parameter, "next");
    const opened = await openGraph(writeOnnx(finishGraph(graph, "muon")), { threads: 1 });
    const data = Float32Array.from({ length: 60 }, (_, i) => Math.sin(i * i));
    const zeros = { dims, data: new Float32Array(60) };
    const rate = { dims: [], data: Float32Array.of(1) };
    const { next } = await opened.run({ weight: zeros, gradient: { dims, data }, velocity: zeros, rate });
    await opened.close();
    const moved = (next.data as Float32Array).map((value) => -value);
    for (let i = 0; i < 6; i++)
      for (let j = 0; j < 6; j++) {
        let dot = 0;
        for (let k = 0; k < 10; k++) dot += moved[i * 10 + k] * moved[j * 10 + k];
        expect(Math.abs(dot - (i === j ? 1 : 0))).toBeLessThan(0.45); // Jordan's quintic leaves them within 0.7 to 1.2
      }
    const along = data.reduce((sum, value, i) => sum + value * moved[i], 0);
    expect(along).toBeGreaterThan(0.9 * Math.hypot(...data)); // the sum of singular values is at least their length
  });
});
