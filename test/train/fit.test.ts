/** `fit`: a run that is broken off and goes on must be the run that was not; the same seed the same run; what goes wrong is said. */

import { openLoop } from "s2-vision/node";
import { describe, expect, it } from "vitest";
import { Add, Gemm, Mul, ReduceMean, Sub, Tanh } from "../../src/onnx/index.ts";
import {
  adamW,
  type Batch,
  type Checkpoints,
  cosine,
  fit,
  initialValue,
  makeRandom,
  makeStep,
  type TrainOptions,
} from "../../src/train/index.ts";

/** y = tanh(2·x₀ - x₁), learned by two layers. */
const step = makeStep({
  inputs: { x: { type: "float32", dims: [8, 2] }, y: { type: "float32", dims: [8, 1] } },
  optimizer: adamW({ weightDecay: 0 }),
  average: 0.9,
  loss({ x, y }, parameter) {
    const inner = Tanh(Gemm(x, parameter("in.weight", [2, 6]), parameter("in.bias", [6])));
    const gap = Sub(Gemm(inner, parameter("out.weight", [6, 1]), parameter("out.bias", [1])), y);
    return {
      loss: ReduceMean(Mul(gap, gap), [0, 1], { keepdims: 0 }),
      metrics: { gap: ReduceMean(Add(gap, 0), [0, 1], { keepdims: 0 }) },
    };
  },
});

async function* batches(done: number): AsyncGenerator<Batch> {
  for (let batch = done; ; batch++) {
    const random = makeRandom(batch);
    const x = Float32Array.from({ length: 16 }, () => 2 * random() - 1);
    const y = Float32Array.from({ length: 8 }, (_, i) => Math.tanh(2 * x[2 * i] - x[2 * i + 1]));
    yield { x: { dims: [8, 2], data: x }, y: { dims: [8, 1], data: y } };
  }
}

/** In memory; as a folder, a file is there whole or not at all. */
function memory(): Checkpoints & { readonly files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  return {
    files,
    read: async (name) => files.get(name),
    write: async (name, bytes) => void files.set(name, bytes.slice()),
  };
}

const options = (more: Partial<TrainOptions> = {}): TrainOptions => ({
  steps: 60,
  rate: cosine({ rate: 0.02, steps: 60, warmUp: 5 }),
  initial: (name, dims) => initialValue(name, dims, 7).map((value) => 20 * value),
  openLoop: (file, state) => openLoop(file, state, { threads: 1 }),
  recipe: "test",
  batches,
  ...more,
});

describe("fit", () => {
  it("learns, and the same seed gives the same curve bit for bit", async () => {
    const [one, two] = [await fit(step, options()), await fit(step, options())];
    expect(one.history).toHaveLength(60);
    expect(one.history.at(-1)!.loss).toBeLessThan(0.2 * one.history[0].loss);
    expect(two.history).toEqual(one.history);
    expect(Object.keys(one.history[0]).sort()).toEqual(["gap", "loss"]);
  });

  it("goes on after an abort as if it had not been broken off", async () => {
    const whole = await fit(step, options());
    const checkpoints = memory();
    for (const last of [17, 41]) {
      const stop = new AbortController();
      const onStep = (number: number) => number === last && stop.abort();
      const part = await fit(step, options({ checkpoints, onStep, signal: stop.signal }));
      expect(part.done).toBe(last);
    }
    const rest = await fit(step, options({ checkpoints }));
    expect(rest.history).toEqual(whole.history);
    expect(rest.state).toEqual(whole.state);
    const after = await fit(step, options({ checkpoints })); // nothing is left to do
    expect(after.state).toEqual(whole.state);
  });

  it("writes checkpoints on the way: a run that is killed loses no more than the time between two", async () => {
    const checkpoints = memory();
    const seen: number[] = [];
    await fit(step, options({ checkpoints, every: 0, onStep: () => seen.push(checkpoints.files.size) }));
    expect(seen.slice(1).every((size) => size === 1)).toBe(true);
  });

  it("refuses the checkpoint of another recipe, batches that end early, and a loss that is no number", async () => {
    const checkpoints = memory();
    await fit(step, options({ checkpoints, steps: 3 }));
    await expect(fit(step, options({ checkpoints, recipe: "other" }))).rejects.toMatchObject({ code: "checkpoint" });
    const few = async function* (done: number) {
      for await (const batch of batches(done)) {
        if (done++ === 5) return;
        yield batch;
      }
    };
    await expect(fit(step, options({ batches: few }))).rejects.toMatchObject({
      code: "training",
      message: expect.stringContaining("after 5 of 60"),
    });
    await expect(fit(step, options({ rate: () => Number.NaN }))).rejects.toMatchObject({
      code: "training",
      message: expect.stringContaining("The loss is NaN at step 2"),
    });
  });
});
