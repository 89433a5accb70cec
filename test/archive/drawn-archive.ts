/** Images, the model of a few kB and workers in processes of their own, for the tests of archives. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encode } from "fast-png";
import { afterAll } from "vitest";
import { addToArchive } from "../../dist/archive/index.js";
import { loadModel, type Model } from "../../dist/runtimes/node/index.js";

export const plain = fileURLToPath(new URL("../cli/tiny/plain.onnx", import.meta.url));
const child = fileURLToPath(new URL("worker-child.mjs", import.meta.url));

/** Options by which workers load the model. */
export const loadOptions = { model: plain, patchSize: 8, prefixTokens: 1 };
export const loadTiny = (): Promise<Model> => loadModel(plain, { patchSize: 8, prefixTokens: 1, threads: 1 });

/** A folder that is gone after the file's tests. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "s2-archive-test-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The bytes of an image in which all pixels differ from those of other seeds. */
export function drawPng(seed: number, width = 40, height = 32): Uint8Array {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (Math.imul(i + 977 * seed, 2654435761) >>> 24) & 255);
  return encode({ width, height, data, channels: 3 });
}

/** Draws images 000.png ... into a folder, and `damaged` files that are no images. */
export function drawFolder(folder: string, count: number, damaged = 0): string {
  mkdirSync(folder, { recursive: true });
  for (let i = 0; i < count; i++) writeFileSync(join(folder, `${String(i).padStart(3, "0")}.png`), drawPng(i));
  for (let i = 0; i < damaged; i++) writeFileSync(join(folder, `damaged-${i}.jpg`), "no image");
  return folder;
}

/** Plans a folder of `count` images, one of them damaged, in shards of ten. */
export async function planned(
  model: Model,
  count: number,
  choices: Partial<Parameters<typeof addToArchive>[2]> = {},
): Promise<string> {
  const folder = scratch();
  drawFolder(join(folder, "photos"), count - 1, 1);
  const store = join(folder, "archive");
  await addToArchive(store, [join(folder, "photos")], {
    model,
    loadOptions,
    shardSize: 10,
    extraction: { scales: [1] },
    ...choices,
  });
  return store;
}

/** Work of a worker in a process of its own; `kill` ends it by SIGKILL at the `at`-th event of this type. */
export interface ChildWork {
  readonly kill?: { readonly type: string; readonly at: number };
  readonly queue?: string;
  readonly claimSeconds?: number;
  readonly partition?: readonly [number, number];
}

/** Runs a worker; returns the signal that ended it, or its exit status and what it printed. */
export function runChild(store: string, work: ChildWork): Promise<{ ended: string | number | null; err: string }> {
  return new Promise((resolve) => {
    const worker = spawn(process.execPath, [child, JSON.stringify({ store, ...work })], { stdio: ["ignore", "ignore", "pipe"] });
    let err = "";
    worker.stderr.on("data", (text) => (err += text));
    worker.on("close", (status, signal) => resolve({ ended: signal ?? status, err }));
  });
}

/** Names of the files in a folder of a store. */
export const filesIn = (store: string, folder: string): string[] => {
  try {
    return readdirSync(join(store, folder));
  } catch {
    return [];
  }
};
