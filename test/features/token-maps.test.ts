/** Parts and joins of stored features: features made of one extraction must be those that another extraction gives. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { extract, loadImage, loadModel, type Model, type Photo } from "../../dist/node.js";
import { type ImageTokens, imageTokens } from "../../src/features/index.ts";
import { joinScales, poolTo, takeScales } from "../../src/features/token-maps.ts";

const file = fileURLToPath(new URL("../runtimes/models/plain.onnx", import.meta.url));
let model: Model;
let image: Photo;

beforeAll(async () => {
  model = await loadModel(file, { patchSize: 8 });
  image = await loadImage(fileURLToPath(new URL("../../examples/scenes/street.png", import.meta.url)));
});
afterAll(() => model.dispose());

const squashed = async (...scales: number[]): Promise<ImageTokens> =>
  imageTokens(await extract(model, image, { scales, fit: "squash", fusion: "reference" }));
const apart = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), a.length === b.length ? 0 : Infinity);

it("features of the finest grid pooled are those of the model's grid, to float32's last digits", async () => {
  const fine = imageTokens(
    await extract(model, image, { scales: [1, 2, 3], fit: "squash", fusion: "reference", resizeOutputToIdx: -1 }),
  );
  const coarse = await squashed(1, 2, 3);
  const pooled = poolTo(fine, coarse.grid);
  expect([fine.grid, pooled.grid]).toEqual([{ rows: 12, cols: 12 }, coarse.grid]);
  expect(apart(pooled.data, coarse.data)).toBeLessThan(1e-5);
});

it("the first scales of three are those of an extraction at these alone", async () => {
  expect(takeScales(await squashed(1, 2, 3), [0, 1])).toEqual(await squashed(1, 2));
});

it("scales taken apart and joined are the same features, and a scale extracted alone can be joined", async () => {
  const three = await squashed(1, 2, 3);
  expect(joinScales([takeScales(three, [0]), takeScales(three, [1, 2])])).toEqual(three);
  const last = poolTo(await squashed(3), three.grid);
  const joined = joinScales([takeScales(three, [0, 1]), last]);
  expect(apart(joined.data, three.data)).toBeLessThan(1e-5);
  expect(joined.channelsPerScale).toEqual(three.channelsPerScale);
});

it("refuses to join grids that differ", async () => {
  const [one, two] = [await squashed(1), await squashed(2)];
  expect(() => joinScales([one, two])).toThrow(/grids of 4x4 and 8x8 tokens/);
});
