import { expect, it } from "vitest";
import { makeRandom } from "../../src/tensors/index.ts";
import { alter } from "../../src/train/alter.ts";

const picture = (side: number, of: (row: number, col: number, channel: number) => number) =>
  Uint8Array.from({ length: side * side * 3 }, (_, i) =>
    of(Math.floor(i / 3 / side) / side, (Math.floor(i / 3) % side) / side, i % 3),
  );

it("alters the coarse and the fine view in the same way, so that S² in the loop sees one image", () => {
  const smooth = (row: number, col: number, channel: number) => 128 + 60 * Math.sin(3 * row + 2 * channel) * Math.cos(4 * col);
  const [coarse, fine] = [picture(64, smooth), picture(128, smooth)];
  const before = coarse.slice();
  alter(
    [
      { data: coarse, side: 64 },
      { data: fine, side: 128 },
    ],
    makeRandom(1),
  );
  let [apart, moved] = [0, 0];
  for (let i = 0; i < coarse.length; i++) {
    const [row, col, channel] = [Math.floor(i / 3 / 64), Math.floor(i / 3) % 64, i % 3];
    apart += Math.abs(coarse[i] - fine[(2 * row * 128 + 2 * col) * 3 + channel]) / coarse.length;
    moved += Math.abs(coarse[i] - before[i]) / coarse.length;
  }
  expect(moved).toBeGreaterThan(10);
  expect(apart).toBeLessThan(2);
});

it("leaves grays gray and adds no edge: a gray wall stays one", () => {
  for (let seed = 1; seed < 20; seed++) {
    const wall = picture(32, () => 90);
    alter([{ data: wall, side: 32 }], makeRandom(seed));
    expect(new Set(wall).size).toBe(1);
  }
});

it("turns colors: a red square becomes others, and not a black or white one", () => {
  const seen = Array.from({ length: 20 }, (_, seed) => {
    const red = picture(8, (_row, _col, channel) => (channel === 0 ? 200 : 60));
    alter([{ data: red, side: 8 }], makeRandom(seed));
    return [...red.subarray(0, 3)];
  });
  expect(seen.every((rgb) => Math.max(...rgb) - Math.min(...rgb) > 20)).toBe(true);
  expect(new Set(seen.map((rgb) => rgb.indexOf(Math.max(...rgb)))).size).toBe(3);
});
