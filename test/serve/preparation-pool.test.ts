/** Threads of preparation: what they ask of the model, and that memory and cancellation are kept in hand. */
import { afterAll, describe, expect, it } from "vitest";
import { openPreparation } from "../../dist/serve/preparation-pool.js";
import type { Tensor } from "../../src/core/index.ts";
import type { ModelAnswer, Question, Work } from "../../src/serve/preparation.ts";
import { readSafetensors } from "../../src/tensors/index.ts";
import { drawPng } from "./serving.ts";

const traits = { imageSize: [32, 32], patchSize: 8, prefixTokens: 0, layout: "bnc" } as const;
const settings = { models: { fake: { source: "fake", traits, runsPlans: true } }, heads: {}, maxPixels: 1e6 };
const pools = [openPreparation(1, settings), openPreparation(2, settings, { pixelsAtOnce: 3000 })];
afterAll(() => Promise.all(pools.map((pool) => pool.close())));

const work = async (scales: readonly number[] = [1]) =>
  ({
    bytes: await drawPng(48, 48),
    model: "fake",
    extraction: { scales, splitForward: 8 },
    wanted: { kind: "features", format: "safetensors", dtype: "float32" },
  }) as const satisfies Work;
const never = new AbortController().signal;
/** 16 tokens of 2 channels, all of one number. */
const tokens = (count: number, value: number): Tensor => ({
  dims: [count, 16, 2],
  data: new Float32Array(count * 32).fill(value),
});
const featuresOf = (body: Uint8Array) => readSafetensors(body).tensors.features;

describe("a model that runs plans on its device", () => {
  it("gets the image's pixels and the plan, and its features are the answer", async () => {
    const asked: string[] = [];
    const answer = async (question: Question): Promise<ModelAnswer> => {
      asked.push(question.kind);
      if (question.kind !== "plan") throw new Error("no tiles");
      expect([question.images.kind, question.plan.tiles]).toEqual(["bytes", 1]);
      return { features: tokens(1, 3), tileGrid: { rows: 4, cols: 4 } };
    };
    const { body } = await pools[0].prepare(await work(), { answer, signal: never });
    expect([asked, [...new Set(featuresOf(body).data as Float32Array)]]).toEqual([["plan"], [3]]);
  });

  it("gets tiles for a plan that it cannot run", async () => {
    const asked: string[] = [];
    const answer = async (question: Question): Promise<ModelAnswer> => {
      asked.push(question.kind);
      return question.kind === "tiles" ? tokens(question.tiles.dims[0], asked.length) : undefined;
    };
    const { body, tiles } = await pools[0].prepare(await work([1, 2]), { answer, signal: never });
    expect([asked, tiles]).toEqual([["plan", "tiles", "tiles"], 5]);
    expect([...(featuresOf(body).data as Float32Array).subarray(0, 4)]).toEqual([2, 2, 3, 3]);
  });

  it("that fails refuses the image with its error", async () => {
    const answer = async () => Promise.reject(Object.assign(new Error("the model is gone")));
    await expect(pools[0].prepare(await work(), { answer, signal: never })).rejects.toThrow("the model is gone");
  });
});

it("images that do not fit into memory beside others wait, and those that were canceled meanwhile are not begun", async () => {
  const begun: number[] = [];
  const finish: (() => void)[] = [];
  const attend = (i: number, signal = never) => ({
    signal,
    answer: (question: Question) =>
      new Promise<ModelAnswer>((resolve) => {
        if (question.kind === "plan") return resolve(undefined);
        begun.push(i);
        finish.push(() => resolve(tokens(1, i)));
      }),
  });
  const gone = new AbortController();
  const first = pools[1].prepare(await work(), attend(0)); // 2,304 of 3,000 pixels
  await expect.poll(() => begun).toEqual([0]);
  const second = pools[1].prepare(await work(), attend(1, gone.signal));
  const third = pools[1].prepare(await work(), attend(2));
  await expect.poll(() => pools[1].count).toBe(3);
  gone.abort(new Error("gone"));
  await expect(second).rejects.toThrow("gone");
  expect(begun).toEqual([0]);
  finish[0]();
  await first;
  await expect.poll(() => begun).toEqual([0, 2]);
  finish[1]();
  expect((await third).tiles).toBe(1);
  expect(pools[1].count).toBe(0);
});

it("an image whose thread dies is refused, and the next one gets another thread", async () => {
  const code = new URL(`data:text/javascript,${encodeURIComponent(dying)}`);
  const pool = openPreparation(1, settings, { code });
  const attendance = { answer: async () => undefined, signal: never };
  for (let i = 0; i < 2; i++)
    await expect(pool.prepare(await work(), attendance)).rejects.toMatchObject({
      code: "runtime",
      message: expect.stringMatching(/ended \(no more\); send the image again/),
    });
  expect(pool.count).toBe(0);
  await pool.close();
});

const dying = `import { parentPort } from "node:worker_threads";
parentPort.on("message", ({ kind }) => { if (kind === "start") throw new Error("no more"); parentPort.close(); });`;
