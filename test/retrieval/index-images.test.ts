/** Guarantees of an index of a folder: it follows the folder, and no image is extracted twice. */
import { describe, expect, it } from "vitest";
import type { Photo } from "../../src/images/index.ts";
import {
  gridGeometryOf,
  type IndexedImage,
  indexConfigOf,
  indexImages,
  memoryVectors,
  openIndex,
  regionVectors,
  search,
} from "../../src/retrieval/index.ts";
import { type ExtractImagesOptions, extractImages, type Store } from "../../src/store/index.ts";

/** Files are numbers; the image has that number in its pixels, and 0 is a broken file. */
function world(files: Record<string, number>) {
  const seen: string[] = [];
  const kept = new Map<string, Uint8Array>();
  const store: Store = { read: async (name) => kept.get(name), write: async (name, bytes) => void kept.set(name, bytes) };
  const collection: ExtractImagesOptions = {
    ...{ model: means, modelName: "toy", modelHash: "1", version: "1", extraction: { scales: [1], fit: "squash" }, store },
    read: async (path) => {
      if (!(path in files)) throw new Error(`There is no ${path}.`);
      return Uint8Array.of(files[path]);
    },
    decode: async ([seed]) => {
      if (seed === 0) throw new Error("It is broken.");
      return draw(seed);
    },
    onImage: ({ image, from }) => from === "model" && seen.push(image),
  };
  return { files, seen, collection };
}

const draw = (seed: number): Photo => ({
  ...{ width: 60, height: 40, channels: 3 },
  data: Uint8Array.from({ length: 7200 }, (_, i) => (i * 7 * seed + ((i * seed) >> 5)) % 256),
});

const means = Object.assign(
  ({ dims: [batch], data }: { dims: readonly number[]; data: Float32Array }) => {
    const each = data.length / batch;
    const out = Float32Array.from({ length: batch * 4 * 6 }, (_, i) => data[Math.floor(i / 24) * each + ((i * 1009) % each)]);
    return { dims: [batch, 4, 6], data: out };
  },
  { traits: { imageSize: [32, 32] as const, patchSize: 16, prefixTokens: 0, layout: "bnc" as const } },
);

async function all(steps: AsyncGenerator<IndexedImage>): Promise<string[]> {
  const done: string[] = [];
  for await (const each of steps) done.push(`${"done" in each ? each.done : "failed"} ${each.image}`);
  return done.sort();
}

const regions = { window: 1, stride: 1 };

describe("an index follows its images", () => {
  it("adds what is new or changed, removes what is gone or broken, looks at nothing else", async () => {
    const { files, seen, collection } = world({ a: 1, b: 2, c: 3, bad: 0 });
    const index = await openIndex(memoryVectors(), indexConfigOf(collection, { pooling: "mean", regions }));
    expect(await all(indexImages(index, Object.keys(files), collection))).toEqual([
      "added a",
      "added b",
      "added c",
      "failed bad",
    ]);
    Object.assign(files, { b: 5, c: 0, d: 4 });
    delete files.a;
    seen.length = 0;
    const now = ["b", "c", "d", "bad", "never was"];
    expect(await all(indexImages(index, now, collection))).toEqual([
      "added b",
      "added d",
      "failed bad",
      "failed c",
      "failed never was",
      "removed a",
    ]);
    expect([...seen].sort()).toEqual(["b", "d"]); // several images are under way at once
    expect([...(await index.store.images()).keys()].sort()).toEqual(["b", "d"]);
    expect(await all(indexImages(index, ["b", "d"], collection))).toEqual(["kept b", "kept d"]);
    expect(seen).toHaveLength(2);
  });

  it("writes many images in parts, and finds each by its own features", async () => {
    const files = Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`${i}`, i + 1]));
    const { collection } = world(files);
    const store = memoryVectors();
    const parts: number[] = [];
    const put: typeof store.put = (images) => {
      parts.push(images.length);
      return store.put(images);
    };
    const index = await openIndex({ ...store, put }, indexConfigOf(collection, { pooling: "mean", regions }));
    await all(indexImages(index, Object.keys(files), collection));
    expect(parts).toEqual([64, 64, 22]);
    for await (const each of extractImages(["7", "77", "140"], collection)) {
      if (!("tokens" in each)) throw new Error(each.issue);
      const query = regionVectors(each.tokens, regions).vectors.slice(6, 12);
      expect((await search(index, { region: query }, { top: 1 }))[0]).toMatchObject({
        image: each.image,
        score: expect.closeTo(1, 5),
      });
    }
  });

  it("is another one for another model, way of looking or preprocessing, whatever the order of options", () => {
    const { collection } = world({});
    const label = (change: Partial<ExtractImagesOptions>) => indexConfigOf({ ...collection, ...change }, { pooling: "mean" });
    expect(label({ extraction: { fit: "squash", scales: [1] } })).toEqual(label({}));
    expect(label({ extraction: { scales: [1, 2], fit: "squash" } }).plan).not.toBe(label({}).plan);
    expect(label({ modelHash: "2" }).modelHash).toBe("2");
    const preprocessing = { mean: [0, 0, 0], std: [1, 1, 1], rescale: 1 / 255, filter: "bilinear" } as const;
    expect(label({ model: Object.assign(means.bind(undefined), { traits: means.traits, preprocessing }) }).plan).not.toBe(
      label({}).plan,
    );
  });

  it("has boxes where the image was seen: a crop's stored features know their place", async () => {
    const { collection } = world({ a: 1 });
    const crop = { ...collection, extraction: { scales: [1], fit: "crop" as const } };
    for (const from of ["model", "store"]) {
      for await (const each of extractImages(["a"], crop)) {
        if (!("tokens" in each)) throw new Error(each.issue);
        expect([from, gridGeometryOf(each.tokens)]).toEqual([
          from,
          { region: { left: 10, top: 0, width: 40, height: 40 }, token: [20, 20] },
        ]);
      }
    }
    for await (const each of extractImages(["a"], { ...crop, extraction: { ...crop.extraction, upsampled: true } })) {
      if (!("tokens" in each)) throw new Error(each.issue);
      expect(gridGeometryOf(each.tokens)).toEqual({ region: { left: 0, top: 0, width: 60, height: 40 }, token: [20, 30] });
    }
  });
});
