/** Properties of every image and every plan, tried on random ones. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  mergeChessboard,
  planS2,
  S2Error,
  type S2Options,
  s2,
  splitChessboard,
  type Tensor,
  type VisionModel,
} from "../../src/core/index.ts";

/** Tokens are patch means times (1 + the tile's mean), so that a token knows its tile; `prefix` tokens hold the tile's mean. */
function patchModel(patchSize: number, prefix = 0, local = false): VisionModel {
  const model = ({ dims: [n, c, h, w], data }: Tensor): Tensor => {
    const [rows, cols] = [Math.floor(h / patchSize), Math.floor(w / patchSize)];
    const count = prefix + rows * cols;
    const out = new Float32Array(n * count * c);
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < c; k++) {
        const plane = data.subarray((i * c + k) * h * w, (i * c + k + 1) * h * w);
        const tileMean = plane.reduce((a, v) => a + v, 0) / plane.length;
        for (let t = 0; t < prefix; t++) out[(i * count + t) * c + k] = tileMean;
        for (let t = 0; t < rows * cols; t++) {
          let sum = 0;
          for (let y = 0; y < patchSize; y++) {
            for (let x = 0; x < patchSize; x++)
              sum += plane[(Math.floor(t / cols) * patchSize + y) * w + (t % cols) * patchSize + x];
          }
          out[(i * count + prefix + t) * c + k] = (sum / patchSize ** 2) * (local ? 1 : 1 + tileMean);
        }
      }
    }
    return { dims: [n, count, c], data: out };
  };
  return Object.assign(model, { traits: { patchSize, prefixTokens: prefix, layout: "bnc" as const } });
}

function randomImage(dims: readonly [number, number, number, number], seed: number): Tensor {
  let state = seed >>> 0;
  const data = Float32Array.from({ length: dims.reduce((a, d) => a * d, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  });
  return { dims: [...dims], data };
}

function expectClose(got: Tensor, expected: Tensor, tolerance = 1e-5): void {
  expect(got.dims).toEqual(expected.dims);
  for (let i = 0; i < got.data.length; i++) {
    if (!(Math.abs(got.data[i] - expected.data[i]) <= tolerance))
      expect.fail(`at ${i}: ${got.data[i]} against ${expected.data[i]}`);
  }
}

const small = fc.integer({ min: 1, max: 5 });
const side = fc.integer({ min: 1, max: 40 });
const size = fc.tuple(side, side);
const seed = fc.nat();

describe("chessboard", () => {
  it("merging undoes splitting, so that features land where their pixels were", () => {
    fc.assert(
      fc.property(small, small, small, small, small, small, seed, (b, c, rows, cols, h, w, seed) => {
        const images = randomImage([b, c, rows * h, cols * w], seed);
        const tiles = splitChessboard(images, rows, cols);
        expect(tiles.dims).toEqual([rows * cols * b, c, h, w]);
        expect(mergeChessboard(tiles, rows, cols)).toEqual(images);
      }),
    );
  });

  it("refuses what does not divide, with the nearest size that does", () => {
    expect(() => splitChessboard(randomImage([1, 1, 10, 9], 1), 3, 3)).toThrow(
      /9x10 px does not divide evenly.*nearest that does is 9x9/,
    );
    expect(() => mergeChessboard(randomImage([5, 1, 2, 2], 1), 2, 2)).toThrow(/5 tiles are no multiple/);
    expect(() => splitChessboard(randomImage([1, 1, 4, 4], 1), 0, 2)).toThrow(S2Error);
  });
});

describe("plans", () => {
  it("tiles cover the image once: no pixel is lost or counted twice", () => {
    fc.assert(
      fc.property(
        size,
        size,
        side,
        fc.constantFrom("resize" as const, "pad" as const),
        ([height, width], imgSize, maxSplitSize, splitMode) => {
          const { scales } = planS2({ height, width }, { imgSizes: [imgSize], maxSplitSize, splitMode });
          const [scale] = scales;
          let y = 0;
          for (let r = 0; r < scale.rows; r++) {
            let x = 0;
            const row = scale.tiles.slice(r * scale.cols, (r + 1) * scale.cols);
            for (const box of row) {
              expect(box.left).toBeCloseTo(x, 6);
              expect(box.top).toBeCloseTo(y, 6);
              expect(Math.min(box.width, box.height)).toBeGreaterThan(0);
              x += box.width;
            }
            expect(x).toBeCloseTo(width, 6);
            y += row[0].height;
          }
          expect(y).toBeCloseTo(height, 6);
        },
      ),
    );
  });

  it("resize stretches the image over all tiles: none is padded or narrower", () => {
    const [scale] = planS2({ height: 8, width: 8 }, { imgSizes: [6], maxSplitSize: 4, splitMode: "resize" }).scales;
    expect(scale).toMatchObject({ size: [6, 6], canvas: [8, 8], padding: [0, 0] });
    expect(scale.tiles.map(({ left, top, width, height }) => [left, top, width, height])).toEqual([
      [0, 0, 4, 4],
      [4, 0, 4, 4],
      [0, 4, 4, 4],
      [4, 4, 4, 4],
    ]);
  });

  it("a plan is plain JSON, and runs as the options it was made from", async () => {
    const images = randomImage([2, 3, 12, 12], 7);
    const model = patchModel(2, 1);
    const options: S2Options = {
      scales: [1, 2.5, 0.5],
      maxSplitSize: 12,
      splitMode: "pad",
      numPrefixToken: 1,
      fusion: "aligned",
    };
    const plan = planS2({ height: 12, width: 12 }, options, model.traits);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    expect(await s2(model, images, JSON.parse(JSON.stringify(plan)))).toEqual(await s2(model, images, options));
  });

  it("a random plan either runs or is refused with a reason, and gives the grid it promised", async () => {
    const rarely = <T>(good: fc.Arbitrary<T>, bad: fc.Arbitrary<T>) =>
      fc.oneof({ weight: 9, arbitrary: good }, { weight: 1, arbitrary: bad });
    const tokens = fc.integer({ min: 1, max: 8 }).map((n) => n * 4);
    const sizes = fc.oneof(
      fc.record({
        scales: fc.array(rarely(fc.constantFrom(0.5, 1, 1.5, 2, 3), fc.double({ min: -1, max: 4 })), {
          minLength: 1,
          maxLength: 3,
        }),
      }),
      fc.record({
        imgSizes: fc.array(
          rarely<number | [number, number]>(fc.oneof(tokens, fc.tuple(tokens, side)), fc.constantFrom(0, -3, 2.5, Number.NaN)),
          {
            minLength: 1,
            maxLength: 3,
          },
        ),
      }),
      fc.constant({ scales: [1], imgSizes: [8] }),
    );
    const others = fc.record<S2Options>(
      {
        maxSplitSize: rarely<number>(tokens, fc.oneof(side, fc.constant(0))),
        splitMode: fc.constantFrom("exact", "resize", "pad"),
        resizeOutputToIdx: rarely(fc.constantFrom(0, -1), fc.integer({ min: -3, max: 3 })),
        splitForward: rarely<boolean | number>(fc.oneof(fc.boolean(), fc.integer({ min: 1, max: 5 })), fc.constant(0)),
        merge: fc.constantFrom("concat", "add", "mean"),
        fusion: fc.constantFrom("reference", "aligned"),
        antialias: fc.boolean(),
        overlap: rarely(fc.constantFrom(0, 1), fc.integer({ min: -1, max: 3 })),
      },
      { requiredKeys: [] },
    );
    const prefixes = rarely<readonly [number, number]>(
      fc.constantFrom<[number, number]>([0, 0], [1, 1]),
      fc.constantFrom<[number, number]>([0, 1], [1, -1]),
    );
    let ran = 0;
    await fc.assert(
      fc.asyncProperty(
        sizes,
        others,
        size,
        prefixes,
        seed,
        async (sizes, others, [height, width], [prefix, numPrefixToken], seed) => {
          const options = { ...sizes, ...others, numPrefixToken };
          const model = patchModel(4, prefix);
          try {
            const plan = planS2({ height, width }, options, model.traits);
            const features = await s2(model, randomImage([1, 2, height, width], seed), plan);
            const { rows, cols } = plan.outputGrid!;
            expect(features.dims).toEqual([1, prefix + rows * cols, 2 * (plan.merge === "concat" ? plan.scales.length : 1)]);
            expect(features.data.every(Number.isFinite)).toBe(true);
            ran++;
          } catch (error) {
            if (!(error instanceof S2Error)) throw error;
            expect(error.message).toMatch(/[.?]$/);
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(ran).toBeGreaterThan(30); // the generator must not only make nonsense
  });
});

describe("features", () => {
  const run = (options: S2Options, model = patchModel(4, 1), images = randomImage([2, 2, 16, 16], 3)) =>
    s2(model, images, { numPrefixToken: model.traits!.prefixTokens, ...options });

  it("the order of scales permutes channels and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([1, 2, 3, 0.5], { minLength: 2 }), async (scales) => {
        const base = await run({ scales: [1, 2, 3, 0.5], maxSplitSize: 16 });
        const permuted = await run({
          scales,
          maxSplitSize: 16,
          resizeOutputToIdx: scales.indexOf(1) === -1 ? 0 : scales.indexOf(1),
        });
        if (!scales.includes(1)) return;
        for (let t = 0; t < base.dims[0] * base.dims[1]; t++) {
          scales.forEach((scale, i) => {
            const from = t * 8 + [1, 2, 3, 0.5].indexOf(scale) * 2;
            const to = t * scales.length * 2 + i * 2;
            expect([...permuted.data.subarray(to, to + 2)]).toEqual([...base.data.subarray(from, from + 2)]);
          });
        }
      }),
    );
  });

  it("tiles of scales may differ on one side or both: each has its own token grid", async () => {
    const imgSizes = [
      [8, 8],
      [8, 12],
      [12, 8],
      [16, 16],
    ] as const;
    for (let resizeOutputToIdx = 0; resizeOutputToIdx < imgSizes.length; resizeOutputToIdx++) {
      const [height, width] = imgSizes[resizeOutputToIdx];
      const { dims } = await run({ imgSizes, resizeOutputToIdx });
      expect(dims).toEqual([2, 1 + (height / 4) * (width / 4), 2 * imgSizes.length]);
    }
  });

  it("how many tiles run at a time changes nothing, to the last bit", async () => {
    const whole = await run({ scales: [1, 2, 3] });
    for (const splitForward of [true, 1, 2, 3, 5, 100]) expect(await run({ scales: [1, 2, 3], splitForward })).toEqual(whole);
  });

  it("never holds more tiles than one run's", async () => {
    let most = 0;
    const inner = patchModel(4, 0);
    const counting = (images: Tensor) => {
      most = Math.max(most, images.dims[0]);
      return inner(images);
    };
    const model = Object.assign(counting, { traits: { ...inner.traits, maxBatch: 3 } });
    await run({ scales: [1, 2, 3] }, model);
    expect(most).toBe(3);
  });

  it("merge add is the sum and mean the mean of the scales that concat puts side by side", async () => {
    const concat = await run({ scales: [1, 2] });
    const [add, mean] = [await run({ scales: [1, 2], merge: "add" }), await run({ scales: [1, 2], merge: "mean" })];
    for (let t = 0; t < concat.data.length / 4; t++) {
      for (let c = 0; c < 2; c++) {
        const sum = concat.data[t * 4 + c] + concat.data[t * 4 + 2 + c];
        expect(add.data[t * 2 + c]).toBeCloseTo(sum, 5);
        expect(mean.data[t * 2 + c]).toBeCloseTo(sum / 2, 5);
      }
    }
  });

  it("antialias filters only where a scale shrinks the image", async () => {
    const stripes: Tensor = {
      dims: [1, 1, 48, 48],
      data: Float32Array.from({ length: 48 * 48 }, (_, i) => (i % 3 === 0 ? 1 : 0)),
    };
    const gray = (options: S2Options) => s2(patchModel(4, 0, true), stripes, { maxSplitSize: 48, ...options });
    const mean = ({ data }: Tensor) => data.reduce((a, v) => a + v, 0) / data.length;
    expect(mean(await gray({ imgSizes: [16] }))).toBeCloseTo(0, 5); // every third pixel: here the dark ones between the stripes
    expect(mean(await gray({ imgSizes: [16], antialias: true }))).toBeCloseTo(1 / 3, 1);
    expect(await gray({ imgSizes: [48, 96], antialias: true })).toEqual(await gray({ imgSizes: [48, 96] }));
  });
});

describe("overlap", () => {
  it("changes nothing for a model that sees only its patch: the shared tokens are blended, not moved", async () => {
    const model = patchModel(4, 0, true);
    const images = randomImage([1, 2, 16, 24], 5);
    const plain = await s2(model, images, { scales: [1, 2, 3], maxSplitSize: [16, 24] });
    for (const overlap of [1, 2, 3])
      expectClose(await s2(model, images, { scales: [1, 2, 3], maxSplitSize: [16, 24], overlap }), plain);
  });

  it("neighboring tiles share at least so many tokens, and the last tile ends with the image", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 6 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 5 }),
        (tokens, times, overlap) => {
          fc.pre(overlap < tokens);
          const { scales } = planS2({ height: tokens * 4, width: tokens * 4 }, { scales: [times], overlap }, { patchSize: 4 });
          const [{ rowStarts, tile, canvas }] = scales;
          expect(rowStarts.at(-1)! + tile[0]).toBe(canvas[0]);
          rowStarts.slice(1).forEach((start, i) => {
            expect(rowStarts[i] + tile[0] - start).toBeGreaterThanOrEqual(overlap * 4);
            expect(start % 4).toBe(0);
          });
        },
      ),
    );
  });

  it("asks a plain function for its token size, and refuses tiles of broken tokens", async () => {
    const plain = (images: Tensor) => patchModel(4, 0, true)(images);
    const images = randomImage([1, 1, 16, 16], 2);
    expectClose(await s2(plain, images, { scales: [1, 2], overlap: 1 }), await s2(plain, images, { scales: [1, 2] }));
    expect(() => planS2({ height: 16, width: 16 }, { scales: [1, 2], overlap: 1 })).toThrow(/traits must have patchSize/);
    expect(() => planS2({ height: 18, width: 18 }, { scales: [1, 2], overlap: 1 }, { patchSize: 4 })).toThrow(
      /no multiple of the patch/,
    );
    expect(() => planS2({ height: 16, width: 16 }, { scales: [1, 2], overlap: 4 }, { patchSize: 4 })).toThrow(/at most 3/);
  });
});

describe("fusion: aligned", () => {
  /** Each pixel says where it is on the image; a token's feature is then the mean place of its pixels. */
  const places = (height: number, width: number): Tensor => ({
    dims: [1, 1, height, width],
    data: Float32Array.from({ length: height * width }, (_, i) => ((i % width) + 0.5) / width),
  });

  it("scales of different extent agree on where things are; the reference drifts towards the right", async () => {
    const images = places(64, 100); // 100 px at patch 16 are 7 tokens = 112 px; doubled, 13 tokens = 104 px
    const options: S2Options = { scales: [1, 2], maxSplitSize: 64, splitMode: "pad" };
    const drift = async (fusion: S2Options["fusion"]) => {
      const { data, dims } = await s2(patchModel(16, 0, true), images, { ...options, fusion });
      let most = 0;
      for (let t = 0; t < dims[1]; t++) if (t % 7 < 6) most = Math.max(most, Math.abs(data[t * 2] - data[t * 2 + 1]));
      return most;
    };
    expect(await drift("aligned")).toBeLessThan(0.004);
    expect(await drift("reference")).toBeGreaterThan(0.04);
  });

  it("prefix tokens weigh tiles by the part that is image", async () => {
    const ones: Tensor = { dims: [1, 1, 16, 20], data: new Float32Array(320).fill(1) };
    const options: S2Options = { scales: [1], maxSplitSize: 16, splitMode: "pad", numPrefixToken: 1 };
    const prefix = async (fusion: S2Options["fusion"]) => (await s2(patchModel(4, 1), ones, { ...options, fusion })).data[0];
    expect(await prefix("reference")).toBeCloseTo((1 + 0.25) / 2, 6);
    expect(await prefix("aligned")).toBeCloseTo((1 * 1 + 0.25 * 0.25) / 1.25, 6);
  });

  it("equals the reference where every scale covers the image in whole tokens", async () => {
    const images = randomImage([1, 2, 16, 16], 9);
    const model = patchModel(4, 1);
    const options: S2Options = { scales: [1, 2, 3], numPrefixToken: 1 };
    expectClose(await s2(model, images, { ...options, fusion: "aligned" }), await s2(model, images, options));
  });
});
