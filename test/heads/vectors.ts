/** Vectors and photos drawn for tests of retrieval. */
import type { IndexLabel } from "../../src/retrieval/index.ts";
import type { PhotoVectors } from "../../src/tensors/index.ts";

export const label: IndexLabel = {
  model: "toy",
  modelHash: "0123456789abcdef",
  plan: '{"scales":[1,2]}',
  pooling: "mean",
  regions: { window: 1, stride: 1 },
};

/** Numbers from -1 to 1, the same for the same seed. */
export function noise(length: number, seed: number): Float32Array {
  let state = seed * 2654435761 + 1;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
  next();
  return Float32Array.from({ length }, next);
}

export function drawVectors(path: string, seed: number, { channels = 8, regions = 6 } = {}): PhotoVectors {
  const boxes = Float64Array.from({ length: regions * 4 }, (_, i) => (i % 4 < 2 ? 10 * i : 16) + seed / 3);
  return {
    path,
    mark: `mark ${seed}`,
    size: [300 + seed, 400],
    vector: noise(channels, seed),
    regions: { vectors: noise(regions * channels, seed + 1000), boxes },
  };
}

export function cosine(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i];
    aa += a[i] ** 2;
    bb += b[i] ** 2;
  }
  return dot / Math.sqrt(aa * bb);
}
