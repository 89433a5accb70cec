/** A heat picture must be hot where tokens are alike, over the pixels that they stand for, and leave the rest of the image dark. */
import { describe, expect, it } from "vitest";
import { heatPicture } from "../../src/features/index.ts";
import type { Pixels } from "../../src/images/index.ts";

const gray: Pixels = { width: 80, height: 40, channels: 3, data: new Uint8Array(80 * 40 * 3).fill(120) };
const whole = { region: { left: 0, top: 0, width: 80, height: 40 }, token: [10, 10] as const };
const heat = (hot: readonly number[]) => ({
  ...{ rows: 4, cols: 8 },
  data: Float32Array.from({ length: 32 }, (_, i) => (hot.includes(i) ? 0.9 : i / 1000)),
});
const at = ({ width, data }: Pixels, x: number, y: number) => [...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)];
const light = (color: readonly number[]) => color.reduce((sum, value) => sum + value, 0);
const box = { left: 0, top: 0, width: 10, height: 10 };

describe("heat over an image", () => {
  it("is a strip of the image and a panel for each map, hot where the map is and dark elsewhere", () => {
    const strip = heatPicture(
      gray,
      [
        { heat: heat([13]), gridGeometry: whole },
        { heat: heat([30]), gridGeometry: whole },
      ],
      box,
      40,
    );
    expect([strip.width, strip.height]).toEqual([3 * 80 + 2 * 8, 40]);
    expect(at(strip, 40, 20)).toEqual([120, 120, 120]);
    const [first, second] = [88, 176];
    expect(light(at(strip, first + 55, 15))).toBeGreaterThan(500); // token 13 is row 1, column 5
    expect(at(strip, first + 25, 5)).toEqual([54, 54, 54]); // below the median
    expect(light(at(strip, second + 65, 35))).toBeGreaterThan(500);
    expect(light(at(strip, second + 55, 15))).toBeLessThan(200);
  });

  it("outlines the place in every panel", () => {
    const strip = heatPicture(
      gray,
      [{ heat: heat([30]), gridGeometry: whole }],
      { left: 20, top: 10, width: 20, height: 20 },
      40,
    );
    for (const panel of [0, 88]) expect(at(strip, panel + 20, 20)).toEqual([255, 255, 255]);
  });

  it("covers only what the model saw of a cropped image, and cuts tokens that reach beyond the image", () => {
    const crop = { region: { left: 40, top: 0, width: 40, height: 40 }, token: [10, 5] as const };
    const strip = heatPicture(gray, [{ heat: heat([13]), gridGeometry: crop }], box, 40);
    expect(light(at(strip, 88 + 40 + 27, 15))).toBeGreaterThan(500);
    expect(at(strip, 88 + 30, 15)).toEqual([54, 54, 54]);
    const beyond = { region: whole.region, token: [15, 15] as const };
    const cut = heatPicture(gray, [{ heat: heat([12]), gridGeometry: beyond }], box, 40);
    expect([cut.width, light(at(cut, 88 + 67, 22)) > 500]).toEqual([168, true]);
  });

  it("without any difference is dark, and of numbers that are none is refused", () => {
    const flat = { rows: 2, cols: 2, data: new Float32Array(4).fill(0.5) };
    expect(at(heatPicture(gray, [{ heat: flat, gridGeometry: { ...whole, token: [20, 40] } }], box, 40), 88 + 60, 30)).toEqual([
      54, 54, 54,
    ]);
    for (const data of [new Float32Array(3), Float32Array.of(1, 2, Number.NaN, 4)])
      expect(() => heatPicture(gray, [{ heat: { ...flat, data }, gridGeometry: whole }], box)).toThrow(
        expect.objectContaining({ code: "picture" }),
      );
    expect(() => heatPicture(gray, [], box, 0)).toThrow(expect.objectContaining({ code: "picture" }));
  });
});
