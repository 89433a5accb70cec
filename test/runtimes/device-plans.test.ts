/** Plans that run as a whole against the same plans tile by tile: on the processor, where all of them are exact and fast. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planS2, type S2Options, s2, type Tensor } from "../../src/core/index.ts";
import { type ExtractOptions, extractImage } from "../../src/features/index.ts";
import type { Photo } from "../../src/images/index.ts";
import { deviceModel, noise, type ToyGraph } from "./toy-graph.ts";

type Loaded = Awaited<ReturnType<typeof deviceModel>>;

const preprocessing = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3], rescale: 1 / 255, filter: "bicubic" } as const;

const photo = (width: number, height: number, seed: number): Photo => ({
  ...{ width, height, channels: 3 },
  data: Uint8Array.from(noise(width * height * 3, seed), (value) => 127.5 + 127.5 * value),
});

const tensor = (dims: readonly number[], seed: number): Tensor => ({
  dims,
  data: noise(
    dims.reduce((a, b) => a * b, 1),
    seed,
  ),
});

function worst(a: { dims: readonly number[]; data: Float32Array }, b: { dims: readonly number[]; data: Float32Array }): number {
  expect(a.dims).toEqual([...b.dims]);
  return a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i])), 0);
}

const optionsOf = (prefix: ToyGraph["prefix"]) =>
  prefix === "maps" ? ({ outputShape: "bchw" } as const) : { numPrefixToken: prefix };

describe.each<ToyGraph>([{ prefix: 1 }, { prefix: 0 }, { prefix: "maps" }, { prefix: "maps", channelsLast: true }])(
  "a plan as a whole equals its tiles, of a model with $prefix (channels last: $channelsLast)",
  (toy) => {
    let model: Loaded;
    beforeAll(async () => {
      model = await deviceModel(toy);
    });
    afterAll(() => model.onDevice.dispose());

    const plans = fc.record({
      size: fc.constantFrom([16, 16], [16, 32], [20, 28]),
      batch: fc.constantFrom(1, 3),
      imgSizes: fc.constantFrom([16], [16, 32], [16, 32, 48], [40, [24, 32]], [[16, 48], 32]),
      splitMode: fc.constantFrom("exact", "resize", "pad", "cover" as const),
      merge: fc.constantFrom("concat", "add", "mean" as const),
      antialias: fc.boolean(),
      overlap: fc.constantFrom(0, 0, 1),
      fusion: fc.constantFrom("reference", "aligned", "bilinear" as const),
      resizeOutputToIdx: fc.constantFrom(0, -1),
      splitForward: fc.constantFrom(false, false, true, 3),
    });

    it("s2 of floats within 1e-5, on 40 random plans", async () => {
      model.count.onDevice = 0;
      let compared = 0;
      for (const [i, { size, batch, ...asked }] of fc.sample(plans, { numRuns: 200, seed: 20261128 }).entries()) {
        const images = tensor([batch, 3, ...size], i + 1);
        const options = { ...asked, ...optionsOf(toy.prefix), maxSplitSize: 16 } as S2Options;
        try {
          planS2({ height: size[0], width: size[1] }, options, model.onDevice.traits);
        } catch {
          continue; // sizes that do not divide
        }
        const [onDevice, tiled] = [await s2(model.onDevice, images, options), await s2(model.tiled, images, options)];
        expect(worst(onDevice, tiled), JSON.stringify({ size, batch, ...asked })).toBeLessThan(1e-5);
        if (++compared === 40) break;
      }
      expect([compared, model.count.onDevice]).toEqual([40, 40]);
    });

    const views: ExtractOptions[] = [
      {},
      { scales: [1, 2, 3] },
      { fit: "keep", scales: [1, 2.5] },
      { fit: "crop", scales: [1, 2] },
      { fit: "squash", splitMode: "resize", imgSizes: [16, 40] },
      { fit: "keep", splitMode: "pad", fusion: "aligned", resizeOutputToIdx: -1 },
      { maxTiles: 6, scales: [1, 2] },
    ];

    it.each(views)("extract of several images at once: %j", async (view) => {
      const options = { ...view, preprocessing, ...(toy.prefix === "maps" && { outputShape: "bchw" as const }) };
      // Two sizes in turn: images of one plan run together, and each caller gets its own features.
      const photos = [photo(61, 43, 1), photo(40, 70, 2), photo(61, 43, 3), photo(61, 43, 4), photo(40, 70, 5)];
      const features = await Promise.all(photos.map((image) => extractImage(model.onDevice, image, options)));
      for (const [i, image] of photos.entries()) {
        const expected = await extractImage(model.tiled, image, options);
        // A level of 255 where float32 rounds the other way than Pillow's whole numbers, in few pixels.
        expect(worst(features[i], expected)).toBeLessThan(2e-2);
        const far = features[i].data.filter((value, k) => Math.abs(value - expected.data[k]) > 1e-5).length;
        expect(far / features[i].data.length).toBeLessThan(0.05);
        expect([features[i].grid, features[i].gridGeometry, features[i].plan]).toEqual([
          expected.grid,
          expected.gridGeometry,
          expected.plan,
        ]);
      }
    });
  },
);

describe("plans as a whole", () => {
  const loaded: Loaded[] = [];
  const load = async (...args: Parameters<typeof deviceModel>) => {
    const model = await deviceModel(...args);
    loaded.push(model);
    return model;
  };
  afterAll(() => Promise.all(loaded.map(({ onDevice }) => onDevice.dispose())));
  const image = tensor([1, 3, 16, 16], 3);
  const options: S2Options = { scales: [1, 2], maxSplitSize: 16, numPrefixToken: 1 };

  it("images that are given together run together, and one that comes later runs too", async () => {
    const kinds: string[] = [];
    const change: NonNullable<Parameters<typeof deviceModel>[1]>["change"] = (session) => ({
      ask: (request, transfer) => {
        if (request.kind === "plan") kinds.push(`${request.images.dims[0]} in turns of ${request.imagesPerTurn}`);
        return session.ask(request, transfer);
      },
    });
    const { onDevice } = await load({ prefix: 1 }, { change });
    const photos = Array.from({ length: 5 }, (_, i) => photo(30, 20, i + 1));
    await Promise.all(photos.map((each) => extractImage(onDevice, each, { preprocessing, fit: "squash" })));
    await extractImage(onDevice, photos[0], { preprocessing, fit: "squash" });
    expect(kinds).toEqual(["5 in turns of 2", "1 in turns of 2"]); // 10 tiles a run, 5 an image
  });

  it("progress and scales are reported, and a signal stops", async () => {
    const { onDevice, tiled, count } = await load({ prefix: 1 });
    const report = async (model: typeof tiled) => {
      const done: unknown[] = [];
      const scales: Tensor[] = [];
      await s2(model, image, {
        ...options,
        onProgress: (each) => done.push(each),
        onScale: (_, features) => scales.push(features),
      });
      return { done, scales };
    };
    const [a, b] = [await report(onDevice), await report(tiled)];
    expect(count.onDevice).toBe(1);
    expect(a.done).toEqual(b.done);
    for (const [i, scale] of a.scales.entries()) expect(worst(scale, b.scales[i])).toBeLessThan(1e-5);
    const stopped = s2(onDevice, image, { ...options, signal: AbortSignal.abort(new Error("enough")) });
    await expect(stopped).rejects.toThrow("enough");
  });

  it("more plans than stay open run all the same, and again", async () => {
    const { onDevice, tiled, count } = await load({ prefix: 1 });
    const sizes = Array.from({ length: 30 }, (_, i) => [20 + i, 50 - i] as const);
    for (const [width, height] of [...sizes, ...sizes.slice(0, 2)]) {
      const shown = photo(width, height, width);
      const view = { preprocessing, fit: "squash" } as const;
      const [a, b] = [await extractImage(onDevice, shown, view), await extractImage(tiled, shown, view)];
      expect(worst(a, b)).toBeLessThan(2e-2);
    }
    expect(count.onDevice).toBe(32);
  });

  it("what cannot run as a whole runs tile by tile: skipped tiles, tiles of two sizes, sums with onScale", async () => {
    const { onDevice, tiled, count } = await load({ prefix: 0 });
    const shown = photo(61, 43, 1);
    const view = { preprocessing, minDetail: 60, scales: [1, 2, 3] };
    expect(worst(await extractImage(onDevice, shown, view), await extractImage(tiled, shown, view))).toBe(0);
    const twoSizes: S2Options = { scales: [1, 2], merge: "add", onScale: () => {}, maxSplitSize: 16 };
    expect(worst(await s2(onDevice, image, twoSizes), await s2(tiled, image, twoSizes))).toBe(0);
    expect(count.onDevice).toBe(0);
  });

  it("a device that fails on a plan leaves it to the tiles, and is not asked for it again", async () => {
    let asked = 0;
    const change: NonNullable<Parameters<typeof deviceModel>[1]>["change"] = () => ({
      ask: () => {
        asked++;
        return Promise.reject(new Error("out of memory"));
      },
    });
    const { onDevice, tiled, count } = await load({ prefix: 1 }, { change });
    for (let i = 0; i < 2; i++) expect(worst(await s2(onDevice, image, options), await s2(tiled, image, options))).toBe(0);
    expect([count.onDevice, asked]).toEqual([0, 1]);
  });

  it("features that are not finite are refused with their tile's name", async () => {
    const { onDevice } = await load({ prefix: 1, logs: true });
    await expect(s2(onDevice, image, options)).rejects.toMatchObject({
      code: "not-finite",
      message: expect.stringContaining("tile 1 of 1 at scale 1 of 2"),
    });
  });

  it("a disposed model says so", async () => {
    const { onDevice } = await deviceModel({ prefix: 1 });
    await onDevice.dispose();
    await expect(s2(onDevice, image, options)).rejects.toMatchObject({ code: "disposed" });
  });
});
