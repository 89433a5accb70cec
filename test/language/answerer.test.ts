/** The answerer learns to look things up, goes on after a break as if there had been none, and says the same from its file. */
import { openGraph, openLoop } from "s2-vision/node";
import { beforeAll, describe, expect, it } from "vitest";
import {
  openVqaHead,
  type Question,
  questionKinds,
  readVqaHead,
  type SeenScene,
  trainVqaHead,
  type VisualInput,
  type VqaHead,
  writeVqaHead,
} from "../../src/language/index.ts";
import { answersOf } from "../../src/language/questions.ts";
import { fromFloat16, makeRandom, shuffled, toFloat16, writeSafetensors } from "../../src/tensors/index.ts";
import type { Checkpoints } from "../../src/train/index.ts";

const { shape: shapes, colour: colours } = answersOf;
const channels = shapes.length + colours.length;
const sight: VisualInput = {
  grids: [{ rows: 2, cols: 2 }],
  channels,
  mean: new Array(channels).fill(0.2),
  deviation: new Array(channels).fill(0.4),
};
const shape = { dim: 32, depth: 2, heads: 4 };

/** Four tokens that say the shape and the colour of a thing each; asked is the colour of each shape. */
function scenesOf(count: number, seed: number): SeenScene[] {
  const random = makeRandom(seed);
  return Array.from({ length: count }, () => {
    const [s, c] = [shuffled(shapes.length, random), shuffled(colours.length, random)];
    const tokens = new Float32Array(4 * channels);
    const questions = Array.from({ length: 4 }, (_, i): Question => {
      tokens[i * channels + s[i]] = 1;
      tokens[i * channels + shapes.length + c[i]] = 1;
      return { kind: "colour", words: ["what", "colour", "is", "the", shapes[s[i]], "?"], answer: colours[c[i]], size: 24 };
    });
    return { tokens: toFloat16(tokens), questions };
  });
}

const train = scenesOf(512, 1);
const learn = (steps: number, more: { checkpoints?: Checkpoints; signal?: AbortSignal; onStep?: (step: number) => void } = {}) =>
  trainVqaHead({
    ...{ sight, shape, scenes: train, steps, rate: 2e-3, perStep: 16, seed: 1 },
    openLoop: (file, state) => openLoop(file, state, { threads: 1 }),
    ...more,
  });

const accuracy = Object.fromEntries(questionKinds.map((kind) => [kind, 0.5])) as VqaHead["accuracy"];
const answererOf = (weights: VqaHead["weights"]): VqaHead => ({
  ...{ sight, shape, model: "drawn", sha256: "0", scales: [1], accuracy, weights },
});

let trained: VqaHead;
beforeAll(async () => {
  trained = answererOf((await learn(300))!);
});

describe("an answerer", () => {
  it("tells the colour of a shape in scenes that it has not seen", async () => {
    const opened = await openVqaHead(trained, openGraph, 4);
    let right = 0;
    const test = scenesOf(50, 2);
    for (const { tokens, questions } of test) {
      const told = await opened.tell(fromFloat16(tokens), questions);
      right += told.filter(({ answer }, i) => answer === questions[i].answer).length;
    }
    await opened.close();
    expect(right / (4 * test.length)).toBeGreaterThan(0.9); // 0.125 by chance
  });

  it("answers each question as if it were asked alone, from its file too", async () => {
    const [{ tokens, questions }] = scenesOf(1, 3);
    const visual = () => fromFloat16(tokens);
    const four = await openVqaHead(trained, openGraph, 4);
    const together = await four.tell(visual(), questions);
    await four.close();
    const one = await openVqaHead(readVqaHead(writeVqaHead(trained)), openGraph);
    for (const [i, question] of questions.entries()) {
      const [alone] = await one.tell(visual(), [question]);
      expect(alone.answer).toBe(together[i].answer);
      expect(alone.probability).toBeCloseTo(together[i].probability, 2);
      expect(alone.probability).toBeGreaterThan(1 / colours.length);
    }
    await one.close();
  });

  it("that was stopped goes on from its checkpoint and ends with the same weights", async () => {
    const files = new Map<string, Uint8Array>();
    const checkpoints: Checkpoints = {
      read: async (name) => files.get(name),
      write: async (name, bytes) => void files.set(name, bytes.slice()),
    };
    const stop = new AbortController();
    const onStep = (step: number) => step === 7 && stop.abort();
    expect(await learn(20, { checkpoints, signal: stop.signal, onStep })).toBeUndefined();
    const broken = await learn(20, { checkpoints });
    const whole = await learn(20);
    for (const [name, { data }] of Object.entries(whole!)) expect(broken![name].data, name).toEqual(data);
  });

  it("is not read from a file of something else", () => {
    const other = writeSafetensors({ weight: { dtype: "F32", dims: [1], data: Float32Array.of(1) } }, { s2: '{"kind":"ridge"}' });
    expect(() => readVqaHead(other)).toThrow(/holds no answerer/);
  });
});
