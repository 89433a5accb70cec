/** Guarantees of search: the nearest are the nearest, what was replaced is gone, and vectors of another model never mix in. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addImages,
  type IndexConfig,
  type MemoryOptions,
  memoryVectors,
  openIndex,
  removeImages,
  search,
} from "../../src/retrieval/index.ts";
import type { ImageVectors } from "../../src/tensors/index.ts";
import { writeSafetensors } from "../../src/tensors/index.ts";
import { cosine, drawVectors, label, noise } from "../heads/vectors.ts";

const opened = async (images: readonly ImageVectors[], options: MemoryOptions = {}, like: IndexConfig = label) => {
  const store = memoryVectors(options);
  const index = await openIndex(store, like);
  await addImages(index, images);
  return { store, index };
};
const many = Array.from({ length: 40 }, (_, i) => drawVectors(`${i}.jpg`, i));

/** Every region of every image, best first: the definition. */
function bruteForce(images: readonly ImageVectors[], query: Float32Array) {
  const all = images.flatMap(({ path, regions: { vectors, boxes } }) =>
    Array.from({ length: boxes.length / 4 }, (_, i) => ({
      image: path,
      left: boxes[4 * i],
      score: cosine(vectors.subarray(i * query.length, (i + 1) * query.length), query),
    })),
  );
  return all.sort((a, b) => b.score - a.score);
}

describe("exact search in memory", () => {
  it("finds what comparing everything finds, in its order", async () => {
    const sizes = { images: fc.integer({ min: 1, max: 30 }), regions: fc.integer({ min: 1, max: 9 }), seed: fc.nat(1e6) };
    await fc.assert(
      fc.asyncProperty(fc.record({ ...sizes, top: fc.integer({ min: 1, max: 40 }) }), async ({ images, regions, seed, top }) => {
        const drawn = Array.from({ length: images }, (_, i) => drawVectors(`${i}`, seed + i, { regions }));
        const { index } = await opened(drawn);
        const query = noise(8, seed + 7777);
        const all = bruteForce(drawn, query);
        const every = await search(index, { region: query }, { top, everyRegion: true });
        expect(every.map(({ image, box }) => [image, box.left])).toEqual(
          all.slice(0, top).map(({ image, left }) => [image, left]),
        );
        for (const [i, { score }] of every.entries()) expect(score).toBeCloseTo(all[i].score, 5);
        const each = await search(index, { region: query }, { top });
        const firsts = all.filter((hit, i) => all.findIndex(({ image }) => image === hit.image) === i);
        expect(each.map(({ image, box }) => [image, box.left])).toEqual(
          firsts.slice(0, top).map(({ image, left }) => [image, left]),
        );
        const whole = await search(index, { image: query }, { top });
        const imagesByScore = [...drawn].sort((a, b) => cosine(b.vector, query) - cosine(a.vector, query));
        expect(whole.map(({ image }) => image)).toEqual(imagesByScore.slice(0, top).map(({ path }) => path));
      }),
    );
  });

  it.each([1, 5, 6, 7])("scores vectors of %i numbers by all of them", async (channels) => {
    const drawn = Array.from({ length: 5 }, (_, i) => drawVectors(`${i}`, i, { channels }));
    const { index } = await opened(drawn);
    const query = noise(channels, 3);
    for (const { image, score } of await search(index, { image: query }))
      expect(score).toBeCloseTo(cosine(drawn[Number(image)].vector, query), 5);
  });

  it("looks further when the nearest regions, as many as were asked for, are all of one image", async () => {
    const query = Float32Array.of(1, 0, 0, 0, 0, 0, 0, 0);
    const near = drawVectors("near.jpg", 1, { regions: 16 }); // 8 times the 2 images that are asked for
    const far = drawVectors("far.jpg", 2, { regions: 1 });
    for (let i = 0; i < 16; i++) near.regions.vectors.set([1, 0.01 * i, 0, 0, 0, 0, 0, 0], 8 * i);
    far.regions.vectors.set([0, 1, 0, 0, 0, 0, 0, 0]);
    const { index } = await opened([near, far]);
    const found = await search(index, { region: query }, { top: 2 });
    expect(found.map(({ image }) => image)).toEqual(["near.jpg", "far.jpg"]);
  });

  it("gives an image's size, and a region's box as it was put", async () => {
    const { index } = await opened(many);
    const [whole] = await search(index, { image: many[3].vector }, { top: 1 });
    expect(whole).toMatchObject({ image: "3.jpg", size: [303, 400], box: { left: 0, top: 0, width: 400, height: 303 } });
    expect(whole.score).toBeCloseTo(1, 6);
    const [region] = await search(index, { region: many[3].regions.vectors.subarray(8, 16) }, { top: 1 });
    expect(region).toMatchObject({ image: "3.jpg", size: [303, 400], box: { left: 41, top: 51, width: 17, height: 17 } });
  });

  it("replaces an image that is added again, and forgets one that is removed", async () => {
    const { index } = await opened(many);
    await addImages(index, [{ ...drawVectors("3.jpg", 500, { regions: 2 }), contentHash: "new" }]);
    await removeImages(index, ["4.jpg", "never was"]);
    const marks = await index.store.images();
    expect([marks.size, marks.get("3.jpg"), marks.has("4.jpg")]).toEqual([39, "new", false]);
    const all = await search(index, { region: noise(8, 1) }, { top: 1000, everyRegion: true });
    expect(all).toHaveLength(38 * 6 + 2);
    expect((await search(index, { image: many[3].vector }, { top: 1 }))[0].score).toBeLessThan(0.999);
  });

  it("as 8-bit integers stays near, in a file of a quarter", async () => {
    const drawn = Array.from({ length: 50 }, (_, i) => drawVectors(`${i}`, i, { channels: 192, regions: 20 }));
    const exact = await opened(drawn);
    const small = await opened(drawn, { precision: "int8" });
    const query = noise(192, 99);
    const [a, b] = await Promise.all([exact, small].map(({ index }) => search(index, { image: query }, { top: 50 })));
    const scores = new Map(a.map(({ image, score }) => [image, score]));
    // A number is off by at most half a step, largest / 254; over 192 numbers of a unit vector that is below 0.01.
    for (const { image, score } of b) expect(Math.abs(score - scores.get(image)!)).toBeLessThan(0.01);
    expect(b.some(({ image, score }) => score !== scores.get(image))).toBe(true);
    expect(small.store.save().length / exact.store.save().length).toBeLessThan(0.3);
  });

  it.each(["float32", "int8"] as const)("comes back from its file as it was, in %s", async (precision) => {
    const { store, index } = await opened(many, { precision });
    const file = store.save();
    const again = memoryVectors({ from: file });
    expect(await search(await openIndex(again, label), { region: noise(8, 5) })).toEqual(
      await search(index, { region: noise(8, 5) }),
    );
    expect(again.save()).toEqual(file);
    await again.put([drawVectors("more.jpg", 77)]);
    expect((await again.images()).size).toBe(41);
  });

  it("is empty before anything is added, also from a file", async () => {
    const { store, index } = await opened([]);
    expect(await search(index, { image: noise(8, 1) })).toEqual([]);
    expect(await search(await openIndex(memoryVectors({ from: store.save() }), label), { image: noise(8, 1) })).toEqual([]);
  });
});

describe("an index refuses", () => {
  const other = async (change: Partial<IndexConfig>) => {
    const { store } = await opened(many);
    return openIndex(store, { ...label, ...change });
  };

  it.each([
    [{ modelHash: "ffff", model: "other" }, "the model toy (fingerprint 0123456789ab); got the model other (fingerprint ffff)"],
    [{ plan: '{"scales":[1]}' }, 'the plan {"scales":[1,2]}; got the plan {"scales":[1]}'],
    [{ pooling: "cls" as const }, 'the pooling "mean"; got the pooling "cls"'],
    [{ regions: { window: 3, stride: 2 } }, "regions of 1 tokens every 1; got regions of 3 tokens every 2"],
    [{ regions: undefined }, "got no regions"],
  ])("vectors that were made otherwise: %j", async (change, said) => {
    await expect(other(change)).rejects.toMatchObject({ code: "index", message: expect.stringContaining(said) });
  });

  it("not the same model under another name", async () => {
    expect((await other({ model: "renamed" })).config.model).toBe("renamed");
  });

  it("vectors of another length, or with numbers that are none, before any of them is kept", async () => {
    const { index } = await opened(many);
    const wrong = [drawVectors("a", 1), drawVectors("b", 2, { channels: 9 })];
    await expect(addImages(index, wrong)).rejects.toMatchObject({
      code: "index",
      message: expect.stringContaining("The vector of b has 9 numbers"),
    });
    const broken = drawVectors("c", 3);
    broken.regions.vectors[9] = Number.NaN;
    await expect(addImages(index, [broken])).rejects.toThrow("Region 1 of c is empty or has numbers that are not finite");
    await expect(search(index, { image: noise(9, 1) })).rejects.toThrow("The query has 9 numbers; the index holds 8");
    expect((await index.store.images()).size).toBe(40);
  });

  it("regions where there are none, and images without them where there are", async () => {
    const { index } = await opened([], {}, { ...label, regions: undefined });
    await expect(addImages(index, many)).rejects.toThrow("has 6 regions, but the index is of whole images");
    await expect(search(index, { region: noise(8, 1) })).rejects.toThrow("an index of whole images");
    const { index: full } = await opened([]);
    await expect(addImages(full, [drawVectors("x", 1, { regions: 0 })])).rejects.toThrow(
      "has 0 regions, but the index is of images and regions",
    );
  });

  it("words where the model has no text side", async () => {
    const { index } = await opened(many);
    await expect(search(index, { text: noise(8, 1) })).rejects.toMatchObject({
      code: "index",
      message: expect.stringMatching(/index of toy's "mean" vectors, which no text encoder shares; index the image embeddings/),
    });
  });

  it("a file that is another, and hits that are no number", async () => {
    expect(() => memoryVectors({ from: writeSafetensors({}) })).toThrow("no index of vectors");
    const { index } = await opened(many);
    await expect(search(index, { image: noise(8, 1) }, { top: 0 })).rejects.toThrow("top is 0");
  });
});
