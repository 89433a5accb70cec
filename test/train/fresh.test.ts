/** Fresh batches: what the teacher says is of the very pixels that the student is shown, also of mixed views, and a run that goes on sees what the unbroken one had seen. */
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/core/index.ts";
import type { Preprocessing } from "../../src/images/index.ts";
import { type FreshOptions, freshBatches } from "../../src/train/index.ts";

const [side, patchSize, grid] = [64, 16, 4];
const preprocessing: Preprocessing = { rescale: 1, mean: [0, 0, 0], std: [1, 1, 1], filter: "bicubic" };
const images = ["a", "b", "c", "d", "e"];
const load = async (path: string) => ({
  ...{ width: 90, height: 80, channels: 3 as const },
  data: Uint8Array.from({ length: 90 * 80 * 3 }, (_, i) => (i * 7919 + 31 * path.charCodeAt(0)) % 251),
});

let shown = 0;
/** Teacher: the red of each patch's first pixel, and for [CLS] the number of the view. */
async function teacher({ dims: [tiles], data }: Tensor): Promise<Tensor[]> {
  const tokens = new Float32Array(tiles * 17);
  for (let tile = 0; tile < tiles; tile++) {
    tokens[tile * 17] = shown;
    for (let place = 0; place < 16; place++) {
      const [y, x] = [Math.floor(place / grid) * patchSize, (place % grid) * patchSize];
      tokens[tile * 17 + 1 + place] = data[tile * 3 * side * side + y * side + x];
    }
  }
  shown++;
  return [{ dims: [tiles, 17, 1], data: tokens }];
}

const options = (fine: boolean): FreshOptions => ({
  ...{ images, load, teacher, preprocessing, view: { side, area: [0.3, 1], altered: 0.5, fine }, pool: 12, uses: 3, mixed: 0.7 },
  ...{ views: 6, cells: 2, patchSize, color: 0, seed: 1 },
});

describe.each([
  [1, false],
  [5, true],
])("views of %i tiles", (tilesPerView, fine) => {
  it("gives each patch with what the teacher says of it", async () => {
    const made = freshBatches(options(fine))(0);
    for (let step = 0; step < 4; step++) {
      const { value: batch } = await made.next();
      const [tiles, tokens] = [6 * tilesPerView, 8];
      expect(batch!.pixels.dims).toEqual([tiles, tokens, patchSize ** 2 * 3]);
      const targets = batch!["tokens.0"];
      expect(targets.dims).toEqual([tiles, 1 + tokens, 1]);
      for (let tile = 0; tile < tiles; tile++)
        for (let i = 0; i < tokens; i++)
          expect(targets.data[tile * 9 + 1 + i]).toBe(batch!.pixels.data[(tile * tokens + i) * patchSize ** 2 * 3]);
    }
  });

  it("goes on where a broken run ended", async () => {
    const of = async (batch: ReturnType<ReturnType<typeof freshBatches>>) => (await batch.next()).value!.pixels;
    const whole = freshBatches(options(fine))(0);
    for (let step = 0; step < 7; step++) await of(whole);
    expect(await of(freshBatches(options(fine))(7))).toEqual(await of(whole));
  });
});

it("learns from each view a few times and then forgets it", async () => {
  shown = 0;
  const made = freshBatches(options(false))(0);
  const seen = new Map<number, number[]>();
  for (let step = 0; step < 60; step++) {
    const { data } = (await made.next()).value!["tokens.0"];
    for (let view = 0; view < 6; view++) seen.set(data[view * 9], [...(seen.get(data[view * 9]) ?? []), step]);
  }
  expect(shown).toBe(12 + 59 * 2); // two new ones a step after the first pool
  for (const steps of seen.values()) expect(Math.max(...steps) - Math.min(...steps)).toBeLessThan(6);
});

it("refuses a pool that cannot give a batch", () => {
  expect(() => freshBatches({ ...options(false), pool: 4 })).toThrow(/pool of 4 views/);
});
