/** `distillStudent`: a stopped run must resume to the files of an unbroken one, and what cannot be trained is refused before the first view. */
import { openLoop } from "s2-vision/node";
import { expect, it } from "vitest";
import type { Tensor } from "../../src/core/index.ts";
import { type DistillOptions, type DistillProgress, distillStudent } from "../../src/train/index.ts";

/** Tokens of 8 channels from the means of patches of 8x8 pixels. */
async function teacher({ dims: [tiles, , height], data }: Tensor): Promise<Tensor> {
  const grid = height / 8;
  const tokens = Float32Array.from({ length: tiles * (1 + grid * grid) * 8 }, (_, i) => data[(i * 37) % data.length] + (i % 8));
  return { dims: [tiles, 1 + grid * grid, 8], data: tokens };
}
const traits = { imageSize: [32, 32], patchSize: 8, prefixTokens: 1, layout: "bnc" } as const;

function options(more: Partial<DistillOptions> = {}): DistillOptions {
  const files = new Map<string, Uint8Array>();
  return {
    images: ["a", "b"],
    load: async (name) => {
      const data = Uint8Array.from({ length: 40 * 40 * 3 }, (_, i) => (i * 7919 + name.charCodeAt(0)) % 251);
      return { width: 40, height: 40, channels: 3, data };
    },
    teacher: Object.assign(teacher, { traits }),
    openLoop: (file, state) => openLoop(file, state, { threads: 1 }),
    checkpoints: { read: async (name) => files.get(name), write: async (name, bytes) => void files.set(name, bytes.slice()) },
    ...{ steps: 3, dim: 8, depth: 1, heads: 2, facts: { s2_vision: "1" } },
    ...more,
  };
}

it("resumes a stopped run to the files of an unbroken one, and reports views and then steps", async () => {
  const seen: DistillProgress[] = [];
  const files = await distillStudent(options({ onProgress: (progress) => seen.push(progress) }));
  expect(seen.map(({ stage, done, of }) => `${stage} ${done} of ${of}`)).toEqual([
    "views 1 of 1",
    ...[1, 2, 3].map((step) => `steps ${step} of 3`),
  ]);
  const log = JSON.parse(new TextDecoder().decode(files["log.json"]));
  expect(log).toMatchObject({
    views: 30,
    mixed: 0.5,
    s2: false,
    s2_vision: "1",
    history: [{ step: 1 }, { step: 2 }, { step: 3 }],
  });
  const stop = new AbortController();
  const stopped = options({
    signal: stop.signal,
    onProgress: ({ stage, done }) => stage === "steps" && done === 2 && stop.abort(),
  });
  await expect(distillStudent(stopped)).rejects.toMatchObject({ name: "AbortError" });
  expect(await distillStudent({ ...stopped, signal: undefined })).toEqual(files);
  await expect(distillStudent({ ...stopped, signal: undefined, facts: {} })).rejects.toMatchObject({ code: "checkpoint" });
});

it("makes the views once for students of other sizes and steps that share them, and again for another teacher", async () => {
  let runs = 0;
  const counted = Object.assign(
    async (tiles: Tensor) => {
      runs++;
      return teacher(tiles);
    },
    { traits },
  );
  const views = options().checkpoints;
  const train = (more: Partial<DistillOptions>) => {
    const own = options().checkpoints;
    const of = (name: string) => (name.startsWith("views/") ? views : own);
    const checkpoints = {
      read: (name: string) => of(name).read(name),
      write: (name: string, bytes: Uint8Array) => of(name).write(name, bytes),
    };
    return distillStudent(options({ teacher: counted, checkpoints, steps: 1, ...more }));
  };
  await train({});
  expect(runs).toBe(30); // a run for each view
  await train({ steps: 2, dim: 16 });
  expect(runs).toBe(30);
  await train({ facts: { teacher: "another" } });
  expect(runs).toBe(60);
  await train({ s2: true }); // at two sizes
  expect(runs).toBe(68);
});

it("refuses sizes and teachers that it cannot train with, and names an image that cannot be read", async () => {
  await expect(distillStudent(options({ dim: 10, heads: 3 }))).rejects.toThrow("dim is 10 with 3 heads");
  const noCls = Object.assign(async (tiles: Tensor) => teacher(tiles), { traits: { ...traits, prefixTokens: 0 } });
  await expect(distillStudent(options({ teacher: noCls }))).rejects.toMatchObject({ code: "training" });
  const issues: string[] = [];
  const { load } = options();
  const half = (name: string) => (name === "a" ? Promise.reject(new Error("torn")) : load(name));
  await distillStudent(
    options({ load: half, views: 16, steps: 1, onIssue: (image, reason) => issues.push(`${image}: ${reason}`) }),
  );
  expect(new Set(issues)).toEqual(new Set(["a: torn"]));
});
