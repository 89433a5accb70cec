/** Heads of every kind with random weights for the tokens of an image, and an image that they can be tried on. */
import type { Tensor } from "../../src/core/index.ts";
import type { ImageTokens } from "../../src/features/index.ts";
import type { Photo } from "../../src/images/index.ts";
import type { ExtractionConfig } from "../../src/store/index.ts";
import type { ExportedHead } from "../../src/tasks/index.ts";
import { makeRandom } from "../../src/tensors/index.ts";

export const CLASSES = ["sky", "road", "tree"];

/** An image of soft shapes, so that tokens differ and resizing is exact to a level. */
export function photo(width: number, height: number): Photo {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
    data[i] = Math.round(127 + 60 * Math.sin(x / (3 + c) + y / 11) + 60 * Math.cos(y / (4 + c) - x / 17));
  }
  return { width, height, channels: 3, data } as Photo;
}

const noise = (random: () => number, ...dims: number[]): Tensor => ({
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => 2 * random() - 1),
});

/** Heads of every kind with random weights, for tokens of these scales. */
export function headsFor({ channelsPerScale, channels, prefix }: ImageTokens, extraction: ExtractionConfig): ExportedHead[] {
  const random = makeRandom(7);
  const map = (outputs: number, width = channels) => ({ weight: noise(random, outputs, width), bias: noise(random, outputs) });
  const shared = { classes: CLASSES, names: CLASSES, channelsPerScale, features: { extraction } };
  const poolings = prefix > 0 ? (["cls", "mean", "cls+mean"] as const) : (["mean"] as const);
  const classifiers = poolings.flatMap((pooling) => {
    const scales = channelsPerScale.map((width) => (pooling === "cls+mean" ? 2 * width : width));
    const width = scales.reduce((a, b) => a + b, 0);
    const one = { ...shared, task: "classification", pooling, channelsPerScale: scales, temperature: 0.07 } as const;
    const rows = noise(random, 30, width);
    for (let row = 0; row < 30; row++) {
      let at = row * width;
      for (const each of scales) {
        const part = rows.data.subarray(at, (at += each));
        const length = Math.hypot(...part) * Math.sqrt(scales.length);
        for (let i = 0; i < each; i++) part[i] /= length;
      }
    }
    const labels = { dims: [30], data: Float32Array.from({ length: 30 }, (_, i) => i % 3) };
    return [
      { ...one, kind: "probe", fitted: "logistic", gives: "probabilities", tensors: map(3, width) },
      { ...one, kind: "probe", fitted: "ridge", gives: "scores", tensors: map(3, width) },
      {
        ...one,
        kind: "prototypes",
        fitted: "prototypes",
        tensors: { weight: noise(random, 3, width), center: noise(random, width) },
      },
      { ...one, kind: "neighbors", fitted: "knn", k: 5, tensors: { rows, labels } },
    ];
  });
  const bins = (weights: "softmax" | "linear") => ({ count: 16, spacing: "log", weights });
  const depth = { ...shared, task: "depth", kind: "depth", classes: [], near: 0.5, far: 8 } as const;
  return [
    ...classifiers,
    { ...shared, task: "segmentation", kind: "segmentation", fitted: "logistic", tensors: map(3) },
    { ...depth, fitted: "ridge", bins: null, tensors: map(1) },
    { ...depth, fitted: "bins", bins: bins("softmax"), tensors: map(16) },
    { ...depth, fitted: "bins", bins: bins("linear"), tensors: map(16) },
    { ...shared, task: "counting", kind: "objects", fitted: "objects", tensors: map(3) },
  ] as unknown as ExportedHead[];
}
