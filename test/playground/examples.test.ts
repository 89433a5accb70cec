/** What the playground shows before a model is loaded is current and true: precomputed features, rounded weights and the docs' pictures. */
import { readFileSync, statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { roundWeights } from "../../playground/round-weights.ts";
import { folder, inputsHash, streetMaps } from "../../scripts/precompute-playground.mjs";
import { picturesHash } from "../../scripts/shoot-playground.mjs";
import { fromFloat16, readSafetensors } from "../../src/tensors/index.ts";

const root = new URL("../../", import.meta.url);
const file = readFileSync(`${folder}/street.safetensors`);

describe("the playground's first view", () => {
  it("was computed from the scenes, the model and the script as they are; else run scripts/precompute-playground.mjs", () => {
    expect(readSafetensors(file).metadata!.inputs).toBe(inputsHash());
    expect(statSync(`${folder}/street.safetensors`).size).toBeLessThan(300_000);
  });

  it("has the similarities of the full features: those of every place correlate by 0.95 or more", async () => {
    const { tensors } = readSafetensors(file);
    const { maps } = await streetMaps();
    for (const [i, { rows, cols, channels, data }] of maps.entries()) {
      const [high, wide, kept] = tensors[`scale-${i}`].dims;
      expect([high, wide]).toEqual([rows, cols]);
      const step = tensors[`step-${i}`].data as Float32Array;
      const small = Float32Array.from(tensors[`scale-${i}`].data as Int8Array, (value, at) => value * step[at % kept]);
      for (let place = 7; place < rows * cols; place += 97)
        expect(correlation(cosines(data, channels, place), cosines(small, kept, place))).toBeGreaterThan(0.95);
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

/** Cosines of all tokens with one. */
function cosines(data: Float32Array, channels: number, place: number): number[] {
  const dot = (a: number, b: number) => {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += data[a * channels + c] * data[b * channels + c];
    return sum;
  };
  return Array.from({ length: data.length / channels }, (_, i) => dot(i, place) / Math.sqrt(dot(i, i) * dot(place, place)));
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  const covariance = mean(a.map((value, i) => (value - meanA) * (b[i] - meanB)));
  return covariance / Math.sqrt(mean(a.map((value) => (value - meanA) ** 2)) * mean(b.map((value) => (value - meanB) ** 2)));
}
