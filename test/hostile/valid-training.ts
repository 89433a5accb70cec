/** A training of two steps and the views of two images: what checkpoints and shards are made of, and read by. */
import { openLoop } from "s2-vision/node";
import { adamW, type Checkpoints, makeShards, makeStep, fit as runFit } from "s2-vision/train";
import { Gemm, Mul, ReduceMean } from "../../src/onnx/index.ts";
import type { Fitted, ShardOptions } from "../../src/train/index.ts";
import type { Valid } from "./damage-files.ts";

const step = makeStep({
  inputs: { x: { type: "float32", dims: [2, 2] } },
  optimizer: adamW({ weightDecay: 0 }),
  loss({ x }, parameter) {
    const y = Gemm(x, parameter("weight", [2, 1]), parameter("bias", [1]));
    return { loss: ReduceMean(Mul(y, y), [0, 1], { keepdims: 0 }), metrics: {} };
  },
});

/** Runs what is left of two steps. */
export const fitOnce = (checkpoints: Checkpoints): Promise<Fitted> =>
  runFit(step, {
    ...{ steps: 2, rate: () => 0.1, recipe: "r", checkpoints },
    initial: (_, dims) => new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(1),
    openLoop: (file, state) => openLoop(file, state, { threads: 1 }),
    async *batches() {
      for (;;) yield { x: { dims: [2, 2], data: Float32Array.of(1, 2, 3, 4) } };
    },
  });

const image = { width: 40, height: 40, channels: 3 as const, data: new Uint8Array(4800).fill(7) };

/** Views of images that are not on disk. */
export const views: Omit<ShardOptions, "store"> = {
  ...{ images: ["a", "b"], load: async () => image, views: 4, perShard: 2, seed: 1, recipe: "r" },
  ...{ preprocessing: { rescale: 1, mean: [0, 0, 0], std: [1, 1, 1], filter: "bicubic" } },
  ...{ view: { side: 32, area: [0.3, 1], fine: true } },
  teacher: async ({ dims: [tiles] }) => [{ dims: [tiles, 17, 2], data: new Float32Array(tiles * 34).fill(1) }],
};

export async function validTraining(): Promise<Valid[]> {
  const files = new Map<string, Uint8Array>();
  const store = {
    read: async (name: string) => files.get(name),
    write: async (name: string, bytes: Uint8Array) => void files.set(name, bytes),
  };
  await makeShards({ ...views, store });
  const shards = Object.fromEntries(files);
  files.clear();
  await fitOnce(store);
  const checkpoint = { reader: "checkpoint", name: "checkpoint.safetensors", files: Object.fromEntries(files) };
  return [checkpoint, checkpoint, ...Array<Valid>(3).fill({ reader: "views", files: shards })];
}
