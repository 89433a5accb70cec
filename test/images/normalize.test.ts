/** Normalizing equals numpy's float32 arithmetic, and pads with zeros: a shifted plane or padding would move every feature. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { imagenet, normalizer, type Pixels, type Preprocessing } from "../../src/images/index.ts";

/** One row of gray RGB pixels. */
function grays(...values: number[]): Pixels {
  return {
    width: values.length,
    height: 1,
    channels: 3,
    data: Uint8Array.from(values.flatMap((value) => [value, value, value])),
  };
}

describe("values", () => {
  // numpy 2: (np.float32(v) / 255 - np.float32(mean)) / np.float32(std) for v = 1, 77, 200
  test("equal numpy's to the last bit, ImageNet's mean and std", () => {
    const out = new Float32Array(9);
    normalizer(imagenet)(grays(1, 77, 200), 0, 0, 1, 3, out, 0);
    const red = [-2.1007792949676514, -0.7992978692054749, 1.3070467710494995];
    const green = [-2.018207311630249, -0.6876749992370605, 1.465686321258545];
    const blue = [-1.7870151996612549, -0.46239641308784485, 1.6813944578170776];
    expect([...out]).toEqual([...red, ...green, ...blue]);
  });

  test("a config's rounded 1/255 divides too; other factors multiply in float32", () => {
    const out = new Float32Array(3);
    const raw = (rescale: number): Preprocessing => ({ ...imagenet, mean: [0, 0, 0], std: [1, 1, 1], rescale });
    normalizer(raw(0.00392156862))(grays(253), 0, 0, 1, 1, out, 0);
    expect(out[0]).toBe(Math.fround(253 / 255));
    normalizer(raw(1 / 127.5))(grays(253), 0, 0, 1, 1, out, 0);
    expect(out[0]).toBe(Math.fround(253 * Math.fround(1 / 127.5)));
    normalizer(raw(1))(grays(253), 0, 0, 1, 1, out, 0);
    expect(out[0]).toBe(253);
  });
});

test.each([
  [0.0039215686, true],
  [0.003921569, true],
  [1 / 255 - 0.99e-9, true],
  [1 / 255 + 1.01e-9, false],
  [0.00392157, false],
  [1 / 256, false],
])("%d is taken for 1/255: %s", (rescale, divides) => {
  const values = Array.from({ length: 256 }, (_, value) => value);
  const out = new Float32Array(3 * 256);
  normalizer({ ...imagenet, mean: [0, 0, 0], std: [1, 1, 1], rescale })(grays(...values), 0, 0, 1, 256, out, 0);
  const { fround } = Math;
  expect([...out.subarray(0, 256)]).toEqual(values.map((value) => fround(divides ? value / 255 : value * fround(rescale))));
});

describe("rectangles", () => {
  const place = fc.integer({ min: 0, max: 9 });
  const picture = fc
    .tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }))
    .chain(([width, height]) =>
      fc
        .uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 })
        .map((data): Pixels => ({ width, height, channels: 3, data })),
    );

  test("any part of any picture: planes at the offset, 0 beyond the edges, nothing outside touched", () => {
    const write = normalizer(imagenet);
    const check = (pixels: Pixels, top: number, left: number, height: number, width: number, offset: number) => {
      const size = 3 * height * width;
      const out = new Float32Array(offset + size + 2).fill(7);
      write(pixels, top, left, height, width, out, offset);
      const expected = new Float32Array(out.length).fill(7);
      for (let i = 0; i < size; i++) {
        const [c, y, x] = [Math.floor(i / (height * width)), top + (Math.floor(i / width) % height), left + (i % width)];
        expected[offset + i] = y < pixels.height && x < pixels.width ? valueAt(pixels, y, x, c) : 0;
      }
      expect(out).toEqual(expected);
    };
    fc.assert(fc.property(picture, place, place, place, place, place, check));
  });

  test("padding is 0 after normalization, not a normalized black: the reference pads the normalized image", () => {
    const out = new Float32Array(12);
    normalizer(imagenet)(grays(0), 0, 0, 2, 2, out, 0);
    expect([...out].map((value) => value !== 0)).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0].map(Boolean));
  });
});

describe("refusals", () => {
  const out = new Float32Array(12);
  const write = normalizer(imagenet);
  const gray: Pixels = { width: 1, height: 1, channels: 1, data: new Uint8Array(1) };
  test.each<[string, RegExp, () => unknown]>([
    ["pixels", /1 channels; expected 3/, () => write(gray, 0, 0, 1, 1, out, 0)],
    ["box", /top -1/, () => write(grays(1), -1, 0, 1, 1, out, 0)],
    ["box", /width 1\.5/, () => write(grays(1), 0, 0, 1, 1.5, out, 0)],
    ["size", /12 places.*at least 13/, () => write(grays(1), 0, 0, 2, 2, out, 1)],
    ["size", /whole offset/, () => write(grays(1), 0, 0, 1, 1, out, -3)],
    ["preprocessing", /Got std \[1,0,1\]/, () => normalizer({ ...imagenet, std: [1, 0, 1] })],
  ])("%s: %s", (code, says, call) => {
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringMatching(says) }));
  });
});

/** The straightforward computation with ImageNet's numbers, a float32 after every step. */
function valueAt({ data, width }: Pixels, y: number, x: number, c: number): number {
  const scaled = Math.fround(data[(y * width + x) * 3 + c] / 255);
  return Math.fround(Math.fround(scaled - Math.fround(imagenet.mean[c])) / Math.fround(imagenet.std[c]));
}
