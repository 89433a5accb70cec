/** The form of a step for graphics cards: it must train as the other form does, with far fewer operators, on the CPU and on a card. */
import { existsSync } from "node:fs";
import { openLoop } from "s2-vision/node";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Add, Gemm, type GraphTensor, Mul, ReduceMean, ReduceSum, Reshape, readOnnx, Sub } from "../../src/onnx/index.ts";
import {
  adamW,
  type Checkpoints,
  fit,
  initialValue,
  makeStep,
  muon,
  type Parameter,
  type StepOptions,
  sgd,
  type TrainOptions,
  vit,
} from "../../src/train/index.ts";

/** Chromium's Vulkan driver in software: right, but far too slow for more than toys. */
const driver = "/usr/lib/chromium/vk_swiftshader_icd.json";
const noDriver = !existsSync(driver);

const shape = { imageSize: 16, patchSize: 8, dim: 12, depth: 2, heads: 3, mlpRatio: 2 };
const [images, target] = [
  [4, 3, 16, 16],
  [4, 5, 12],
];
const wave = (dims: readonly number[], by: number): GraphTensor => ({
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(by * i)),
});

const stepOf = (options: Partial<StepOptions>) =>
  makeStep({
    inputs: { images: { type: "float32", dims: images }, target: { type: "float32", dims: target } },
    ...{ optimizer: adamW({ weightDecay: 0.05 }), clip: 0.5, average: 0.9 },
    loss(inputs, parameter) {
      const gap = Sub(vit(inputs.images, shape, parameter), inputs.target);
      return {
        loss: ReduceMean(Mul(gap, gap), [0, 1, 2], { keepdims: 0 }),
        metrics: { gap: ReduceMean(gap, [0, 1, 2], { keepdims: 0 }) },
      };
    },
    ...options,
  });

const trainOptions = (more: Partial<TrainOptions> = {}): TrainOptions => ({
  ...{ steps: 4, rate: () => 0.01, recipe: "wave", initial: (name, dims) => initialValue(name, dims, 1) },
  async *batches(done) {
    for (let i = done + 1; ; i++) yield { images: wave(images, 0.1 * i), target: wave(target, 0.7) };
  },
  openLoop: (file, state) => openLoop(file, state, { threads: 1 }),
  ...more,
});

type Result = Awaited<ReturnType<typeof fit>>;

/** Largest difference of losses, and of parameters and averages. */
function differences(a: Result, b: Result) {
  const worst = (x: ArrayLike<number>, y: ArrayLike<number>) =>
    Array.from(x).reduce((most, value, i) => Math.max(most, Math.abs(value - y[i])), 0);
  const names = Object.keys(a.state).filter((name) => !/^(adam|muon|sgd)\./.test(name) && !name.endsWith("qkv.bias"));
  return {
    metrics: worst(a.history.flatMap(Object.values<number>), b.history.flatMap(Object.values<number>)),
    state: Math.max(...names.map((name) => worst(a.state[name].data as Float32Array, b.state[name].data as Float32Array))),
  };
}

const optimizers = {
  adamW: () => adamW({ weightDecay: 0.05 }),
  sgd: () => sgd(),
  muon: () => muon({ rate: 5, weightDecay: 0.01, others: adamW({ weightDecay: 0 }) }),
};

describe("the form for graphics cards", () => {
  it.each(Object.entries(optimizers))("gives the losses, weights and averages of the other form: %s", async (_, optimizer) => {
    const [cpu, gpu] = [stepOf({ optimizer: optimizer() }), stepOf({ optimizer: optimizer(), form: "gpu" })];
    const [one, two] = [await fit(cpu, trainOptions()), await fit(gpu, trainOptions())];
    expect(Object.keys(two.state).sort()).toEqual(Object.keys(one.state).sort());
    for (const [name, { dims }] of Object.entries(one.state)) expect(two.state[name].dims).toEqual(dims);
    expect(Object.keys(two.history[0])).toEqual(Object.keys(one.history[0]));
    const { metrics, state } = differences(one, two);
    expect(metrics).toBeLessThan(1e-5);
    expect(state).toBeLessThan(1e-4);
    const updating = (file: Uint8Array) =>
      readOnnx(file).graph.node!.filter(({ opType, name }) => name!.startsWith("update.") && opType !== "Reshape").length;
    expect(updating(gpu.file)).toBeLessThan(0.7 * updating(cpu.file));
  });

  it("goes on from a checkpoint of the other form", async () => {
    const files = new Map<string, Uint8Array>();
    const checkpoints: Checkpoints = {
      read: async (name) => files.get(name),
      write: async (name, bytes) => void files.set(name, bytes.slice()),
    };
    const whole = await fit(stepOf({}), trainOptions());
    await fit(stepOf({ form: "gpu" }), trainOptions({ steps: 2, checkpoints }));
    const rest = await fit(stepOf({}), trainOptions({ checkpoints }));
    expect(differences(whole, rest).metrics).toBeLessThan(1e-5);
  });

  it("sums long axes in parts that add up, whatever their length", async () => {
    // 2 · 3 · 5 · 7 · 11 rows, a prime number of them, and columns that no tile of the card fits.
    for (const [rows, channels] of [
      [2310, 7],
      [2311, 5],
      [4096, 8],
    ]) {
      const options: StepOptions = {
        inputs: { x: { type: "float32", dims: [rows, channels] } },
        optimizer: sgd(),
        loss({ x }, parameter: Parameter) {
          const y = Gemm(x, parameter("w", [channels, 3]), parameter("b", [3]));
          return { loss: Mul(ReduceSum(Mul(y, y), [0, 1], { keepdims: 0 }), 1 / rows) };
        },
      };
      const more = trainOptions({
        ...{ steps: 3, rate: () => 0.05, initial: (_: string, dims: readonly number[]) => wave(dims, 1.3).data as Float32Array },
        async *batches() {
          while (true) yield { x: wave([rows, channels], 0.37) };
        },
      });
      const [one, two] = [await fit(makeStep(options), more), await fit(makeStep({ ...options, form: "gpu" }), more)];
      expect(differences(one, two).metrics, `${rows}`).toBeLessThan(1e-4 * one.history[0].loss);
    }
  });

  it("reads metrics late without losing one, and refuses a form or an interval that it does not know", async () => {
    const seen: number[] = [];
    const [each, late] = [
      await fit(stepOf({}), trainOptions({ steps: 7 })),
      await fit(stepOf({}), trainOptions({ steps: 7, readEvery: 3, onStep: (step) => seen.push(step) })),
    ];
    expect(late.history).toEqual(each.history);
    expect(late.state).toEqual(each.state);
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(() => stepOf({ form: "tpu" as "gpu" })).toThrow(expect.objectContaining({ code: "option" }));
    await expect(fit(stepOf({}), trainOptions({ readEvery: 0 }))).rejects.toMatchObject({ code: "option" });
  });
});

describe.skipIf(noDriver)(`on WebGPU${noDriver ? ` (skipped: no ${driver})` : ""}`, () => {
  afterEach(() => vi.unstubAllEnvs());
  const onCard = (more: Partial<TrainOptions> = {}) => {
    for (const name of ["VK_ICD_FILENAMES", "VK_DRIVER_FILES"]) vi.stubEnv(name, driver);
    return trainOptions({ ...more, openLoop: (file, state) => openLoop(file, state, { device: "webgpu" }) });
  };

  it("the state stays on the device, and losses, weights and checkpoints are the CPU's", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const step = stepOf({ form: "gpu" });
    const one = await fit(step, trainOptions({ steps: 3 }));
    const two = await fit(step, onCard({ steps: 3, readEvery: 2 }));
    expect(warned.mock.calls).toEqual([]); // no device missing, no operator on the CPU
    warned.mockRestore();
    const { metrics, state } = differences(one, two);
    expect(metrics).toBeLessThan(1e-4);
    expect(state).toBeLessThan(1e-3);
  }, 300_000);

  it("operators that the device does not have are named before the first step", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    onCard();
    const { Cast, Identity, finishGraph, input, newGraph, output, writeOnnx } = await import("../../src/onnx/index.ts");
    const graph = newGraph(20);
    const sum = input(graph, "sum", "float32", [2]);
    const twice = Add(sum, Cast(ReduceSum(Cast(sum, "float64"), [0]), "float32"));
    output(Add(twice, Cast(Reshape(input(graph, "n", "int64", [2]), [2]), "float32")), "next/sum");
    output(Identity(twice), "twice");
    const loop = await openLoop(writeOnnx(finishGraph(graph, "sums")), { sum: wave([2], 1) }, { device: "webgpu" });
    const [[message, { code }]] = warned.mock.calls as unknown as [[string, { code: string }]];
    warned.mockRestore();
    expect(code).toBe("S2_DEVICE");
    expect(message).toContain("ReduceSum of float64");
    expect(message).not.toContain("Reshape of int64"); // it comes from the CPU anyway
    const n = () => ({ n: { dims: [2], data: BigInt64Array.of(1n, 2n) } });
    await loop.start(n());
    await loop.start(n());
    const { twice: last } = await loop.run(n());
    const [first, second] = await loop.outputs();
    await loop.close();
    const expected = [wave([2], 1).data as Float32Array];
    const doubled = (x: ArrayLike<number>) => [0, 1].map((i) => x[i] + x[0] + x[1]);
    for (const outputs of [first.twice, second.twice, last]) {
      const now = doubled(expected.at(-1)!);
      now.forEach((value, i) => void expect((outputs.data as Float32Array)[i]).toBeCloseTo(value, 4));
      expected.push(Float32Array.from(now, (value, i) => value + i + 1));
    }
  }, 300_000);
});
