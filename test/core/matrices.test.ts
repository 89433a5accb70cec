/** A plan as matrices must compute what `s2` computes: exported graphs are made of them. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { planS2, S2Error, type S2Options, type S2Plan, s2, type Tensor } from "../../src/core/index.ts";
import { type Matrix, scaleMatrices } from "../../src/core/matrices.ts";

const patch = 2;

/** Sums of 2 x 2 pixels as tokens, after one prefix token that is the tile's mean: linear, so that all of S² is. */
function model({ dims: [n, , h, w], data }: Tensor): Tensor {
  const cols = w / patch;
  const tokens = 1 + (h / patch) * cols;
  const out = new Float32Array(n * tokens);
  for (let i = 0; i < data.length; i++) {
    const [image, y, x] = [Math.floor(i / (h * w)), Math.floor((i % (h * w)) / w), i % w];
    out[image * tokens] += data[i] / (h * w);
    out[image * tokens + 1 + Math.floor(y / patch) * cols + Math.floor(x / patch)] += data[i];
  }
  return { dims: [n, tokens, 1], data: out };
}

/** left · middle · rightᵀ, middle [left's cols, right's cols]. */
function both({ dims: [rows, inner], data: left }: Matrix, middle: Float64Array, { dims: [cols, width], data: right }: Matrix) {
  expect(middle).toHaveLength(inner * width);
  const result = new Float64Array(rows * cols);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < cols; x++) {
      let sum = 0;
      for (let i = 0; i < inner; i++)
        for (let j = 0; j < width; j++) sum += left[y * inner + i] * middle[i * width + j] * right[x * width + j];
      result[y * cols + x] = sum;
    }
  return result;
}

/** Features of one scale: [prefix, then the output's grid]. */
function byMatrices(plan: S2Plan, index: number, image: Float32Array): number[] {
  const { rows, cols, tile } = plan.scales[index];
  const tileGrid = ({ tile: [h, w] }: { tile: readonly [number, number] }) => ({ rows: h / patch, cols: w / patch });
  const { cutRows, cutCols, poolRows, poolCols, prefixWeights } = scaleMatrices(plan, index, tileGrid);
  const pixels = both(cutRows, Float64Array.from(image), cutCols);
  const width = cols * tile[1];
  const tokens = new Float64Array(pixels.length / patch ** 2);
  const means = new Float64Array(rows * cols);
  pixels.forEach((value, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    tokens[Math.floor(y / patch) * (width / patch) + Math.floor(x / patch)] += value;
    means[Math.floor(y / tile[0]) * cols + Math.floor(x / tile[1])] += value / (tile[0] * tile[1]);
  });
  return [means.reduce((sum, mean, i) => sum + mean * prefixWeights[i], 0), ...both(poolRows, tokens, poolCols)];
}

it("cut, model, pool by matrices gives the features of s2, for any plan", async () => {
  const even = fc.integer({ min: 1, max: 6 }).map((n) => 2 * n);
  const options = fc.record<S2Options>({
    imgSizes: fc.array(fc.tuple(even, even), { minLength: 1, maxLength: 2 }),
    maxSplitSize: fc.constantFrom(4, 6, 8),
    splitMode: fc.constantFrom("exact", "resize", "pad"),
    fusion: fc.constantFrom("reference", "aligned"),
    antialias: fc.boolean(),
    overlap: fc.constantFrom(0, 0, 1),
    numPrefixToken: fc.constant(1),
  });
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(options, even, even, fc.nat(), async (options, height, width, seed) => {
      const plan = await Promise.resolve()
        .then(() => planS2({ height, width }, options, { patchSize: patch }))
        .catch((error) => {
          if (error instanceof S2Error) return undefined;
          throw error;
        });
      if (!plan || plan.scales.some(({ tile }) => tile[0] % patch > 0 || tile[1] % patch > 0)) return;
      const image = Float32Array.from({ length: height * width }, (_, i) => Math.sin(i * i + seed));
      const { dims, data } = await s2(model, { dims: [1, 1, height, width], data: image }, plan);
      plan.scales.forEach((_, index) => {
        const expected = byMatrices(plan, index, image);
        expect(dims).toEqual([1, expected.length, plan.scales.length]);
        expected.forEach((value, i) => {
          if (Math.abs(data[i * plan.scales.length + index] - value) > 1e-4)
            expect.fail(`${JSON.stringify(options)}: scale ${index}, token ${i}`);
        });
      });
      compared++;
    }),
    { numRuns: 60 },
  );
  expect(compared).toBeGreaterThan(3);
});
