/** The edges of what options may be: the last value that is taken and the first that is refused, each before the model runs. */
import { describe, expect, it } from "vitest";
import { nearest, S2Error } from "../../src/core/error.ts";
import {
  chooseGrid,
  type DynamicS2Options,
  mergeChessboard,
  planDynamicS2,
  planS2,
  resize,
  type S2Options,
  splitChessboard,
  type Tensor,
} from "../../src/core/index.ts";

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("planS2", () => {
  const plan = (options: object, image = { height: 64, width: 96 }) => codeOf(() => planS2(image, options as S2Options));
  it.each<[object, string | undefined]>([
    [{ scales: [1, 2], resizeOutputToIdx: 1 }, undefined],
    [{ scales: [1, 2], resizeOutputToIdx: -2 }, undefined],
    [{ scales: [1, 2], resizeOutputToIdx: 2 }, "bad-index"],
    [{ scales: [1, 2], resizeOutputToIdx: -3 }, "bad-index"],
    [{ scales: [1, 2], resizeOutputToIdx: 0.5 }, "bad-index"],
    [{ scales: [] }, "no-scales"],
    [{ imgSizes: [] }, "no-scales"],
    [{}, "no-scales"],
    [{ scales: [1], imgSizes: [], splitMode: "pad", maxSplitSize: 32 }, "no-scales"],
    [{ scales: [0] }, "bad-size"],
    [{ scales: [-1] }, "bad-size"],
    [{ scales: [Number.POSITIVE_INFINITY] }, "bad-size"],
    [{ scales: [1 / 64] }, undefined],
    [{ scales: [1 / 65] }, "bad-size"],
    [{ scales: [1 / 97] }, "bad-size"],
    [{ imgSizes: [[1, 1]] }, undefined],
    [{ imgSizes: [1] }, undefined],
    [{ imgSizes: [0] }, "bad-size"],
    [{ imgSizes: [[0, 1]] }, "bad-size"],
    [{ imgSizes: [[1, 0]] }, "bad-size"],
    [{ imgSizes: [[1.5, 1]] }, "bad-size"],
    [{ imgSizes: [[1, 1.5]] }, "bad-size"],
    [{ imgSizes: [[1]] }, "bad-size"],
    [{ imgSizes: [null] }, "bad-size"],
    [{ scales: [1], maxSplitSize: [32, -32] }, "bad-size"],
    [{ scales: [1], splitMode: "pad" }, "no-max-split"],
    [{ scales: [1], splitMode: "resize" }, "no-max-split"],
    [{ scales: [1], splitMode: "resize", maxSplitSize: 32 }, undefined],
    [{ imgSizes: [65], maxSplitSize: 33 }, "not-divisible"],
    [{ imgSizes: [[65, 66]], maxSplitSize: 33 }, "not-divisible"],
    [{ imgSizes: [[66, 65]], maxSplitSize: 33 }, "not-divisible"],
    [{ imgSizes: [66], maxSplitSize: 33 }, undefined],
    [{ imgSizes: [65], maxSplitSize: 65 }, undefined],
    [{ scales: [1], splitForward: 1 }, undefined],
    [{ scales: [1], splitForward: 1.5 }, "split-forward"],
    [{ scales: [1], splitForward: -1 }, "split-forward"],
    [{ scales: [1], splitForward: "1" }, "split-forward"],
    [{ scales: [1], overlap: 0 }, undefined],
    [{ scales: [1], overlap: 0.5 }, "overlap"],
    [{ scales: [1], overlap: 1 }, "overlap"],
    [{ scales: [1], numPrefixToken: 1, outputShape: "bchw" }, "bchw-prefix"],
    [{ scales: [1], numPrefixToken: 0, outputShape: "bchw" }, undefined],
    [{ scales: [1], numPrefixToken: -1, outputShape: "bchw" }, undefined],
    [{ scales: [1], splitMode: "cut" }, "split-mode"],
    [{ scales: [1], outputShape: "bhwc" }, "output-shape"],
  ])("%j: %s", (options, code) => {
    expect(plan(options)).toBe(code);
  });

  it.each([
    [{}, /^Neither scales/],
    [{ scales: [0] }, /^scales is 0; expected positive numbers/],
    [
      { scales: [1, 2], resizeOutputToIdx: 2 },
      /is 2, which points past the last scale; there are 2 scales, so it may be -2 to 1\./,
    ],
    [{ scales: [1, 2], resizeOutputToIdx: -3 }, /is -3, which points before the first scale/],
    [{ scales: [1], resize_output_to_id: 0 }, /did you mean "resizeOutputToIdx"/],
  ])("%j says what is wrong and what may be", (options, message) => {
    expect(() => planS2({ height: 64, width: 96 }, options as S2Options)).toThrow(message);
  });

  it("refuses a scale that leaves no column, as one that leaves no row", () => {
    expect(plan({ scales: [1 / 65] }, { height: 96, width: 64 })).toBe("bad-size");
    expect(plan({ scales: [1 / 65] }, { height: 64, width: 96 })).toBe("bad-size");
  });

  it.each([
    [{ height: 1, width: 1 }, undefined],
    [{ height: 0, width: 1 }, "image"],
    [{ height: 1, width: 0 }, "image"],
    [{ height: 1.5, width: 1 }, "image"],
    [{ height: 1, width: 1.5 }, "image"],
  ])("an image of %j: %s", (image, code) => {
    expect(plan({ scales: [1] }, image)).toBe(code);
  });
});

it.each<[object, object, string | undefined]>([
  [{ scales: [1] }, { imageSize: [64, 96] }, undefined],
  [{ scales: [1] }, { imageSize: [64, 95] }, "tile-size"],
  [{ scales: [1] }, { imageSize: [65, 96] }, "tile-size"],
  [{ scales: [1] }, { imageSize: [65, 95] }, "tile-size"],
  [{ scales: [1] }, { imageSize: [65, 95], dynamicSize: true }, undefined],
  [{ scales: [1], splitForward: 5 }, {}, undefined],
  [{ scales: [1], splitForward: true }, { maxBatch: 1 }, undefined],
  [{ scales: [1], splitForward: 2 }, { maxBatch: 2 }, undefined],
  [{ scales: [1], splitForward: 3 }, { maxBatch: 2 }, "max-batch"],
])("%j for a model of %j: %s", (options, traits, code) => {
  expect(codeOf(() => planS2({ height: 64, width: 96 }, options as S2Options, traits))).toBe(code);
});

it("a model of maps may have prefix tokens of its own, and a fixed size that is no square is named whole", () => {
  const maps = { layout: "bchw", prefixTokens: 1 } as const;
  expect(codeOf(() => planS2({ height: 64, width: 96 }, { scales: [1], outputShape: "bchw" }, maps))).toBeUndefined();
  expect(() => planS2({ height: 64, width: 96 }, { scales: [1] }, { imageSize: [64, 95] })).toThrow(
    /pass maxSplitSize \[64,95\] and/,
  );
});

describe("planDynamicS2", () => {
  it.each([[[10, 0]], [[10, -5]], [[10, Number.NaN]], [[Number.POSITIVE_INFINITY, 10]], [[]], [10], [undefined]])(
    "refuses scales %j as no sides",
    (scales) => {
      const options = { scales, tile: 10, maxTiles: 4, gridChoice: "nvila" } as never;
      expect(() => planDynamicS2({ height: 9, width: 9 }, options)).toThrow(/expected sides in pixels such as/);
      expect(codeOf(() => planDynamicS2({ height: 9, width: 9 }, { scales, maxTiles: 4 } as never))).toBe("scales");
    },
  );

  it("warns like planS2, and not without a reason", () => {
    const codes = (patchSize: number) =>
      planDynamicS2({ height: 30, width: 30 }, { scales: [10, 20], maxTiles: 4 }, { patchSize }).warnings.map(({ code }) => code);
    expect(codes(5)).toEqual([]);
    expect(codes(3)).toContain("leftover-pixels");
  });

  it.each([
    [[100, 100], 2, { rows: 2, cols: 1 }], // a row or a column of two: the first of equals
    [[100, 100], 6, { rows: 3, cols: 2 }],
    [[200, 100], 4, { rows: 2, cols: 2 }], // as far from 4 x 1 as from 2 x 2: the squarer
    [[100, 200], 4, { rows: 2, cols: 2 }],
    [[300, 100], 9, { rows: 3, cols: 3 }],
  ])("an image of %j gets, of the grids of %i tiles that are as near to its shape, %j", ([height, width], tiles, grid) => {
    expect(chooseGrid({ height, width }, { min: tiles, max: tiles, tile: 10, gridChoice: "log-ratio" })).toEqual(grid);
  });

  const square = { height: 100, width: 100 };
  it.each<[Partial<DynamicS2Options> & Record<string, unknown>, string | undefined]>([
    [{ scales: [10, 20], maxTiles: 4 }, undefined],
    [{ scales: [10, 20], maxTiles: 3 }, "no-grid"],
    [{ scales: [10, 20], maxTiles: 0 }, "max-tiles"],
    [{ scales: [10, 20], maxTiles: 4.5 }, "max-tiles"],
    [{ scales: [10], maxTiles: 1 }, undefined],
    [{ scales: [], maxTiles: 4, tile: 10 }, "scales"],
    [{ scales: 10 as never, maxTiles: 4, tile: 10 }, "scales"],
    [{ scales: [10, 0], maxTiles: 4 }, "scales"],
    [{ scales: [10, Number.NaN], maxTiles: 4 }, "scales"],
    [{ scales: [10, 10], maxTiles: 4 }, "scales"],
    [{ scales: [10, 30, 20], maxTiles: 9 }, "scales"],
    [{ scales: [10, 5, 20], maxTiles: 9 }, "scales"],
    [{ scales: [10, 25], maxTiles: 9 }, "scales"],
    [{ scales: [10, 25], maxTiles: 9, gridChoice: "nvila" }, undefined],
    [{ scales: [10, 5, 20], maxTiles: 9, gridChoice: "nvila" }, "scales"],
    [{ scales: [10, 20], maxTiles: 1, gridChoice: "nvila" }, undefined],
    [{ scales: [10, 20], maxTiles: 4, gridChoice: "best" as never }, "grid-choice"],
    [{ scales: [10, 20], maxTiles: 4, tile: 1 }, undefined],
    [{ scales: [10, 20], maxTiles: 4, tile: 0 }, "bad-size"],
    [{ scales: [10, 20], maxTiles: 4, tile: 1.5 }, "bad-size"],
    [{ scales: [10, 20], maxTiles: 4, imgSizes: [1] }, "option"],
    [{ scales: [10, 20], maxTiles: 4, splitMode: "pad" }, "option"],
  ])("%j: %s", (options, code) => {
    expect(codeOf(() => planDynamicS2(square, options as DynamicS2Options))).toBe(code);
  });

  it("of two grids as near to a square, the larger one where the image has the pixels for it", () => {
    const grid = (side: number) => {
      const plan = planDynamicS2({ height: side, width: side }, { scales: [10, 20], maxTiles: 9 });
      return [plan.scales[1].rows, plan.scales[1].cols, plan.tiles];
    };
    // 3 x 3 tiles of 10 px are 900 pixels: more than half of them must be there.
    expect(grid(21)).toEqual([2, 2, 5]);
    expect(grid(22)).toEqual([3, 3, 10]);
  });
});

describe("tensors", () => {
  const image = (dims: number[], length = dims.reduce((a, d) => a * d, 1)): Tensor => ({
    dims,
    data: new Float32Array(Math.max(0, length)),
  });
  it.each<[string, () => unknown, string | undefined]>([
    ["three dims", () => resize(image([1, 2, 2]), [1, 1]), "not-4d"],
    ["an empty side", () => resize(image([1, 1, 0, 2]), [1, 1]), "not-4d"],
    ["half a side", () => resize(image([1, 1, 1.5, 2]), [1, 1]), "not-4d"],
    ["no tensor", () => resize(undefined as never, [1, 1]), "not-4d"],
    ["no data", () => resize({ dims: [1, 1, 1, 1] } as never, [1, 1]), "image"],
    ["too much data", () => resize(image([1, 1, 2, 2], 5), [1, 1]), "image"],
    ["a size of 1", () => resize(image([1, 1, 2, 2]), [1, 1]), undefined],
    ["a height of 0", () => resize(image([1, 1, 2, 2]), [0, 1]), "size"],
    ["a width of 0", () => resize(image([1, 1, 2, 2]), [1, 0]), "size"],
    ["a width that is not whole", () => resize(image([1, 1, 2, 2]), [1, 1.5]), "size"],
    ["bilinear with antialias", () => resize(image([1, 1, 4, 4]), [2, 2], { mode: "bilinear", antialias: true }), undefined],
    ["nearest with antialias", () => resize(image([1, 1, 4, 4]), [2, 2], { mode: "nearest", antialias: true }), "mode"],
    ["no rows", () => splitChessboard(image([1, 1, 4, 4]), 0, 1), "size"],
    ["no columns", () => splitChessboard(image([1, 1, 4, 4]), 1, 0), "size"],
    ["half a row", () => splitChessboard(image([1, 1, 4, 4]), 0.5, 1), "size"],
    ["half a column", () => mergeChessboard(image([1, 1, 4, 4]), 1, 0.5), "size"],
    ["rows that do not divide", () => splitChessboard(image([1, 1, 4, 4]), 3, 1), "not-divisible"],
    ["columns that do not divide", () => splitChessboard(image([1, 1, 4, 4]), 1, 3), "not-divisible"],
    ["more rows than pixels", () => splitChessboard(image([1, 1, 4, 4]), 5, 1), "not-divisible"],
    ["tiles that do not divide", () => mergeChessboard(image([3, 1, 4, 4]), 1, 2), "not-divisible"],
  ])("%s", (_, run, code) => {
    expect(codeOf(run)).toBe(code);
  });
});

it("a mistyped word is answered with the nearest, if it is within three letters and half of it", () => {
  const words = ["scales", "imgSizes", "merge", "tile"];
  expect(nearest("scale", words)).toBe("scales");
  expect(nearest("SCALES", words)).toBe("scales");
  expect(nearest("mrge", words)).toBe("merge");
  expect(nearest("margin", words)).toBe("merge"); // a for e, i for e, an n more: three
  expect(nearest("marginal", words)).toBeUndefined(); // five
  expect(nearest("ti", words)).toBeUndefined(); // two letters of two
  expect(nearest("til", words)).toBe("tile");
  expect(nearest("tall", words)).toBe("tile"); // two of four
  expect(nearest("ball", words)).toBeUndefined(); // three of four
  expect(nearest("", words)).toBeUndefined();
  expect(nearest("ab", ["ax", "ay"])).toBe("ax"); // the first of equals
});

describe("fields of an error", () => {
  const details = (options: object) => refusedFields(() => planS2({ height: 8, width: 8 }, options));
  it("name the option, what was received and what was expected, as the message does", () => {
    expect(details({ scales: [1], merge: "sum" })).toEqual({ option: "merge", received: "sum", expected: "concat, add or mean" });
    expect(details({ scales: [1], imgSizes: [8] })).toEqual({ option: ["scales", "imgSizes"] });
    expect(details({ scales: [Number.NaN] })).toMatchObject({ option: "scales", received: Number.NaN });
  });
  it("keep a cause, and are absent where nothing is given", () => {
    const cause = new Error("deeper");
    expect(new S2Error("write", "Failed.", { cause })).toMatchObject({ code: "write", cause });
    expect(Object.keys(new S2Error("write", "Failed.")).sort()).toEqual(["code", "name"]);
  });
});

function refusedFields(run: () => unknown) {
  try {
    run();
  } catch (error) {
    const { name: _, code: __, ...fields } = error as S2Error;
    expect((error as S2Error).message).toContain([fields.option].flat()[0]);
    return fields;
  }
  throw new Error("nothing was refused");
}
