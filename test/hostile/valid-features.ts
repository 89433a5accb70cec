/** Small valid files of features, heads and indexes. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ImageTokens } from "s2-vision/heads";
import { type Features, openGraph, openStore } from "s2-vision/node";
import { addImages, type IndexConfig, memoryVectors, openIndex } from "s2-vision/retrieval";
import { writeHead } from "../../src/heads/head.ts";
import { writeFeatureFile } from "../../src/runtimes/node/feature-file.ts";
import { type Fingerprint, writeFeatures } from "../../src/store/index.ts";
import { fitTask, type SavedHead, saveHead, type TaskHeadName } from "../../src/tasks/index.ts";
import { boxImages, classImages, depthImagesOf, maskImages } from "../tasks/drawn-tasks.ts";
import type { Files } from "./corpus.ts";
import type { Valid } from "./damage-files.ts";

export const fingerprint: Fingerprint = { model: "m", options: "{}", image: "p", version: "1" };
export const indexLabel: IndexConfig = {
  model: "m",
  modelHash: "h",
  plan: "p",
  pooling: "mean",
  regions: { window: 2, stride: 1 },
};

/** An image's tokens as the heads here take them. */
export const tokens: ImageTokens = classImages(1).tokens.get("0.png")!;

/** The files that `write` leaves in a folder. */
async function written(names: readonly string[], write: (folder: string) => Promise<void>): Promise<Files> {
  const folder = mkdtempSync(join(tmpdir(), "s2-valid-"));
  try {
    await write(folder);
    return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name))]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function featureFiles(): Promise<Valid[]> {
  const features = { dims: [1, 4, 3], data: Float32Array.from({ length: 12 }, (_, i) => i) } as unknown as Features;
  const metadata = {
    plan: "{}",
    model: "{}",
    image: "{}",
    options: "{}",
    fingerprint: JSON.stringify(fingerprint),
    s2_vision: "1",
  };
  const write = (name: string) => (folder: string) => writeFeatureFile(join(folder, name), features, "float32", metadata);
  let kept: Uint8Array = new Uint8Array();
  const store = { read: async () => undefined, write: async (_: string, bytes: Uint8Array) => void (kept = bytes) };
  await writeFeatures(store, "photo.safetensors", tokens, fingerprint);
  return [
    { reader: "features", name: "f.safetensors", files: await written(["f.safetensors"], write("f.safetensors")) },
    { reader: "features", name: "f.npy", files: await written(["f.json", "f.npy"], write("f.npy")) },
    { reader: "store", name: "photo.safetensors", files: { "photo.safetensors": kept } },
  ];
}

async function heads(): Promise<Valid[]> {
  const sets = {
    classification: classImages(24),
    segmentation: maskImages(6),
    depth: depthImagesOf(10),
    counting: boxImages(12),
  };
  const fits: [keyof typeof sets, TaskHeadName][] = [
    ...(["logistic", "ridge", "knn", "prototypes"] as const).map((head): ["classification", TaskHeadName] => [
      "classification",
      head,
    ]),
    ...([
      ["segmentation", "ridge"],
      ["depth", "ridge"],
      ["depth", "bins"],
      ["counting", "objects"],
    ] as const),
  ] as [keyof typeof sets, TaskHeadName][];
  const all: Valid[] = [];
  for (const [kind, name] of fits) {
    const { items, features } = sets[kind];
    const half = items.length / 2;
    const parts = { train: items.slice(0, half), validation: items.slice(half) };
    const classes = kind === "depth" ? [] : kind === "classification" ? ["a", "b", "c"] : ["a", "b"];
    const { head } = await fitTask({ task: kind, classes } as never, parts as never, features, {
      head: name,
      regularization: [1],
      openGraph,
    });
    const saved = {
      ...{ ...head, fitted: name, figures: {}, data: { name: "set", images: { train: half } } },
      features: { model: { model: "m" }, modelHash: "h", extraction: { scales: [1, 2] }, s2_vision: "1" },
    } as unknown as SavedHead;
    const files = await written(["head.json", "head.safetensors"], (folder) => saveHead(openStore(folder), saved));
    const { json, weights } = writeHead(head);
    // Weights whose hash is not named reach the checks behind it.
    all.push({ reader: "head", files, among: /json$/ }, { reader: "head", files, among: /json$/ });
    all.push({ reader: "head files", files: { "head.json": Buffer.from(json), "head.safetensors": weights } });
  }
  return all;
}

async function indexes(): Promise<Valid[]> {
  const all: Valid[] = [];
  for (const precision of ["float32", "int8"] as const) {
    const store = memoryVectors({ precision });
    const index = await openIndex(store, indexLabel);
    const image = (i: number) => ({
      ...{ path: `${i}.jpg`, contentHash: "m", size: [8, 8] as const, vector: Float32Array.of(1, i, 2, 3) },
      regions: { vectors: Float32Array.of(1, i, 2, 3, 4, 3, 2, i), boxes: Float64Array.of(0, 0, 4, 4, 4, 4, 4, 4) },
    });
    await addImages(index, [image(1), image(2), image(3)]);
    const files = { "index.safetensors": store.save() };
    all.push(...Array<Valid>(4).fill({ reader: "index", name: "index.safetensors", files }));
  }
  return all;
}

const model = (path: string) => readFileSync(fileURLToPath(new URL(`../../models/${path}`, import.meta.url)));

export async function validFeatures(): Promise<Valid[]> {
  const student = { reader: "student", name: "s.safetensors", files: { "s.safetensors": model("s2-tiny/model.safetensors") } };
  const features = await featureFiles();
  return [...features, ...features, ...(await heads()), ...(await indexes()), student];
}
