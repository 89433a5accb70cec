/** A real model on real images against the reference in PyTorch (shared/fixtures/e2e): the numbers that a user would get. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type S2Options, s2 } from "s2-vision";
import { extract, loadModel, type Model, readSafetensors } from "s2-vision/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const shared = fileURLToPath(new URL("../../../shared/", import.meta.url));
const there = existsSync(`${shared}fixtures/e2e/cases.json`);

interface Case {
  name: string;
  kind: "master" | "any-shape" | "file";
  options: S2Options & { fit?: "squash" };
  dims: number[];
  pixels?: string;
  photo?: string;
}

const title = "real images against PyTorch";
if (there) describe(title, compareAll);
else it.skip(`${title} (skipped: ../shared/fixtures/e2e and DeiT-Tiny are absent)`);

function compareAll(): void {
  type Cases = { cases: Case[]; mean: number[]; std: number[] };
  const { cases, mean, std } = JSON.parse(readFileSync(`${shared}fixtures/e2e/cases.json`, "utf8")) as Cases;
  const stored = readSafetensors(readFileSync(`${shared}fixtures/e2e/e2e.safetensors`)).tensors;
  let model: Model;
  beforeAll(async () => {
    model = await loadModel(`${shared}models/deit_tiny_patch16_224`);
  });
  afterAll(() => model?.dispose());

  it.each(cases.filter((c) => c.kind !== "file").map((c) => [c.name, c] as const))(
    "%s: s2 within 2e-3, cosine 0.99999",
    async (name, c) => {
      const { dims, data } = stored[c.pixels ?? `${name}.pixels`] as { dims: readonly number[]; data: Uint8Array };
      const [h, w] = dims;
      const images = new Float32Array(3 * h * w);
      for (let k = 0; k < 3; k++) {
        for (let i = 0; i < h * w; i++) images[k * h * w + i] = (Math.fround(data[i * 3 + k] / 255) - mean[k]) / std[k];
      }
      const features = await s2(model, { dims: [1, 3, h, w], data: images }, c.options);
      expect(features.dims).toEqual(c.dims);
      const { cosine, difference } = compare(features.data, stored[`${name}.features`].data as Float32Array, c.dims[2]);
      expect(cosine).toBeGreaterThanOrEqual(0.99999);
      expect(difference).toBeLessThanOrEqual(2e-3);
    },
  );

  it.each(cases.filter((c) => c.kind === "file").map((c) => [c.name, c] as const))(
    "%s: extract, cosine 0.9999",
    async (name, c) => {
      const features = await extract(model, `${shared}${c.photo}`, c.options);
      expect(features.dims).toEqual(c.dims);
      expect(compare(features.data, stored[`${name}.features`].data as Float32Array, c.dims[2]).cosine).toBeGreaterThanOrEqual(
        0.9999,
      );
    },
  );
}

/** The worst token's cosine and the largest difference of one number. */
function compare(got: Float32Array, expected: Float32Array, channels: number): { cosine: number; difference: number } {
  expect(got.length).toBe(expected.length);
  let [cosine, difference] = [1, 0];
  for (let t = 0; t < got.length; t += channels) {
    let [dot, a, b] = [0, 0, 0];
    for (let i = t; i < t + channels; i++) {
      dot += got[i] * expected[i];
      a += got[i] ** 2;
      b += expected[i] ** 2;
      difference = Math.max(difference, Math.abs(got[i] - expected[i]));
    }
    cosine = Math.min(cosine, dot / Math.sqrt(a * b));
  }
  return { cosine, difference };
}
