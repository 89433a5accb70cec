/** Parts and joins of stored features: what experiments make of one look must be what another look would have given. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { extract, loadImage, loadModel, type Model, type Photo } from "../../dist/node.js";
import { onModelGrid } from "../../src/eval/judge.ts";
import { finest, native } from "../../src/eval/lab.ts";
import { type PhotoTokens, photoTokens } from "../../src/features/index.ts";
import { firstScales, joinScales, poolTo, takeScales } from "../../src/features/token-maps.ts";

const file = fileURLToPath(new URL("../runtimes/models/plain.onnx", import.meta.url));
let model: Model;
let photo: Photo;

beforeAll(async () => {
  model = await loadModel(file, { patchSize: 8 });
  photo = await loadImage(fileURLToPath(new URL("../../examples/scenes/street.png", import.meta.url)));
});
afterAll(() => model.dispose());

const look = async (how: object): Promise<PhotoTokens> => photoTokens(await extract(model, photo, how));
const apart = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), a.length === b.length ? 0 : Infinity);

it("features of the finest grid pooled are those of the model's grid, to float32's last digits", async () => {
  const [fine, coarse] = [await look(finest(1, 2, 3)), await look(native(1, 2, 3))];
  const pooled = onModelGrid(new Map([["a", fine]]), 3).get("a")!;
  expect([fine.grid, pooled.grid]).toEqual([{ rows: 12, cols: 12 }, coarse.grid]);
  expect(apart(pooled.data, coarse.data)).toBeLessThan(1e-5);
});

it("the first scales of three are a look at those alone", async () => {
  const [three, two] = [await look(native(1, 2, 3)), await look(native(1, 2))];
  expect(firstScales(new Map([["a", three]]), 2).get("a")).toEqual(two);
});

it("scales taken apart and joined are the same features, and a scale looked at alone can be joined", async () => {
  const three = await look(native(1, 2, 3));
  expect(joinScales([takeScales(three, [0]), takeScales(three, [1, 2])])).toEqual(three);
  const last = poolTo(await look(native(3)), three.grid);
  const joined = joinScales([takeScales(three, [0, 1]), last]);
  expect(apart(joined.data, three.data)).toBeLessThan(1e-5);
  expect(joined.widths).toEqual(three.widths);
});

it("refuses to join grids that differ", async () => {
  const [one, two] = [await look(native(1)), await look(native(2))];
  expect(() => joinScales([one, two])).toThrow(/grids of 4x4 and 8x8 tokens/);
});
