/** Resizing equals Pillow to the bit: a model fed other pixels than it was trained behind gives other features, and no one sees why. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { compileSimd } from "../../scripts/simd/build.mjs";
import { S2Error } from "../../src/core/index.ts";
import { bands, filterBoth } from "../../src/images/filter-passes.ts";
import { filterWeights } from "../../src/images/filter-weights.ts";
import { type Filter, loadSimd, type Pixels, resizePixels } from "../../src/images/index.ts";
import { openSimd } from "../../src/images/simd-passes.ts";
import { readGolden, type Stored } from "../fixtures/read.ts";

interface Case {
  id: string;
  tag: string;
  filter: Filter;
  mode: "RGB" | "L";
  box: [number, number, number, number] | null;
  size: [width: number, height: number];
  input: Stored;
  output: Stored;
}

beforeAll(loadSimd); // the JavaScript passes are compared with these below

describe("Pillow's own answers", () => {
  const golden = readGolden<Case>("pil-resize");
  test.each(golden.cases)("$id: $filter, $mode, $tag", ({ input, output, size, filter, box, mode }) => {
    const [height, width] = input.shape;
    const pixels: Pixels = { width, height, channels: mode === "RGB" ? 3 : 1, data: golden.u8(input).data };
    const resized = resizePixels(pixels, [size[1], size[0]], filter, box ?? undefined);
    expect([resized.width, resized.height, resized.channels]).toEqual([size[0], size[1], pixels.channels]);
    expect(resized.data).toEqual(golden.u8(output).data);
  });

  // The fixtures have no alpha; these numbers are Pillow 12.3's for the noise that `noise` makes.
  // biome-ignore format: pictures, row by row
  const alpha: [Filter, [number, number], [number, number, number, number] | undefined, number[]][] = [
    ["bicubic", [2, 3], undefined, [79, 156, 137, 119, 162, 198, 110, 127, 119, 86, 152, 62, 186, 112, 186, 116, 177, 126, 148, 89, 95, 147, 153, 123]],
    ["box", [1, 2], [1, 2, 3, 3], [207, 104, 37, 156, 218, 255, 0, 7]],
    ["lanczos", [2, 3], [0.3, 1.2, 5.6, 4.9], [125, 141, 129, 106, 185, 250, 116, 103, 176, 124, 154, 94, 195, 105, 203, 133, 198, 66, 183, 85, 115, 136, 129, 110]],
  ];
  test.each(alpha)(
    "RGBA, %s to %j: colors of transparent pixels do not bleed into a cut-out's edge",
    (filter, size, box, expected) => {
      expect([...resizePixels(noise(7, 5, 4), size, filter, box).data]).toEqual(expected);
    },
  );
});

const channels = fc.constantFrom<Pixels["channels"]>(1, 3, 4);
const filter = fc.constantFrom<Filter>("bicubic", "bilinear", "lanczos", "box");
const side = fc.integer({ min: 1, max: 40 });

/** Any picture of 1, 3 or 4 channels (or of just those named), up to 40 pixels a side. */
function anyPixels(of: fc.Arbitrary<Pixels["channels"]> = channels): fc.Arbitrary<Pixels> {
  return fc
    .tuple(side, side, of)
    .chain(([width, height, c]) =>
      fc
        .uint8Array({ minLength: width * height * c, maxLength: width * height * c })
        .map((data) => ({ width, height, channels: c, data })),
    );
}

describe("what holds for every picture", () => {
  test("the same size is a copy, not the same memory: who writes into the result must not spoil the image", () => {
    const check = (pixels: Pixels, by: Filter) => {
      const copy = resizePixels(pixels, [pixels.height, pixels.width], by);
      expect(copy).toEqual(pixels);
      expect(copy.data.buffer).not.toBe(pixels.data.buffer);
    };
    fc.assert(fc.property(anyPixels(), filter, check));
  });

  test("a copy of a slice of a larger buffer (Node's pool) holds the picture alone", () => {
    const data = Buffer.from([9, 1, 2, 3, 9]).subarray(1, 4);
    const copy = resizePixels({ width: 1, height: 1, channels: 3, data }, [1, 1], "box");
    expect([copy.data.constructor, copy.data.buffer.byteLength, [...copy.data]]).toEqual([Uint8Array, 3, [1, 2, 3]]);
  });

  test("one color stays that color: flat sky must not drift with the size", () => {
    const check = (height: number, width: number, size: [number, number], value: number, by: Filter) => {
      const data = new Uint8Array(height * width * 3).fill(value);
      const resized = resizePixels({ height, width, channels: 3, data }, size, by);
      expect(resized.data).toEqual(new Uint8Array(size[0] * size[1] * 3).fill(value));
    };
    fc.assert(fc.property(side, side, fc.tuple(side, side), fc.integer({ min: 0, max: 255 }), filter, check));
  });

  test("channels do not touch: RGB is three grays, so the loops of 1 and 3 channels agree", () => {
    const check = (pixels: Pixels, size: [number, number], by: Filter) => {
      const together = resizePixels(pixels, size, by);
      for (let c = 0; c < 3; c++) {
        const alone = resizePixels({ ...pixels, channels: 1, data: channel(pixels, c) }, size, by);
        expect(alone.data).toEqual(channel(together, c));
      }
    };
    fc.assert(fc.property(anyPixels(fc.constant(3)), fc.tuple(side, side), filter, check));
  });

  test("opaque RGBA is RGB with alpha 255 added, so a PNG without transparency gives the features of its JPEG", () => {
    const check = (pixels: Pixels, size: [number, number], by: Filter) => {
      const opaque = { ...pixels, channels: 4, data: withAlpha(pixels.data) } as const;
      expect(resizePixels(opaque, size, by).data).toEqual(withAlpha(resizePixels(pixels, size, by).data));
    };
    fc.assert(fc.property(anyPixels(fc.constant(3)), fc.tuple(side, side), filter, check));
  });

  test("the box of the whole picture is no box", () => {
    const check = (pixels: Pixels, size: [number, number], by: Filter) => {
      const boxed = resizePixels(pixels, size, by, [0, 0, pixels.width, pixels.height]);
      expect(boxed).toEqual(resizePixels(pixels, size, by));
    };
    fc.assert(fc.property(anyPixels(), fc.tuple(side, side), filter, check));
  });
});

describe("WebAssembly and JavaScript", () => {
  test("give the same bytes for every size, filter and box: a page that forbids WebAssembly must not see other features", () => {
    const simd = openSimd();
    const side = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 150, max: 250 }));
    const axis = fc.tuple(side, side, fc.double({ min: 0, max: 0.9, noNaN: true }), fc.double({ min: 0, max: 0.9, noNaN: true }));
    const weights = (filter: Filter, [size, out, from, part]: readonly number[]) => {
      const start = Math.fround(size * from);
      return filterWeights(filter, size, start, Math.fround(start + (size - start) * (1 - part)), out);
    };
    const check = (across: [number, number, number, number], down: [number, number, number, number], by: Filter) => {
      const { data } = noise(across[0], down[0], 3);
      const [x, y] = [weights(by, across), weights(by, down)];
      const fast = simd(data, across[0], x, y, bands(y))!;
      expect(Buffer.compare(fast, filterBoth(data, across[0], 3, x, y, bands(y)))).toBe(0);
    };
    fc.assert(fc.property(axis, axis, filter, check), { numRuns: 30 });
    check([9000, 3, 0, 0], [600, 2, 0, 0], "lanczos"); // thousands of taps, and rows that are longer than a chunk
  });

  test("weights too large for the module's numbers are left to JavaScript", () => {
    const one = (weight: number) => {
      const axis = { first: Int32Array.of(0), count: Int32Array.of(1), weights: Int32Array.of(weight), stride: 1 };
      const down = filterWeights("box", 1, 0, 1, 1);
      return openSimd()(Uint8Array.of(1, 2, 3), 1, axis, down, bands(down));
    };
    expect(one(2 ** 26 - 1)).toEqual(Uint8Array.of(16, 32, 48));
    expect(one(2 ** 26)).toBeUndefined();
    expect(one(-(2 ** 26))).toEqual(Uint8Array.of(0, 0, 0));
    expect(one(-(2 ** 26) - 1)).toBeUndefined();
  });

  test("the committed module is the compiled one", async () => {
    const committed = readFileSync(new URL("../../src/images/simd-module.ts", import.meta.url), "utf8");
    expect(await compileSimd()).toBe(committed);
  });

  test("where a content security policy forbids WebAssembly, JavaScript resizes", async () => {
    const pixels = noise(9, 7, 3);
    const expected = resizePixels(pixels, [4, 5], "bicubic");
    vi.stubGlobal("WebAssembly", {
      Module: class {
        constructor() {
          throw new WebAssembly.CompileError("Refused to compile or instantiate WebAssembly module");
        }
      },
    });
    vi.resetModules();
    const fresh = await import("../../src/images/index.ts");
    await fresh.loadSimd();
    vi.unstubAllGlobals();
    expect(fresh.resizePixels(pixels, [4, 5], "bicubic")).toEqual(expected);
  });
});

describe("parts and bands", () => {
  test("a box with the picture's sides, or a size with its sides, is still resized where the other one differs", () => {
    const gray = noise(4, 4, 1);
    // Enlarging two columns or rows to four by "box" repeats each of them.
    const columns = (...of: number[]) => gray.data.map((_, i) => gray.data[Math.floor(i / 4) * 4 + of[i % 4]]);
    const rows = (...of: number[]) => gray.data.map((_, i) => gray.data[of[Math.floor(i / 4)] * 4 + (i % 4)]);
    expect(resizePixels(gray, [4, 4], "box", [0, 0, 2, 4]).data).toEqual(columns(0, 0, 1, 1));
    expect(resizePixels(gray, [4, 4], "box", [2, 0, 4, 4]).data).toEqual(columns(2, 2, 3, 3));
    expect(resizePixels(gray, [4, 4], "box", [0, 0, 4, 2]).data).toEqual(rows(0, 0, 1, 1));
    expect(resizePixels(gray, [4, 4], "box", [0, 2, 4, 4]).data).toEqual(rows(2, 2, 3, 3));
  });

  test("both sides at once are the width first and then the height, rounded to bytes between, also of tall pictures", () => {
    const side = fc.integer({ min: 1, max: 300 });
    const filter = fc.constantFrom<Filter>("bicubic", "bilinear", "lanczos", "box");
    fc.assert(
      fc.property(side, side, fc.constantFrom<1 | 3>(1, 3), filter, (height, out, channels, filter) => {
        const pixels = noise(5, height, channels);
        const apart = resizePixels(resizePixels(pixels, [height, 7], filter), [out, 7], filter);
        expect(resizePixels(pixels, [out, 7], filter)).toEqual(apart);
      }),
      { numRuns: 40 },
    );
  });
});

describe("refusals name what was wrong, before any work", () => {
  const gray = noise(6, 4, 1);
  const wrong: [code: string, says: RegExp, call: () => unknown][] = [
    ["size", /Got size \[0,3\].*\[height, width\]/, () => resizePixels(gray, [0, 3], "box")],
    ["size", /\[2\.5,3\]/, () => resizePixels(gray, [2.5, 3], "box")],
    ["size", /Got size 224/, () => resizePixels(gray, 224 as never, "box")],
    ["size", /Got size \[3\]/, () => resizePixels(gray, [3] as never, "box")],
    ["size", /Got size \[3,3,3\]/, () => resizePixels(gray, [3, 3, 3] as never, "box")],
    ["size", /Got size \{"length":2\}/, () => resizePixels(gray, { length: 2 } as never, "box")],
    ["box", /Got box \[0,0,6\]/, () => resizePixels(gray, [2, 2], "box", [0, 0, 6] as never)],
    ["box", /Got box \[0,0,6,4,1\]/, () => resizePixels(gray, [2, 2], "box", [0, 0, 6, 4, 1] as never)],
    ["box", /Got box "0064"/, () => resizePixels(gray, [2, 2], "box", "0064" as never)],
    ["box", /none negative/, () => resizePixels(gray, [2, 2], "box", [0, -1, 6, 4])],
    ["box", /bottom <= 4/, () => resizePixels(gray, [2, 2], "box", [0, 0, 6, 4.5])],
    ["box", /top < bottom/, () => resizePixels(gray, [2, 2], "box", [0, 3, 6, 3])],
    ["box", /top < bottom/, () => resizePixels(gray, [2, 2], "box", [0, 3, 6, 2])],
    ["box", /left < right/, () => resizePixels(gray, [2, 2], "box", [4, 0, 3, 4])],
    ["pixels", /of type undefined/, () => resizePixels({ ...gray, data: undefined as never }, [2, 2], "box")],
    [
      "pixels",
      /72 bytes for 6 x 4 pixels of 3 channels|expected 72/,
      () => resizePixels({ ...gray, channels: 3 }, [2, 2], "box"),
    ],
    ["filter", /"nearest".*bicubic/, () => resizePixels(gray, [2, 2], "nearest" as never)],
    ["box", /right <= 6/, () => resizePixels(gray, [2, 2], "box", [0, 0, 7, 4])],
    ["box", /none negative/, () => resizePixels(gray, [2, 2], "box", [-1, 0, 6, 4])],
    ["box", /left < right/, () => resizePixels(gray, [2, 2], "box", [3, 0, 3, 4])],
    ["box", /expected \[left/, () => resizePixels(gray, [2, 2], "box", [0, 0, Number.NaN, 4])],
    ["pixels", /23 bytes.*expected 24/, () => resizePixels({ ...gray, data: gray.data.subarray(1) }, [2, 2], "box")],
    ["pixels", /2 channels/, () => resizePixels({ ...gray, channels: 2 as never }, [2, 2], "box")],
    ["pixels", /width 0/, () => resizePixels({ ...gray, width: 0 }, [2, 2], "box")],
    [
      "pixels",
      /Uint8ClampedArray.*Wrap/,
      () => resizePixels({ ...gray, data: new Uint8ClampedArray(24) as never }, [2, 2], "box"),
    ],
    ["pixels", /undefined/, () => resizePixels(undefined as never, [2, 2], "box")],
  ];
  test.each(wrong)("%s: %s", (code, says, call) => {
    expect(call).toThrow(S2Error);
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringMatching(says) }));
  });
});

/** The noise whose resized pictures were taken from Pillow: the high bytes of a linear congruence. */
function noise(width: number, height: number, channels: 1 | 3 | 4): Pixels {
  let state = 1;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) | 0) >>> 24;
  return { width, height, channels, data: Uint8Array.from({ length: width * height * channels }, next) };
}

function channel({ data, channels }: Pixels, index: number): Uint8Array {
  return data.filter((_, i) => i % channels === index);
}

function withAlpha(rgb: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: (rgb.length / 3) * 4 }, (_, i) => (i % 4 === 3 ? 255 : rgb[Math.floor(i / 4) * 3 + (i % 4)]));
}
