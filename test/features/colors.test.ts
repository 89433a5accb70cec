/** The colors that people judge a model by: they must show what differs, survive outliers, and be the same every time. */

import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { principalColors } from "../../src/features/colors.ts";

type Map = Parameters<typeof principalColors>[0];

/** Tokens from a function of row and column, in a map. */
function mapOf(rows: number, cols: number, channels: number, token: (y: number, x: number, c: number) => number): Map {
  const data = Float32Array.from({ length: rows * cols * channels }, (_, i) => {
    const at = Math.floor(i / channels);
    return token(Math.floor(at / cols), at % cols, i % channels);
  });
  return { rows, cols, channels, data };
}

/** Numbers in [-0.5, 0.5) that are the same in every run. */
function noise(seed = 7): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32 - 0.5;
}

const colorAt = (colors: { width: number; data: Uint8Array }, y: number, x: number) =>
  Array.from(colors.data.subarray((y * colors.width + x) * 3, (y * colors.width + x) * 3 + 3));

describe("principalColors", () => {
  it("puts the strongest planted direction in red, the next in green, the third in blue", () => {
    // Three orthogonal directions in 8 channels, along x (strong), along y (weaker), along a chessboard (weakest).
    const direction = [
      [1, 1, 1, 1, 1, 1, 1, 1.1],
      [1, -1, 1, -1, 1, -1, 1.1, -1],
      [1, 1, -1, -1, 1.1, 1, -1, -1],
    ];
    const map = mapOf(
      20,
      30,
      8,
      (y, x, c) => 5 + x * direction[0][c] + 0.3 * y * direction[1][c] + ((x + y) % 2) * direction[2][c],
    );
    const { data, width } = principalColors(map);
    for (const [color, step, length] of [
      [0, 1, width],
      [1, width, 20],
    ]) {
      const line = Array.from({ length }, (_, i) => data[i * step * 3 + color]);
      const rising = Math.sign(line[length - 1] - line[0]);
      expect(line).toEqual(line.toSorted((a, b) => rising * (a - b)));
      expect([Math.min(...line) < 20, Math.max(...line) > 235]).toEqual([true, true]);
    }
    expect(Math.abs(data[2] - data[5])).toBeGreaterThan(150);
  });

  it("agrees with the eigenvectors that are known: axis-parallel noise of falling strength", () => {
    const next = noise();
    const strength = [0.5, 8, 0.1, 2, 4];
    const map = mapOf(30, 40, 5, (_, __, c) => next() * strength[c]);
    const { data } = principalColors(map);
    for (const [color, channel] of [1, 4, 3].entries()) {
      const pairs = Array.from({ length: 1200 }, (_, t): [number, number] => [map.data[t * 5 + channel], data[t * 3 + color]]);
      pairs.sort((a, b) => a[0] - b[0]);
      // Positive weights by the sign rule: the color rises with its channel, but for the little that other channels mix in.
      for (let t = 100; t < 1200; t += 100) expect(pairs[t][1]).toBeGreaterThan(pairs[t - 100][1]);
    }
  });

  it("does not let one outlying token (ViTs have them) gray out the rest", () => {
    const next = noise();
    const map = mapOf(20, 20, 16, () => next());
    const axis = Float32Array.from({ length: 16 }, next);
    for (let t = 0; t < 400; t++) for (let c = 0; c < 16; c++) map.data[t * 16 + c] += axis[c] * 5 * (t % 20);
    for (let c = 0; c < 16; c++) map.data[c] += axis[c] * 1000;
    const { data } = principalColors(map);
    const reds = new Set(Array.from({ length: 399 }, (_, i) => data[(i + 1) * 3]));
    expect(Math.max(...reds) - Math.min(...reds)).toBe(255);
    expect(reds.size).toBeGreaterThanOrEqual(20);
  });

  it("gives the same colors again, and the same for features of another magnitude", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(),
        (rows, cols, channels, seed) => {
          const next = noise(seed);
          const map = mapOf(rows, cols, channels, () => next());
          const colors = principalColors(map);
          expect([colors.width, colors.height, colors.channels, colors.data.length]).toEqual([cols, rows, 3, rows * cols * 3]);
          expect(principalColors({ ...map, data: map.data.slice() })).toEqual(colors);
          expect(principalColors({ ...map, data: map.data.map((value) => value * 4) })).toEqual(colors); // a power of two: exact
        },
      ),
    );
  });

  it("shows equal tokens in equal colors, and tokens that do not differ at all in gray", () => {
    const next = noise();
    const kinds = Float32Array.from({ length: 4 * 10 }, next);
    const colors = principalColors(mapOf(8, 8, 10, (y, x, c) => kinds[((y >> 2) * 2 + (x >> 2)) * 10 + c]));
    expect(new Set(Array.from({ length: 64 }, (_, t) => colorAt(colors, t >> 3, t & 7).join())).size).toBe(4);
    expect([...principalColors(mapOf(2, 3, 4, (_, __, c) => c)).data]).toEqual(new Array(18).fill(128));
    expect([...principalColors(mapOf(1, 1, 192, () => 0.1)).data]).toEqual([128, 128, 128]);
  });

  it("leaves a color gray when there is no direction left for it, instead of showing rounding as structure", () => {
    const map = mapOf(6, 6, 20, (y, x, c) => (x * 6 + y) * (c + 0.3));
    const { data } = principalColors(map);
    expect(new Set(data.filter((_, i) => i % 3 === 0)).size).toBeGreaterThan(30);
    expect(new Set(data.filter((_, i) => i % 3 !== 0))).toEqual(new Set([128]));
  });

  it("settles after a few rounds, so that it can be drawn after every run: 1800 tokens of 192 channels", () => {
    const next = noise();
    const mix = Float32Array.from({ length: 10 * 192 }, next);
    const weights = new Float32Array(10);
    const map = mapOf(36, 50, 192, (_, __, c) => {
      if (c === 0) for (let k = 0; k < 10; k++) weights[k] = next() * (10 - k);
      return weights.reduce((sum, weight, k) => sum + weight * mix[k * 192 + c], next());
    });
    const roots = vi.spyOn(Math, "sqrt"); // two for each of the 6 axes of a round
    principalColors(map);
    const rounds = roots.mock.calls.length / 12;
    roots.mockRestore();
    expect(rounds).toBeGreaterThan(1);
    expect(rounds).toBeLessThan(100);
  });

  it("gives a token one color in all maps that are drawn side by side, however often it occurs in each", () => {
    const next = noise();
    const kinds = Float32Array.from({ length: 6 * 10 }, next);
    const kindAt = [2, 3, 5].map((kinds) => (y: number, x: number) => (3 * y + x) % kinds); // the scales hold different things
    const sides = [4, 8, 12];
    const maps = sides.map((side, i) => mapOf(side, side + 1, 10, (y, x, c) => kinds[kindAt[i](y, x) * 10 + c]));
    const colors = principalColors(maps);
    expect(colors.map(({ width, height, data }) => [width, height, data.length])).toEqual(
      sides.map((side) => [side + 1, side, side * (side + 1) * 3]),
    );
    const seen = new globalThis.Map<number, Set<string>>();
    for (const [i, side] of sides.entries()) {
      for (let t = 0; t < side * (side + 1); t++) {
        const [y, x] = [Math.floor(t / (side + 1)), t % (side + 1)];
        const kind = kindAt[i](y, x);
        seen.set(kind, (seen.get(kind) ?? new Set()).add(colorAt(colors[i], y, x).join()));
      }
    }
    expect([...seen.values()].map((each) => each.size)).toEqual([1, 1, 1, 1, 1]);
    expect(new Set([...seen.values()].map((each) => [...each][0])).size).toBe(5);
    expect(principalColors([])).toEqual([]);
  });

  it("refuses what it cannot color, before it works", () => {
    const map = mapOf(2, 2, 3, () => 1);
    expect(() => principalColors({ ...map, rows: 3 })).toThrow(/Got 12 numbers for 3 x 2 tokens of 3 channels/);
    map.data[7] = Number.NaN;
    expect(() => principalColors(map)).toThrow(/Token 2 has NaN in channel 1/);
    expect(() => principalColors([mapOf(2, 2, 3, () => 1), mapOf(2, 2, 4, () => 1)])).toThrow(/maps of 3 and 4 channels/);
  });
});

it("the 2nd and the 98th percentile are black and full color, between the two nearest tokens where they fall between", () => {
  for (const count of [51, 26, 76]) {
    // Along one direction a token's place in it is its number, in one of the two directions.
    const { data } = principalColors(mapOf(1, count, 1, (_, x) => x));
    const red = Array.from({ length: count }, (_, i) => data[3 * i]);
    if (red[0] > red[count - 1]) red.reverse();
    const [low, high] = [0.02 * (count - 1), 0.98 * (count - 1)];
    const expected = red.map((_, i) => Math.round(255 * Math.min(1, Math.max(0, (i - low) / (high - low)))));
    red.forEach((value, i) => {
      // Rounding of the eigenvector may move a value that lies on a half.
      expect(Math.abs(value - expected[i]), `token ${i} of ${count}`).toBeLessThanOrEqual(i * 2 < count - 1 ? 0 : 1);
    });
  }
});
