/** Dynamic S² against NVILA's own code (fixtures/dynamic-s2): whoever runs released weights needs its grids, tiles and block order. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseGrid, planDynamicS2, S2Error, type S2Plan, s2, splitChessboard, type Tensor } from "../../src/core/index.ts";
import { type Pixels, resizePixels } from "../../src/images/index.ts";
import { readGolden, type Stored } from "../fixtures/read.ts";

interface Params {
  width: number;
  height: number;
  scales: number[];
  tile: number;
  min_tiles: number;
  max_tiles: number;
  resize_output_to_scale_idx: number;
  block_sizes: ([number, number] | null)[];
}
interface GridCase {
  id: string;
  group: "grid";
  mode: "dynamic-s2" | "dynamic";
  params: Params;
  output: { cols: number; rows: number; resized_to: [number, number][]; tiles_per_scale: number[]; tiles: number };
  quirk?: string;
}
interface PreprocessCase {
  id: string;
  group: "preprocess";
  mode: "dynamic-s2" | "dynamic";
  params: Params;
  input: Stored;
  output: Stored;
  block_size?: [number, number];
}
interface MergeCase {
  id: string;
  group: "merge";
  tag: string;
  params: Params;
  input: Stored;
  output?: { merged: Stored[]; new_block_sizes: [number, number][]; blocks: Stored };
  error?: { kind: string };
  quirk?: string;
}

const golden = readGolden<GridCase | PreprocessCase | MergeCase>("dynamic-s2");
const grids = golden.cases.filter((c): c is GridCase => c.group === "grid");
const preprocess = golden.cases.filter((c): c is PreprocessCase => c.group === "preprocess");
const merges = golden.cases.filter((c): c is MergeCase => c.group === "merge");

const nvilaPlan = ({ scales, tile, max_tiles }: Params, image: { height: number; width: number }): S2Plan =>
  planDynamicS2(image, { scales, tile, maxTiles: max_tiles, gridChoice: "nvila" });

describe("grid", () => {
  it.each(grids.filter((c) => c.mode === "dynamic-s2").map((c) => [c.id, c] as const))(
    "%s is NVILA's",
    (_, { params, output, quirk }) => {
      const plan = nvilaPlan(params, params);
      expect(plan.scales.map(({ canvas: [h, w] }) => [w, h])).toEqual(output.resized_to);
      expect(plan.scales.map(({ tiles }) => tiles.length)).toEqual(output.tiles_per_scale);
      expect(plan.scales.at(-1)).toMatchObject({ rows: output.rows, cols: output.cols });
      if (quirk?.startsWith("silent-1x1")) expect(plan.warnings.map((w) => w.code)).toContain("silent-1x1");
      if (quirk?.includes("floored-scale")) expect(plan.warnings.map((w) => w.code)).toContain("floored-scale");
    },
  );

  it.each(grids.filter((c) => c.mode === "dynamic").map((c) => [c.id, c] as const))(
    "%s is InternVL's",
    (_, { params, output }) => {
      const grid = chooseGrid(params, { min: params.min_tiles, max: params.max_tiles, tile: params.tile, gridChoice: "nvila" });
      expect(grid ?? { rows: 1, cols: 1 }).toEqual({ rows: output.rows, cols: output.cols });
    },
  );

  it("by default a turned image gets the turned grid, so portrait and landscape cost the same", () => {
    const side = fc.integer({ min: 1, max: 4000 });
    fc.assert(
      fc.property(side, side, fc.integer({ min: 9, max: 40 }), (width, height, maxTiles) => {
        fc.pre(width !== height);
        const options = { scales: [448, 896, 1344], maxTiles };
        const { rows, cols } = planDynamicS2({ height, width }, options).scales[2];
        expect(planDynamicS2({ height: width, width: height }, options).scales[2]).toMatchObject({ rows: cols, cols: rows });
      }),
    );
  });

  it("by default refuses what NVILA does silently: no grid, ratios that are floored", () => {
    const image = { height: 480, width: 640 };
    expect(() => planDynamicS2(image, { scales: [448, 896, 1344], maxTiles: 4 })).toThrow(/needs at least 9 tiles/);
    expect(() => planDynamicS2(image, { scales: [384, 512], maxTiles: 12 })).toThrow(/expected rising multiples of the first/);
    expect(() => planDynamicS2(image, { scales: [448, 896], maxTile: 12 } as never)).toThrow(/did you mean "maxTiles"/);
  });
});

describe("preprocess", () => {
  it.each(preprocess.map((c) => [c.id, c] as const))(
    "%s: tiles are NVILA's, byte for byte",
    (_, { mode, params, input, output, block_size }) => {
      const { dims, data } = golden.u8(input);
      const image: Pixels = { height: dims[0], width: dims[1], channels: 3, data };
      const tile = params.tile;
      let canvases: { size: readonly [number, number]; tops: readonly number[]; lefts: readonly number[] }[];
      if (mode === "dynamic-s2") {
        const plan = nvilaPlan(params, image);
        expect(block_size).toEqual([plan.scales.at(-1)!.rows, plan.scales.at(-1)!.cols]);
        canvases = plan.scales.map((s) => ({ size: s.canvas, tops: s.rowStarts, lefts: s.colStarts }));
      } else {
        const grid = chooseGrid(image, { min: params.min_tiles, max: params.max_tiles, tile, gridChoice: "nvila" }) ?? {
          rows: 1,
          cols: 1,
        };
        const starts = (n: number) => Array.from({ length: n }, (_, i) => i * tile);
        canvases = [{ size: [grid.rows * tile, grid.cols * tile], tops: starts(grid.rows), lefts: starts(grid.cols) }];
        if (grid.rows * grid.cols > 1) canvases.push({ size: [tile, tile], tops: [0], lefts: [0] }); // the thumbnail
      }
      const tiles: Uint8Array[] = [];
      for (const { size, tops, lefts } of canvases) {
        const scaled = resizePixels(image, size, "bicubic");
        for (const top of tops) for (const left of lefts) tiles.push(crop(scaled, top, left, tile));
      }
      expect(Buffer.concat(tiles).equals(golden.u8(output).data)).toBe(true);
    },
  );
});

function crop({ width, data }: Pixels, top: number, left: number, side: number): Uint8Array {
  const rows = Array.from({ length: side }, (_, y) =>
    data.subarray(((top + y) * width + left) * 3, ((top + y) * width + left + side) * 3),
  );
  return Buffer.concat(rows);
}

describe("merge", () => {
  const tokens = ({ dims: [, c, h, w], data }: Tensor) => {
    const out = new Float32Array(data.length);
    for (let i = 0; i < data.length / (c * h * w); i++)
      for (let k = 0; k < c; k++) for (let t = 0; t < h * w; t++) out[(i * h * w + t) * c + k] = data[(i * c + k) * h * w + t];
    return out;
  };

  /** A model that gives back tiles' features in the order they are listed, whatever it is shown. */
  const playback = ({ dims: [, n, c], data }: Tensor, from: number) => {
    let next = from * n * c;
    return (images: Tensor): Tensor => {
      const size = images.dims[0] * n * c;
      const part = data.slice(next, (next += size));
      return { dims: [images.dims[0], n, c], data: part };
    };
  };

  const cases = merges.filter((c) => c.output && !c.quirk?.startsWith("prefix-scrambled"));
  it.each(cases.map((c) => [c.id, c] as const))("%s: maps and blocks are NVILA's", async (_, { params, input, output }) => {
    const { scales, resize_output_to_scale_idx: resizeOutputToIdx } = params;
    const features = golden.f32(input);
    const tile = 32;
    let done = 0;
    const blocks: number[] = [];
    for (const [i, blockSize] of params.block_sizes.entries()) {
      // The image's shape is its block size, so the same grid is chosen again; a picture without one is one tile, once per scale.
      const [rows, cols] = blockSize ?? [1, 1];
      const image = { height: rows * tile, width: cols * tile };
      const images = { dims: [1, 3, image.height, image.width], data: new Float32Array(3 * image.height * image.width) };
      const options = { scales, tile, maxTiles: blockSize ? rows * cols : 1, gridChoice: "nvila", resizeOutputToIdx } as const;
      const plan = planDynamicS2(image, options);
      const bnc = blockSize ? await s2(playback(features, done), images, plan) : repeated(features, done, scales.length);
      done += blockSize ? plan.tiles : 1;
      const merged = golden.f32(output!.merged[i]);
      const map = toMap(bnc, merged.dims);
      expectClose(map.data, merged.data);
      const { rows: newRows, cols: newCols } = blockSize ? plan.scales[plan.outputScale] : { rows: 1, cols: 1 };
      expect([newRows, newCols]).toEqual(output!.new_block_sizes[i]);
      for (const value of tokens(splitChessboard(map, newRows, newCols))) blocks.push(value);
    }
    expectClose(Float32Array.from(blocks), golden.f32(output!.blocks).data);
  });

  it.each(merges.filter((c) => c.error?.kind === "tokens" || c.error?.kind === "prefix").map((c) => [c.id, c] as const))(
    "%s: tokens that are no grid are refused with the likely reason",
    async (_, { params, input }) => {
      const [rows, cols] = params.block_sizes[0] ?? [1, 1];
      const images = { dims: [1, 3, rows * 32, cols * 32], data: new Float32Array(3 * rows * cols * 32 * 32) };
      const plan = planDynamicS2(
        { height: rows * 32, width: cols * 32 },
        { scales: params.scales, tile: 32, maxTiles: rows * cols, gridChoice: "nvila" },
      );
      const run = s2(playback(golden.f32(input), 0), images, plan);
      await expect(run).rejects.toThrow(S2Error);
      await expect(run).rejects.toThrow(/numPrefixToken/);
    },
  );

  function repeated({ dims: [, n, c], data }: Tensor, tile: number, times: number): Tensor {
    const out = new Float32Array(n * c * times);
    for (let t = 0; t < n; t++) for (let k = 0; k < c * times; k++) out[t * c * times + k] = data[(tile * n + t) * c + (k % c)];
    return { dims: [1, n, c * times], data: out };
  }

  function toMap({ dims: [, n, c], data }: Tensor, dims: readonly number[]): Tensor {
    const out = new Float32Array(data.length);
    for (let t = 0; t < n; t++) for (let k = 0; k < c; k++) out[k * n + t] = data[t * c + k];
    expect([1, c, n]).toEqual([dims[0], dims[1], dims[2] * dims[3]]);
    return { dims: [...dims], data: out };
  }

  function expectClose(got: Float32Array, expected: Float32Array): void {
    expect(got.length).toBe(expected.length);
    for (let i = 0; i < got.length; i++)
      if (Math.abs(got[i] - expected[i]) > 1e-4 + 1e-4 * Math.abs(expected[i])) expect.fail(`at ${i}`);
  }
});
