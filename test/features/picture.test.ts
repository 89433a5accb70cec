/** The strip that the README and the command line show: what is where, and that the tiles can be seen. */

import { describe, expect, it } from "vitest";
import { picture } from "../../src/features/picture.ts";
import type { Pixels } from "../../src/images/index.ts";

function filled(width: number, height: number, color: readonly number[]): Pixels {
  const channels = color.length as 1 | 3 | 4;
  return {
    width,
    height,
    channels,
    data: Uint8Array.from({ length: width * height * channels }, (_, i) => color[i % channels]),
  };
}

const at = ({ width, data }: Pixels, x: number, y: number) =>
  Array.from(data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3));

describe("picture", () => {
  const image = filled(200, 100, [10, 20, 30]);
  const colors: Pixels = { width: 2, height: 1, channels: 3, data: Uint8Array.of(255, 0, 0, 0, 0, 255) };

  it("sets image and scales side by side in one size, 8 white pixels between", () => {
    const strip = picture(
      image,
      [
        { colors, tiles: [] },
        { colors: filled(3, 3, [0, 255, 0]), tiles: [] },
      ],
      50,
    );
    expect([strip.width, strip.height, strip.channels]).toEqual([3 * 100 + 2 * 8, 50, 3]);
    expect([0, 99, 100, 107, 108, 157, 158, 207, 208, 216, 315].map((x) => at(strip, x, 25))).toEqual([
      [10, 20, 30],
      [10, 20, 30],
      [255, 255, 255],
      [255, 255, 255],
      [255, 0, 0],
      [255, 0, 0],
      [0, 0, 255],
      [0, 0, 255],
      [255, 255, 255],
      [0, 255, 0],
      [0, 255, 0],
    ]);
  });

  it("outlines tiles where they are in the image: white, dark on either side, on any color", () => {
    for (const color of [
      [255, 255, 255],
      [0, 0, 0],
      [250, 120, 0],
    ]) {
      const tiles = [
        { left: 0, top: 0, width: 100, height: 100 },
        { left: 100, top: 0, width: 100, height: 100 },
      ];
      const strip = picture(image, [{ colors: filled(4, 2, color), tiles }], 50);
      const line = Array.from({ length: 100 }, (_, x) => at(strip, 108 + x, 25).join());
      const plain = color.join();
      expect([0, 1, 2, 48, 49, 50, 51, 52, 97, 98, 99].map((x) => line[x])).toEqual(
        ["W", "D", "", "", "D", "W", "D", "", "", "D", "W"].map((kind) => ({ W: "255,255,255", D: "32,32,32" })[kind] ?? plain),
      );
      expect([0, 1, 2, 47, 48, 49].map((y) => at(strip, 108 + 20, y)[0])).toEqual([255, 32, color[0], color[0], 32, 255]);
    }
  });

  it("keeps a tile that reaches beyond the image (padding) on its panel, off the gap and the neighbors", () => {
    const bare = picture(image, [{ colors, tiles: [] }], 50);
    const strip = picture(image, [{ colors, tiles: [{ left: -40, top: 50.5, width: 400, height: 300 }] }], 50);
    for (let y = 0; y < 50; y++) for (let x = 0; x < 108; x++) expect(at(strip, x, y)).toEqual(at(bare, x, y));
    expect([at(strip, 108, 40), at(strip, 207, 40), at(strip, 150, 25)]).toEqual(new Array(3).fill([255, 255, 255]));
  });

  it("takes a gray image, and one with alpha, which lies on white", () => {
    expect(at(picture(filled(4, 4, [77]), [], 4), 2, 2)).toEqual([77, 77, 77]);
    expect(at(picture(filled(4, 4, [200, 100, 0, 0]), [], 4), 2, 2)).toEqual([255, 255, 255]);
    expect(at(picture(filled(4, 4, [200, 100, 0, 255]), [], 4), 2, 2)).toEqual([200, 100, 0]);
  });

  it("does not draw on the pictures that it was given", () => {
    const size = filled(448, 448, [9, 9, 9]);
    picture(size, [{ colors: size, tiles: [{ left: 0, top: 0, width: 448, height: 448 }] }]);
    expect(size.data.every((value) => value === 9)).toBe(true);
  });

  it.each([
    [200, 100, 896, 448],
    [100, 200, 224, 448],
    [3000, 300, 896, 90],
    [1, 5000, 1, 448],
    [5000, 1, 896, 1],
  ])("fits an image of %i x %i into a panel of %i x %i", (width, height, panelWidth, panelHeight) => {
    const strip = picture(filled(width, height, [1, 2, 3]), []);
    expect([strip.width, strip.height]).toEqual([panelWidth, panelHeight]);
  });

  it("refuses a height that is none", () => {
    expect(() => picture(image, [], 0.5)).toThrow(/Got height 0.5/);
  });
});
