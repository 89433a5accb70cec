/** The playground's first view, before a model is loaded, is current and true: precomputed features, rounded weights and the docs' pictures. */
import { readFileSync, statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { roundWeights } from "../../playground/round-weights.ts";
import { readFeatures } from "../../playground/src/precomputed.ts";
import { folder, inputsHash, streetFeatures } from "../../scripts/precompute-playground.mjs";
import { picturesHash } from "../../scripts/shoot-playground.mjs";
import { type ImageTokens, imageTokens, takeScales } from "../../src/features/index.ts";
import { boxAround, regionVector, similarities } from "../../src/retrieval/index.ts";
import { fromFloat16, readSafetensors } from "../../src/tensors/index.ts";

const root = new URL("../../", import.meta.url);
const file = readFileSync(`${folder}/street.safetensors`);

describe("the playground's first view", () => {
  it("was computed from the scenes, the model and the script as they are; else run scripts/precompute-playground.mjs", () => {
    expect(readSafetensors(file).metadata!.inputs).toBe(inputsHash());
    expect(statSync(`${folder}/street.safetensors`).size).toBeLessThan(300_000);
  });

  it("has the similarities of the full features: those of every place correlate by 0.97 or more, at 1x and with S²", async () => {
    const { options, extracted } = readFeatures(file);
    const features = await streetFeatures();
    expect(JSON.parse(options)).toMatchObject({ scales: [1, 2, 3], outputScale: "finest" });
    const exact = imageTokens(features);
    expect(extracted.tokens.grid).toEqual(exact.grid);
    for (const scales of [[0], [0, 1, 2]]) {
      const [full, small] = [exact, extracted.tokens].map((tokens) => takeScales(tokens, scales));
      for (let y = 40; y < 896; y += 160)
        for (let x = 40; x < 1344; x += 160) {
          const similar = (tokens: ImageTokens) => similarities(tokens, regionVector(tokens, boxAround(tokens, x, y, 1)));
          expect(correlation(similar(full), similar(small)), `${x}, ${y}`).toBeGreaterThan(0.97);
        }
    }
  });
});

describe("the playground's copy of s2-tiny", () => {
  it("has each weight within half a percent, in a file of the same names and sizes", () => {
    const given = readFileSync(new URL("models/s2-tiny/model.safetensors", root));
    const rounded = roundWeights(given);
    expect(rounded.length).toBe(given.length);
    const before = readSafetensors(given).tensors;
    for (const [name, { dims, data }] of Object.entries(readSafetensors(rounded).tensors)) {
      expect(dims).toEqual(before[name].dims);
      const values = before[name].data as Uint16Array;
      const [a, b] = [fromFloat16(values), fromFloat16(data as Uint16Array)];
      // Below float16's normal numbers steps are absolute.
      const far = a.findIndex((value, at) => Math.abs(value - b[at]) > Math.max(Math.abs(value) / 200, 2 ** -21));
      expect(far, `${name}: ${a[far]} became ${b[far]}`).toBe(-1);
    }
  });

  it("refuses weights of another type", () => {
    const header = new TextEncoder().encode(JSON.stringify({ w: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }));
    const other = new Uint8Array(8 + header.length + 4);
    other[0] = header.length;
    other.set(header, 8);
    expect(() => roundWeights(other)).toThrow(/w is F32; expected F16/);
  });
});

it("the pictures of docs/playground.md show the page as it is; else run scripts/shoot-playground.mjs", () => {
  const { inputs } = JSON.parse(readFileSync(new URL("playground/pictures.json", root), "utf8"));
  expect(inputs).toBe(picturesHash());
});

function correlation(a: Float32Array, b: Float32Array): number {
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  const covariance = mean(a.map((value, i) => (value - meanA) * (b[i] - meanB)));
  return covariance / Math.sqrt(mean(a.map((value) => (value - meanA) ** 2)) * mean(b.map((value) => (value - meanB) ** 2)));
}
