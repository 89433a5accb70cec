/** The traps of the reference (docs/traps.md): each is an error before the model runs, or a warning that says the consequence. */
import { describe, expect, it } from "vitest";
import { planS2, resize, S2Error, type S2Options, s2, type Tensor, type Traits } from "../../src/core/index.ts";

const square = { height: 224, width: 224 };
const codes = (image: { height: number; width: number }, options: S2Options, traits?: Traits) =>
  planS2(image, options, traits).warnings.map((w) => w.code);

function refusal(run: () => unknown): { code: string; message: string } {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(S2Error);
    return error as S2Error;
  }
  expect.fail("was not refused");
}

describe("sizes and tiles", () => {
  it("1: tiles smaller than the model's size are a warning, and an error when the size is fixed", () => {
    const options: S2Options = { imgSizes: [224, 336], maxSplitSize: 224 };
    const [warning] = planS2(square, options).warnings;
    expect(warning.code).toBe("tile-size");
    expect(warning.message).toMatch(
      /336x336 px is cut into tiles of 168x168 px, not 224x224.*nearest size with full tiles is 448x448/,
    );
    expect(refusal(() => planS2(square, options, { imageSize: [224, 224] })).code).toBe("tile-size");
    expect(codes(square, options, { imageSize: [224, 224], dynamicSize: true })).toContain("tile-size");
  });
  it("2: a size that cannot be split names the size, the tile and the nearest that can", () => {
    const { message } = refusal(() => planS2(square, { imgSizes: [500], maxSplitSize: 224 }));
    expect(message).toMatch(/500x500.*3x3 tiles of at most 224x224.*448x448/);
  });
  it("3: scales [0.5, 1] without a split size never split", () => {
    expect(codes({ height: 448, width: 448 }, { scales: [0.5, 1] })).toContain("never-split");
    expect(codes({ height: 448, width: 448 }, { scales: [0.5, 1], maxSplitSize: 224 })).not.toContain("never-split");
    expect(refusal(() => planS2({ height: 448, width: 448 }, { scales: [0.5, 1] }, { imageSize: [224, 224] })).message).toMatch(
      /pass maxSplitSize 224/,
    );
  });
  it("4: scales that truncate say what rounding gives", () => {
    const { warnings } = planS2({ height: 100, width: 100 }, { scales: [1.15] });
    expect(warnings.find((w) => w.code === "scale-truncated")!.message).toMatch(/cut down to 114x114.*rounding gives 115x115/);
    expect(codes(square, { scales: [1, 2, 3] })).toEqual([]);
  });
  it("7: shrinking without a filter aliases", () => {
    const large = { height: 1008, width: 1008 };
    expect(codes(large, { imgSizes: [336, 1008], maxSplitSize: 336 })).toContain("aliasing");
    expect(codes(large, { imgSizes: [336, 1008], maxSplitSize: 336, antialias: true })).not.toContain("aliasing");
  });
  it("16: duplicate scales run twice for nothing", () => {
    expect(codes(square, { scales: [1, 2, 1] })).toContain("duplicate-scale");
  });
  it("20: the any-shape branch resizes twice", () => {
    expect(codes({ height: 112, width: 224 }, { scales: [1], maxSplitSize: 224, splitMode: "resize" })).toContain(
      "resized-twice",
    );
  });
  it("patches that do not fill the tile leave pixels unseen", () => {
    expect(codes({ height: 15, width: 15 }, { scales: [1] }, { patchSize: 2 })).toContain("leftover-pixels");
  });
});

describe("padding", () => {
  const image = { height: 224, width: 300 };
  it("14: padding dilutes prefix means, unless aligned", () => {
    const options: S2Options = { scales: [1], maxSplitSize: 224, splitMode: "pad", numPrefixToken: 1 };
    expect(planS2(image, options).warnings.find((w) => w.code === "diluted-prefix")!.message).toMatch(/up to 66 % padding/);
    expect(codes(image, { ...options, fusion: "aligned" })).not.toContain("diluted-prefix");
    expect(codes({ height: 224, width: 448 }, options)).not.toContain("diluted-prefix"); // whole tiles
    expect(codes(image, { ...options, numPrefixToken: 0 })).not.toContain("diluted-prefix");
    expect(codes({ height: 448, width: 448 }, { ...options, splitMode: "exact" })).not.toContain("diluted-prefix");
  });
  it("22: scales that cover different extents say by how much", () => {
    const options: S2Options = { scales: [1, 2], maxSplitSize: 224, splitMode: "pad" };
    const odd = { height: 224, width: 295 }; // 19 tokens are 304 px; doubled, 37 tokens are 296
    expect(planS2(odd, options, { patchSize: 16 }).warnings.find((w) => w.code === "extents")!.message).toMatch(/up to 8.0 px/);
    expect(codes({ height: 224, width: 304 }, options, { patchSize: 16 })).not.toContain("extents");
    expect(codes(odd, { ...options, fusion: "aligned" }, { patchSize: 16 })).not.toContain("extents");
  });
  it("23: the reference's rounding can keep a row of padding", () => {
    const odd = { height: 28, width: 756 };
    const options: S2Options = { imgSizes: [[28, 406]], maxSplitSize: 756, splitMode: "pad" };
    expect(codes(odd, options, { patchSize: 14 })).toContain("padded-row");
    expect(planS2(odd, options, { patchSize: 14 }).outputGrid!.cols).toBe(30);
    expect(planS2(odd, { ...options, fusion: "aligned" }, { patchSize: 14 }).outputGrid!.cols).toBe(29);
  });
});

describe("what the model says", () => {
  const image: Tensor = { dims: [1, 3, 8, 8], data: new Float32Array(192) };
  let runs = 0;
  const model = (traits: Traits) =>
    Object.assign((x: Tensor) => ({ dims: [x.dims[0], ++runs && 5, 2], data: new Float32Array(x.dims[0] * 10) }), { traits });

  it.each([
    ["6: forgotten prefix tokens", { prefixTokens: 1 }, {}, "prefix-tokens", /pass numPrefixToken 1/],
    ["layout", { layout: "bchw" }, {}, "layout", /outputShape is "bnc"; expected "bchw"/],
    ["image size", { imageSize: [4, 4] }, {}, "tile-size", /pass maxSplitSize 4/],
    ["batch limit", { maxBatch: 2 }, { splitForward: 3 }, "max-batch", /at most 2/],
  ] as const)("%s is checked before it runs", async (_, traits, options, code, words) => {
    runs = 0;
    const error = await s2(model(traits), image, { scales: [1, 2], ...options }).catch((e: S2Error) => e);
    expect(error).toMatchObject({ code, message: expect.stringMatching(words) });
    const plan = planS2({ height: 8, width: 8 }, { scales: [1, 2], ...options });
    expect(await s2(model(traits), image, plan).catch((e: S2Error) => e)).toMatchObject({ code }); // a ready plan is checked too
    expect(runs).toBe(0);
  });

  it("a batch of exactly what the model takes runs", async () => {
    const [three, two] = [{ maxBatch: 3 }, { maxBatch: 2 }];
    expect((await s2(model(three), image, { scales: [1, 2], splitForward: 3, numPrefixToken: 1 })).dims).toEqual([1, 5, 4]);
    expect(refusal(() => planS2({ height: 8, width: 8 }, { scales: [1], splitForward: 3 }, two)).code).toBe("max-batch");
  });

  it("5: a grid that is no square comes from the plan: 8x18 tokens are not 12x12", async () => {
    const traits: Traits = { patchSize: 2 };
    const places = (x: Tensor): Tensor => {
      const [n, , h, w] = x.dims;
      return { dims: [n, (h / 2) * (w / 2), 1], data: Float32Array.from({ length: (n * h * w) / 4 }, (_, t) => t % (w / 2)) };
    };
    const wide: Tensor = { dims: [1, 1, 16, 36], data: new Float32Array(576) };
    for (const f of [Object.assign(places, { traits }), (x: Tensor) => places(x)]) {
      const { data } = await s2(f, wide, {
        imgSizes: [
          [16, 36],
          [32, 72],
        ],
        maxSplitSize: [16, 36],
        resizeOutputToIdx: 0,
      });
      expect([...data.filter((_, i) => i % 2 === 0)]).toEqual(Array.from({ length: 144 }, (_, t) => t % 18));
    }
  });

  it.each([
    ["a model-output object", { last_hidden_state: 1 }, "model-output", /an object with last_hidden_state.*Wrap the model/],
    ["a tuple", [1, 2], "model-output", /an array of 2/],
    ["nothing", undefined, "model-output", /undefined/],
    ["half floats", { dims: [1, 4, 2], data: new Uint16Array(8) }, "model-output", /data is Uint16Array/],
    ["a pooled vector", { dims: [1, 8], data: new Float32Array(8) }, "wrong-rank", /pooled vector/],
    [
      "another batch",
      { dims: [2, 4, 2], data: new Float32Array(16) },
      "model-output",
      /got 1 images and returned dims \[2,4,2\]/,
    ],
  ] as const)("15: %s is refused in words", async (_, output, code, words) => {
    const error = await s2((() => output) as never, image, { scales: [1] }).catch((e: S2Error) => e);
    expect(error).toMatchObject({ code, message: expect.stringMatching(words) });
  });

  it("a model that changes its mind between tiles is refused", async () => {
    let call = 0;
    const fickle = (x: Tensor): Tensor => ({ dims: [1, 4, ++call], data: new Float32Array(4 * call * x.dims[0]) });
    await expect(s2(fickle, image, { scales: [1, 2], splitForward: 1 })).rejects.toThrow(/2 channels, after 1/);
    call = 0;
    const growing = (x: Tensor): Tensor => ({ dims: [1, (++call) ** 2, 1], data: new Float32Array(call ** 2 * x.dims[0]) });
    await expect(s2(growing, image, { scales: [1, 2], splitForward: 1 })).rejects.toThrow(/2x2 tokens for a tile, after 1x1/);
    for (const [rows, cols] of [
      [3, 2],
      [2, 3],
    ]) {
      call = 0;
      const turning = (): Tensor => {
        const dims = ++call === 1 ? [1, 1, 2, 2] : [1, 1, rows, cols];
        return { dims, data: new Float32Array(dims[2] * dims[3]) };
      };
      const work = s2(turning, image, { scales: [1, 2], splitForward: 1, outputShape: "bchw" });
      await expect(work).rejects.toThrow(`${rows}x${cols} tokens for a tile, after 2x2`);
    }
  });
});

describe("mistakes in the call", () => {
  it.each([
    ["an unknown option names the nearest", { scale: [1] }, "option", /"scale"; did you mean "scales"/],
    ["the reference's snake case is understood", { img_sizes: [8] }, "option", /did you mean "imgSizes"/],
    ["both kinds of sizes", { scales: [1], imgSizes: [8] }, "no-scales", /give one of them/],
    ["a scale that is no number", { scales: [Number.NaN] }, "bad-size", /NaN/],
    ["merge", { scales: [1], merge: "sum" }, "merge", /expected concat, add or mean/],
    ["outputScale", { scales: [1], outputScale: "largest" }, "bad-index", /expected coarsest or finest/],
    ["both", { scales: [1], outputScale: "finest", resizeOutputToIdx: 0 }, "bad-index", /Both outputScale and resizeOutputToIdx/],
    ["fusion", { scales: [1], fusion: "align" }, "fusion", /expected reference, aligned or bilinear/],
    ["overlap", { scales: [1], overlap: -1 }, "overlap", /at least 0/],
    ["split forward", { scales: [1], splitForward: 0 }, "split-forward", /at least 1/],
    ["prefix", { scales: [1], numPrefixToken: 0.5 }, "prefix-tokens", /whole number/],
  ] as const)("%s", (_, options, code, words) => {
    expect(refusal(() => planS2(square, options as never))).toMatchObject({ code, message: expect.stringMatching(words) });
  });

  it("images and sizes that are none", async () => {
    expect(refusal(() => planS2({ height: 0, width: 3 }, { scales: [1] })).code).toBe("image");
    const image: Tensor = { dims: [1, 1, 2, 2], data: new Float32Array(4) };
    expect(refusal(() => resize(image, [0, 3])).code).toBe("size");
    expect(refusal(() => resize(image, [3, 3], { mode: "cubic" as never })).code).toBe("mode");
    expect(refusal(() => resize(image, [3, 3], { mode: "area", antialias: true })).code).toBe("mode");
    expect(refusal(() => resize({ dims: [1, 1, 2, 2], data: new Uint8Array(4) as never }, [3, 3])).message).toMatch(
      /bytes would wrap/,
    );
    expect(refusal(() => resize({ dims: [1, 1, 2, 3], data: new Float32Array(4) }, [3, 3])).message).toMatch(
      /hold 4 numbers; expected 6/,
    );
    await expect(s2((x) => x, image, planS2(square, { scales: [1] }))).rejects.toThrow(/plan is for images of 224x224/);
  });
});

describe("hooks", () => {
  const image: Tensor = { dims: [2, 1, 8, 8], data: new Float32Array(128).fill(1) };
  const model = ({ dims: [n, , h, w] }: Tensor): Tensor => ({
    dims: [n, (h * w) / 16, 2],
    data: Float32Array.from({ length: (n * h * w) / 8 }, (_, i) => i % 7),
  });

  it("onProgress counts tiles of one image; onScale hands out each scale's channels", async () => {
    const seen: unknown[] = [];
    const scales: Tensor[] = [];
    const features = await s2(model, image, {
      scales: [1, 2],
      splitForward: true,
      onProgress: (done) => seen.push(done),
      onScale: (i, part) => (scales[i] = part),
    });
    expect(seen.at(0)).toEqual({ tiles: 1, of: 5, scale: 0 });
    expect(seen.at(-1)).toEqual({ tiles: 5, of: 5, scale: 1 });
    expect(seen).toHaveLength(5);
    scales.forEach((part, i) => {
      for (let t = 0; t < 8; t++)
        expect([...part.data.subarray(t * 2, t * 2 + 2)]).toEqual([...features.data.subarray(t * 4 + i * 2, t * 4 + i * 2 + 2)]);
    });
  });

  it("onProgress counts a tile only when all images of the batch have it", async () => {
    const tiles: number[] = [];
    await s2(model, image, { scales: [1, 2], splitForward: 3, onProgress: (done) => tiles.push(done.tiles) });
    expect(tiles).toEqual([1, 2, 4, 5]); // 2 images of one tile; then 3, 6 and 8 of 8
  });

  it("the coarse scale is handed out before the fine one runs", async () => {
    const order: string[] = [];
    const noting = (x: Tensor) => {
      order.push(`run ${x.dims[0]}`);
      return model(x);
    };
    await s2(noting, image, { scales: [1, 2], onScale: (i) => order.push(`scale ${i}`) });
    expect(order).toEqual(["run 2", "scale 0", "run 8", "scale 1"]);
  });

  it("abort takes effect within one run of tiles, with the signal's own reason", async () => {
    const controller = new AbortController();
    let runs = 0;
    const counting = (x: Tensor) => {
      if (++runs === 2) controller.abort();
      return model(x);
    };
    await expect(s2(counting, image, { scales: [1, 2, 3], splitForward: 1, signal: controller.signal })).rejects.toThrow(
      /abort/i,
    );
    expect(runs).toBe(2);
    await expect(
      s2(model, image, { ...planS2({ height: 8, width: 8 }, { scales: [1] }), signal: AbortSignal.abort() }),
    ).rejects.toThrow(/abort/i);
  });
});

it("a strip of 140,000 tiles is planned, not ended by the stack", () => {
  const options = { imgSizes: [[2, 280_000]], maxSplitSize: 2, splitMode: "pad", numPrefixToken: 1 } as const;
  expect(planS2({ height: 1, width: 140_000 }, options, { patchSize: 1 }).tiles).toBe(140_000);
});
