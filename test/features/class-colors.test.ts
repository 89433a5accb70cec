/** Colors of classes: no two look alike, they stay from run to run, and masks drawn with them show image, regions and outlines. */
import { describe, expect, it } from "vitest";
import { classColor } from "../../src/features/class-colors.ts";
import { maskOver } from "../../src/features/prediction-picture.ts";

/** Converts sRGB to Oklab by way of XYZ (CSS Color 4, §18), another way than the package's. */
function oklab(color: readonly number[]): number[] {
  const times = (rows: readonly number[][], v: readonly number[]) => rows.map((row) => row.reduce((s, x, i) => s + x * v[i], 0));
  const linear = color.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  const xyz = times(
    [
      [0.41239079926595934, 0.357584339383878, 0.1804807884018343],
      [0.21263900587151027, 0.715168678767756, 0.07219231536073371],
      [0.01933081871559182, 0.11919477979462598, 0.9505321522496607],
    ],
    linear,
  );
  const lms = times(
    [
      [0.819022437996703, 0.3619062600528904, -0.1288737815209879],
      [0.0329836539323885, 0.9292868615863434, 0.0361446663506424],
      [0.0481771893596242, 0.2642395317527308, 0.6335478284694309],
    ],
    xyz,
  );
  return times(
    [
      [0.210454268309314, 0.7936177747023054, -0.0040720430116193],
      [1.9779985324311684, -2.4285922420485799, 0.450593709617411],
      [0.0259040424655478, 0.7827717124575296, -0.8086757549230774],
    ],
    lms.map(Math.cbrt),
  );
}

function smallestDistance(count: number): number {
  const labs = Array.from({ length: count }, (_, id) => oklab(classColor(id)));
  return Math.min(...labs.flatMap((a, i) => labs.slice(0, i).map((b) => Math.hypot(...a.map((value, c) => value - b[c])))));
}

describe("classColor", () => {
  // About 0.02 is a just noticeable difference.
  it.each([
    [12, 0.15],
    [20, 0.13],
    [40, 0.095],
    [256, 0.04],
  ])("%i classes lie at least %f apart in Oklab", (count, bound) => expect(smallestDistance(count)).toBeGreaterThan(bound));

  it("stays the same, so that masks of today and tomorrow can be compared", () => {
    const hex = Array.from({ length: 12 }, (_, id) => Buffer.from(classColor(id)).toString("hex"));
    expect(hex).toEqual("0072b2 e69f00 009e73 cc79a7 d55e00 f0e442 8800ff ff00ee 00ff00 aaddff 0000ff 660066".split(" "));
    expect(classColor(255)).toEqual(classColor(255));
    classColor(3)[0] = 0; // a caller's copy
    expect(classColor(3)).toEqual([204, 121, 167]);
  });
});

describe("maskOver", () => {
  const at = (data: ArrayLike<number>, x: number, y: number) => Array.from({ length: 3 }, (_, c) => data[3 * (8 * y + x) + c]);
  const image = {
    width: 8,
    height: 4,
    channels: 1 as const,
    data: Uint8Array.from({ length: 32 }, (_, i) => (i < 16 ? 40 : 220)),
  };
  // Half the image's size: class 1 is the right half.
  const mask = { width: 4, height: 2, data: Uint8Array.of(0, 0, 1, 1, 0, 0, 1, 1) };
  const over = maskOver(image, mask);

  it("outlines each region in its own color, without a line at the edge of the image", () => {
    for (const y of [0, 1, 2, 3]) {
      expect([at(over.data, 3, y), at(over.data, 4, y)]).toEqual([classColor(0), classColor(1)]);
      expect(at(over.data, 0, y)).not.toEqual(classColor(0));
    }
  });

  it("shows the image through the color, half of each", () => {
    const half = (id: number, light: number) =>
      classColor(id).map((value) => Math.round((value + 128 + 0.7 * (light - 128)) / 2));
    expect(at(over.data, 1, 1)).toEqual(half(0, 40));
    expect(at(over.data, 1, 2)).toEqual(half(0, 220));
    expect(at(over.data, 6, 2)).toEqual(half(1, 220));
    expect(image.data[0]).toBe(40);
  });
});
