/** Each warning of a plan where it applies, and silence one step beside it: a warning that is always there is read by nobody. */
import { describe, expect, it } from "vitest";
import { planS2, type S2Options, type Traits } from "../../src/core/index.ts";

type Size = readonly [height: number, width: number];
const codes = ([height, width]: Size, options: S2Options, traits?: Traits) =>
  planS2({ height, width }, options, traits).warnings.map(({ code }) => code);

const cases: Record<string, [there: boolean, image: Size, options: S2Options, traits?: Traits][]> = {
  "never-split": [
    [true, [64, 64], { scales: [0.5, 1] }],
    [false, [64, 64], { scales: [1] }], // one scale is no S²
    [false, [64, 64], { scales: [1, 2], maxSplitSize: 64 }],
    [false, [64, 64], { scales: [0.5, 2] }], // one of them is split
    [false, [64, 64], { scales: [0.5, 1], splitMode: "pad" }],
  ],
  "tile-size": [
    [false, [64, 64], { imgSizes: [64, 128], maxSplitSize: 64 }],
    [true, [64, 64], { imgSizes: [96], maxSplitSize: 64 }],
    [true, [64, 64], { imgSizes: [[64, 96]], maxSplitSize: 64 }],
    [true, [64, 64], { imgSizes: [[96, 64]], maxSplitSize: 64 }],
    [false, [64, 64], { imgSizes: [96], maxSplitSize: 64, splitMode: "pad" }],
    [false, [64, 64], { imgSizes: [96] }],
    [true, [64, 64], { imgSizes: [64], maxSplitSize: 64, splitMode: "pad" }, { imageSize: [32, 64], dynamicSize: true }],
    [true, [64, 64], { imgSizes: [64], maxSplitSize: 64, splitMode: "pad" }, { imageSize: [64, 32], dynamicSize: true }],
    [false, [64, 64], { imgSizes: [64], maxSplitSize: 64, splitMode: "pad" }, { imageSize: [64, 64], dynamicSize: true }],
  ],
  aliasing: [
    [false, [64, 64], { imgSizes: [64] }],
    [true, [64, 64], { imgSizes: [63] }],
    [true, [64, 64], { imgSizes: [[63, 64]] }],
    [true, [64, 64], { imgSizes: [[64, 63]] }],
    [false, [64, 64], { imgSizes: [[63, 64]], antialias: true }],
  ],
  "resized-twice": [
    [false, [64, 64], { imgSizes: [128], maxSplitSize: 64, splitMode: "resize" }],
    [true, [64, 64], { imgSizes: [[96, 128]], maxSplitSize: 64, splitMode: "resize" }],
    [true, [64, 64], { imgSizes: [[128, 96]], maxSplitSize: 64, splitMode: "resize" }],
    [false, [64, 64], { imgSizes: [[128, 96]], maxSplitSize: 64, splitMode: "pad" }],
  ],
  "leftover-pixels": [
    [false, [64, 48], { scales: [1] }, { patchSize: 16 }],
    [true, [65, 48], { scales: [1] }, { patchSize: 16 }],
    [true, [64, 47], { scales: [1] }, { patchSize: 16 }],
    [false, [65, 47], { scales: [1] }],
  ],
  "padded-row": [
    [true, [28, 756], { imgSizes: [[28, 406]], maxSplitSize: 756, splitMode: "pad" }, { patchSize: 14 }],
    [true, [756, 28], { imgSizes: [[406, 28]], maxSplitSize: 756, splitMode: "pad" }, { patchSize: 14 }],
    [false, [28, 756], { imgSizes: [[28, 406]], maxSplitSize: 756, splitMode: "pad" }],
    [false, [28, 756], { imgSizes: [[28, 406]], maxSplitSize: 756, splitMode: "pad", fusion: "aligned" }, { patchSize: 14 }],
    [false, [28, 756], { imgSizes: [[28, 378]], maxSplitSize: 756, splitMode: "pad" }, { patchSize: 14 }],
    [false, [756, 756], { imgSizes: [756], maxSplitSize: 756 }, { patchSize: 14 }],
  ],
  "duplicate-scale": [
    [true, [64, 64], { imgSizes: [64, 128, 64], maxSplitSize: 64 }],
    [
      false,
      [64, 64],
      {
        imgSizes: [
          [64, 64],
          [64, 128],
          [128, 64],
        ],
        maxSplitSize: 64,
      },
    ],
  ],
  "diluted-prefix": [
    [true, [64, 96], { scales: [1], maxSplitSize: 64, splitMode: "pad", numPrefixToken: 1 }],
    [true, [96, 64], { scales: [1], maxSplitSize: 64, splitMode: "pad", numPrefixToken: 1 }],
    [false, [64, 128], { scales: [1], maxSplitSize: 64, splitMode: "pad", numPrefixToken: 1 }],
    [false, [64, 96], { scales: [1], maxSplitSize: 64, splitMode: "resize", numPrefixToken: 1 }],
    [false, [64, 96], { scales: [1], maxSplitSize: 64, splitMode: "pad" }],
  ],
  extents: [
    [true, [64, 100], { scales: [1, 2], maxSplitSize: 64, splitMode: "pad" }, { patchSize: 16 }],
    [true, [100, 64], { scales: [1, 2], maxSplitSize: 64, splitMode: "pad" }, { patchSize: 16 }],
    [false, [64, 112], { scales: [1, 2], maxSplitSize: 64, splitMode: "pad" }, { patchSize: 16 }],
    [false, [64, 100], { scales: [1, 2], maxSplitSize: 64, splitMode: "pad" }],
    [false, [64, 100], { scales: [1, 2], maxSplitSize: 64, splitMode: "resize" }, { patchSize: 16 }],
  ],
  "negative-prefix": [
    [true, [8, 8], { scales: [1], numPrefixToken: -1 }],
    [false, [8, 8], { scales: [1], numPrefixToken: 0 }],
  ],
  "scale-truncated": [
    [true, [100, 10], { scales: [1.007] }], // 100.7 rounds to 101 and is cut to 100
    [true, [10, 100], { scales: [1.007] }],
    [false, [100, 100], { scales: [1.002] }], // 100.2: cut and rounded alike
  ],
  "max-split-zero": [
    [true, [8, 8], { scales: [1], maxSplitSize: 0 }],
    [false, [8, 8], { scales: [1] }],
  ],
  "empty-img-sizes": [
    [true, [8, 8], { scales: [1], imgSizes: [] }],
    [false, [8, 8], { scales: [1] }],
  ],
};

describe.each(Object.entries(cases))("%s", (code, rows) => {
  it.each(rows)("%s: %j, %j, traits %j", (there, image, options, traits) => {
    expect(codes(image, options, traits).includes(code)).toBe(there);
  });
});

it("messages name sizes as width x height, what is nearest, and how much", () => {
  const message = (code: string, [height, width]: Size, options: S2Options, traits?: Traits) =>
    planS2({ height, width }, options, traits).warnings.find((warning) => warning.code === code)!.message;
  expect(message("tile-size", [64, 64], { imgSizes: [[96, 130]], maxSplitSize: [64, 66] })).toMatch(
    /scale of 130x96 px is cut into tiles of 65x48 px, not 66x64.*full tiles is 132x128/,
  );
  expect(message("leftover-pixels", [67, 50], { scales: [1] }, { patchSize: 16 })).toMatch(/px: 3 rows and 2 columns/);
  expect(message("duplicate-scale", [8, 8], { scales: [2, 1, 2], maxSplitSize: 8 })).toMatch(
    /at positions 0 and 2 are both 16x16/,
  );
  expect(
    message("padded-row", [28, 756], { imgSizes: [[28, 406]], maxSplitSize: 756, splitMode: "pad" }, { patchSize: 14 }),
  ).toMatch(/keeps 2 rows and 30 columns of tokens where 2 and 29 touch/);
  expect(message("diluted-prefix", [64, 96], { scales: [1], maxSplitSize: 64, splitMode: "pad", numPrefixToken: 1 })).toMatch(
    /up to 50 %/,
  );
});
