/** Shards and batches: a student is shown the patches whose tokens it is to learn, of the coarse tile alone or of all five. */
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/core/index.ts";
import type { Preprocessing } from "../../src/images/index.ts";
import { makeShards, shardBatches } from "../../src/train/index.ts";

const [side, patchSize, grid] = [64, 16, 4];
const preprocessing: Preprocessing = { rescale: 1, mean: [0, 0, 0], std: [1, 1, 1], filter: "bicubic" };
const image = {
  ...{ width: 150, height: 130, channels: 3 as const },
  data: Uint8Array.from({ length: 150 * 130 * 3 }, (_, i) => (i * 7919) % 251),
};

/** Teacher: the red of each patch's first pixel, and for [CLS] the number of the tile. */
async function teacher({ dims: [tiles], data }: Tensor): Promise<Tensor[]> {
  const tokens = new Float32Array(tiles * 17);
  for (let tile = 0; tile < tiles; tile++) {
    tokens[tile * 17] = tile;
    for (let place = 0; place < 16; place++) {
      const [y, x] = [Math.floor(place / grid) * patchSize, (place % grid) * patchSize];
      tokens[tile * 17 + 1 + place] = data[tile * 3 * side * side + y * side + x];
    }
  }
  return [{ dims: [tiles, 17, 1], data: tokens }];
}

describe.each([
  [1, false],
  [5, true],
])("views of %i tiles", (tilesPerView, fine) => {
  const files = new Map<string, Uint8Array>();
  const store = {
    read: async (name: string) => files.get(name),
    write: async (name: string, bytes: Uint8Array) => void files.set(name, bytes),
  };
  const draw = (recipe: string) =>
    makeShards({
      ...{ images: ["a", "b", "c"], load: async () => image, teacher, preprocessing, views: 6, perShard: 3 },
      ...{ view: { side, area: [0.3, 1] as const, fine }, seed: 1, store, recipe },
    });

  it("gives each patch with what the teacher says of it", async () => {
    const shards = await draw("one");
    const made = shardBatches(store, shards, { views: 3, cells: 2, patchSize, color: 0, seed: 1 });
    const { value: batch } = await made(0).next();
    const [tiles, tokens] = [3 * tilesPerView, 8];
    expect(batch!.pixels.dims).toEqual([tiles, tokens, patchSize ** 2 * 3]);
    const targets = batch!["tokens.0"];
    expect(targets.dims).toEqual([tiles, 1 + tokens, 1]);
    for (let tile = 0; tile < tiles; tile++) {
      expect(targets.data[tile * 9]).toBe(tile % tilesPerView);
      for (let i = 0; i < tokens; i++)
        expect(targets.data[tile * 9 + 1 + i]).toBe(batch!.pixels.data[(tile * tokens + i) * patchSize ** 2 * 3]);
    }
  });

  it("goes on where a broken run ended, and draws anew for another recipe", async () => {
    const shards = await draw("one");
    const options = { views: 3, cells: 2, patchSize, color: 0.2, seed: 1 };
    const whole = shardBatches(store, shards, options)(0);
    await whole.next();
    expect((await shardBatches(store, shards, options)(1).next()).value).toEqual((await whole.next()).value);
    const before = files.get(shards[0]);
    await draw("one");
    expect(files.get(shards[0])).toBe(before);
    await draw("two");
    expect(files.get(shards[0])).not.toBe(before);
  });
});
