/** A VQA head learns to look things up, resumes after a stop as if there had been none, and answers the same from its file. */
import { fromFloat16, openGraph, openLoop, toFloat16, writeSafetensors } from "s2-vision/node";
import { type Checkpoints, makeRandom, shuffled } from "s2-vision/train";
import { beforeAll, describe, expect, it } from "vitest";
import { answersOf, type Question, questionTypes } from "../src/vqa/questions.ts";
import { type SceneExample, trainVqaHead } from "../src/vqa/train-vqa-head.ts";
import type { VisualInput } from "../src/vqa/vqa-head.ts";
import { openVqaHead, readVqaHead, type VqaHead, writeVqaHead } from "../src/vqa/vqa-head-file.ts";

const { shape: shapes, color: colors } = answersOf;
const channels = shapes.length + colors.length;
const visualInput: VisualInput = {
  grids: [{ rows: 2, cols: 2 }],
  channels,
  mean: new Array(channels).fill(0.2),
  deviation: new Array(channels).fill(0.4),
};
const shape = { dim: 32, depth: 2, heads: 4 };

/** Makes scenes of four tokens that encode the shape and the color of an object each, with questions about the color of each shape. */
function scenesOf(count: number, seed: number): SceneExample[] {
  const random = makeRandom(seed);
  return Array.from({ length: count }, () => {
    const [s, c] = [shuffled(shapes.length, random), shuffled(colors.length, random)];
    const tokens = new Float32Array(4 * channels);
    const questions = Array.from({ length: 4 }, (_, i): Question => {
      tokens[i * channels + s[i]] = 1;
      tokens[i * channels + shapes.length + c[i]] = 1;
      return { type: "color", words: ["what", "colour", "is", "the", shapes[s[i]], "?"], answer: colors[c[i]], size: 24 };
    });
    return { tokens: toFloat16(tokens), questions };
  });
}

const train = scenesOf(512, 1);
const learn = (steps: number, more: { checkpoints?: Checkpoints; signal?: AbortSignal; onStep?: (step: number) => void } = {}) =>
  trainVqaHead({
    ...{ visualInput, shape, scenes: train, steps, rate: 2e-3, scenesPerStep: 16, seed: 1 },
    openLoop: (file, state) => openLoop(file, state, { threads: 1 }),
    ...more,
  });

const accuracy = Object.fromEntries(questionTypes.map((type) => [type, 0.5])) as VqaHead["accuracy"];
const headOf = (weights: VqaHead["weights"]): VqaHead => ({
  ...{ visualInput, shape, model: "drawn", sha256: "0", scales: [1], accuracy, weights },
});

let trained: VqaHead;
beforeAll(async () => {
  trained = headOf((await learn(300))!);
});

describe("a VQA head", () => {
  it("predicts the color of a shape in scenes that it was not trained on", async () => {
    const opened = await openVqaHead(trained, openGraph, 4);
    let correct = 0;
    const test = scenesOf(50, 2);
    for (const { tokens, questions } of test) {
      const answers = await opened.predict(fromFloat16(tokens), questions);
      correct += answers.filter(({ answer }, i) => answer === questions[i].answer).length;
    }
    await opened.close();
    expect(correct / (4 * test.length)).toBeGreaterThan(0.9); // 0.125 by chance
  });

  it("answers each question as if it were asked alone, from its file too", async () => {
    const [{ tokens, questions }] = scenesOf(1, 3);
    const visual = () => fromFloat16(tokens);
    const four = await openVqaHead(trained, openGraph, 4);
    const together = await four.predict(visual(), questions);
    await four.close();
    const one = await openVqaHead(readVqaHead(writeVqaHead(trained)), openGraph);
    for (const [i, question] of questions.entries()) {
      const [alone] = await one.predict(visual(), [question]);
      expect(alone.answer).toBe(together[i].answer);
      expect(alone.probability).toBeCloseTo(together[i].probability, 2);
      expect(alone.probability).toBeGreaterThan(1 / colors.length);
    }
    await one.close();
  });

  it("resumes a stopped training from its checkpoint and ends with the same weights", async () => {
    const files = new Map<string, Uint8Array>();
    const checkpoints: Checkpoints = {
      read: async (name) => files.get(name),
      write: async (name, bytes) => void files.set(name, bytes.slice()),
    };
    const stop = new AbortController();
    const onStep = (step: number) => step === 7 && stop.abort();
    expect(await learn(20, { checkpoints, signal: stop.signal, onStep })).toBeUndefined();
    const resumed = await learn(20, { checkpoints });
    const uninterrupted = await learn(20);
    for (const [name, { data }] of Object.entries(uninterrupted!)) expect(resumed![name].data, name).toEqual(data);
  });

  it("is not read from a file of something else", () => {
    const other = writeSafetensors({ weight: { dtype: "F32", dims: [1], data: Float32Array.of(1) } }, { s2: '{"kind":"ridge"}' });
    expect(() => readVqaHead(other)).toThrow(/is no VQA head/);
  });
});
