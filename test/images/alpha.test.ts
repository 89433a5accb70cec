/** Pillow's rounding of colors times alpha and back, for every pair of bytes: a bit off here is a seam around every cut-out. */
import { expect, it } from "vitest";
import { premultiply, unpremultiply } from "../../src/images/alpha.ts";

const bytes = Array.from({ length: 256 }, (_, value) => value);
/** One pixel for each color with this alpha; green and blue are other colors than red. */
const pixels = (alpha: number) => Uint8Array.from(bytes.flatMap((color) => [color, 255 - color, color ^ 85, alpha]));

it("premultiplying rounds color · alpha / 255 to the nearest, and keeps alpha", () => {
  for (const alpha of bytes) {
    const expected = pixels(alpha).map((value, i) => (i % 4 === 3 ? value : Math.round((value * alpha) / 255)));
    expect(premultiply(pixels(alpha)), `alpha ${alpha}`).toEqual(expected);
  }
});

it("dividing cuts 255 · color / alpha off to a whole number of at most 255, and leaves transparent and opaque pixels", () => {
  for (const alpha of bytes) {
    const got = pixels(alpha);
    unpremultiply(got);
    const expected = pixels(alpha).map((value, i) =>
      i % 4 === 3 || alpha === 0 ? value : Math.min(255, Math.floor((255 * value) / alpha)),
    );
    expect(got, `alpha ${alpha}`).toEqual(expected);
  }
});
