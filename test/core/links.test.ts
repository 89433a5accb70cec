/** Pooling written out cell by cell: which tokens make a cell of the output, and with what weight, by the definition of each fusion. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resize } from "../../src/core/index.ts";
import { type Axis, linkTiles } from "../../src/core/links.ts";

/** The weights as a matrix [output cells, tokens of all tiles]. */
function matrixOf(from: Axis, onto: Axis, fusion: "reference" | "aligned" | "bilinear"): number[][] {
  const matrix = Array.from({ length: onto.cells }, () => new Array(from.starts.length * from.tokens).fill(0));
  linkTiles(from, onto, fusion).forEach(({ reach, first, count, weight }, tile) => {
    expect(first).toHaveLength(from.tokens);
    for (let y = 0; y < from.tokens; y++)
      for (let k = 0; k < count[y]; k++) matrix[first[y] + k][tile * from.tokens + y] = weight[y * reach + k];
  });
  return matrix;
}

const oneTile = (cells: number, tile = cells, filled = tile): Axis => ({ starts: [0], tile, tokens: cells, cells, filled });

function expectMatrix(got: number[][], expected: (cell: number, token: number) => number): void {
  got.forEach((row, cell) => {
    row.forEach((value, token) => {
      if (Math.abs(value - expected(cell, token)) > 1e-9)
        expect.fail(`cell ${cell}, token ${token}: ${value}, expected ${expected(cell, token)}`);
    });
  });
}

const count = fc.integer({ min: 1, max: 13 });

describe("reference", () => {
  it("is adaptive average pooling: every token of the window [floor(i·n/m), ceil((i+1)·n/m)) has the same weight", () => {
    fc.assert(
      fc.property(count, count, (from, onto) => {
        expectMatrix(matrixOf(oneTile(from), oneTile(onto), "reference"), (cell, token) => {
          const [start, end] = [Math.floor((cell * from) / onto), Math.ceil(((cell + 1) * from) / onto)];
          return token >= start && token < end ? 1 / (end - start) : 0;
        });
      }),
    );
  });
});

describe("aligned", () => {
  it("weighs a token by the length that it shares with the cell on the image, up to where the image ends", () => {
    fc.assert(
      fc.property(
        count,
        count,
        fc.double({ min: 0.6, max: 1, noNaN: true }),
        fc.double({ min: 0.6, max: 1, noNaN: true }),
        (n, m, a, b) => {
          // Tokens of 10 pixels; the last one may be partly padding, as "pad" leaves it.
          const [from, onto] = [oneTile(n, 10 * n, 10 * (n - 1 + a)), oneTile(m, 10 * m, 10 * (m - 1 + b))];
          const edge = ({ filled }: Axis, at: number) => Math.min(1, (10 * at) / filled);
          expectMatrix(matrixOf(from, onto, "aligned"), (cell, token) => {
            const [low, high] = [edge(onto, cell), edge(onto, cell + 1)];
            const shared = Math.min(high, edge(from, token + 1)) - Math.max(low, edge(from, token));
            return shared > 1e-9 ? shared / (high - low) : 0;
          });
        },
      ),
    );
  });
});

describe("tiles", () => {
  const stitched = (starts: number[], tokens: number): number[][] => {
    const cells = starts.at(-1)! + tokens;
    const axis: Axis = { starts, tile: tokens, tokens, cells, filled: cells };
    return matrixOf(axis, axis, "reference");
  };

  it("without overlap every token is one cell", () => {
    expectMatrix(stitched([0, 3, 6], 3), (cell, token) => Number(cell === token));
  });

  it("that overlap by two tokens blend 3 to 1: a token counts less towards its tile's border", () => {
    expect(stitched([0, 2], 4)).toEqual([
      [1, 0, 0, 0, 0, 0, 0, 0],
      [0, 1, 0, 0, 0, 0, 0, 0],
      [0, 0, 0.75, 0, 0.25, 0, 0, 0],
      [0, 0, 0, 0.25, 0, 0.75, 0, 0],
      [0, 0, 0, 0, 0, 0, 1, 0],
      [0, 0, 0, 0, 0, 0, 0, 1],
    ]);
  });

  it("where three tiles meet, the weights still sum to 1", () => {
    const third = stitched([0, 1, 2], 3)[2];
    expect([2, 4, 6].map((token) => third[token])).toEqual([0.2, 0.6, 0.2].map((weight) => expect.closeTo(weight, 9)));
  });

  it("tokens beyond the cropped grid are left out: they see padding alone", () => {
    const axis: Axis = { starts: [0, 4], tile: 4, tokens: 4, cells: 6, filled: 6 };
    expectMatrix(matrixOf(axis, axis, "reference"), (cell, token) => Number(cell === token && token < 6));
  });
});

describe("bilinear", () => {
  it("enlarges as torch's interpolate does, half-pixel centers, by any ratio", () => {
    fc.assert(
      fc.property(count, count, (from, more) => {
        const onto = from + more;
        const matrix = matrixOf(oneTile(from, onto), oneTile(onto), "bilinear");
        for (let token = 0; token < from; token++) {
          const data = new Float32Array(from).fill(0);
          data[token] = 1;
          const enlarged = resize({ dims: [1, 1, 1, from], data }, [1, onto], { mode: "bilinear" }).data; // golden against torch
          matrix.forEach((row, cell) => {
            expect(Math.abs(row[token] - enlarged[cell])).toBeLessThan(1e-6);
          });
        }
      }),
    );
  });

  it("pools a finer scale as aligned does, and a scale of the same grid stays as it is", () => {
    fc.assert(
      fc.property(count, count, (onto, more) => {
        const [fine, coarse] = [oneTile(onto + more, onto), oneTile(onto)];
        expect(matrixOf(fine, coarse, "bilinear")).toEqual(matrixOf(fine, coarse, "aligned"));
        expect(matrixOf(coarse, coarse, "bilinear")).toEqual(matrixOf(coarse, coarse, "reference"));
      }),
    );
  });

  it("the padding of a coarse scale takes no part: beyond its last center it is its last token", () => {
    const coarse = { starts: [0], tile: 40, tokens: 4, cells: 3, filled: 30 };
    const fine = { starts: [0], tile: 60, tokens: 6, cells: 6, filled: 60 };
    const rows = matrixOf(coarse, fine, "bilinear").map((row) => row.map((weight) => Number(weight.toFixed(6))));
    expect(rows.map((row) => row.slice(0, 3))).toEqual([
      [1, 0, 0],
      [0.75, 0.25, 0],
      [0.25, 0.75, 0],
      [0, 0.75, 0.25],
      [0, 0.25, 0.75],
      [0, 0, 1],
    ]);
  });
});
