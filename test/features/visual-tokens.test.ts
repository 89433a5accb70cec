/** Images into a language model's tokens against LLaVA's, VILA's and NVILA's own code: weights trained with it must see what they saw there. */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { loadModel, openGraph } from "../../dist/runtimes/node/index.js";
import { planTower, resize, S2Error, s2, type Tensor, type Tower } from "../../src/core/index.ts";
import { cutBlocks, joinBlocks } from "../../src/features/blocks.ts";
import { type Project, recordModel, scaleMaps, visualTokens } from "../../src/features/index.ts";
import type { Photo, Preprocessing } from "../../src/images/index.ts";
import { buildProjector, buildTower, readTowerConfig } from "../../src/models/index.ts";
import {
  differs,
  type EncodeCase,
  golden,
  mergeCases,
  readBytes,
  type TowerCase,
  towerCases,
  weightsFile,
  wholeCases,
  withTower,
} from "../models/dynamic-s2.ts";

const closing: (() => Promise<unknown>)[] = [];
afterAll(() => Promise.all(closing.map((close) => close())));

async function load(c: Pick<TowerCase, "config" | "model_config" | "weights">) {
  const model = await loadModel(buildTower(withTower(c), readBytes(c.weights)), { threads: 1 });
  closing.push(model.dispose);
  return model;
}

async function projectorOf(config: object, weights: Uint8Array, side: number): Promise<Project> {
  const graph = await openGraph(buildProjector(config, weights, { side }), { threads: 1 });
  closing.push(graph.close);
  return async (features) => (await graph.run({ features })).image_features as Tensor;
}

describe("golden towers", () => {
  const run = async (c: TowerCase): Promise<Tensor> => {
    const model = await load(c);
    const tower = readTowerConfig(withTower(c));
    const images = golden.f32(c.input);
    if (tower.kind === "dynamic-s2") return model(images); // upstream's dynamic tower runs tiles, nothing else
    return s2(model, images, planTower(tower, { height: images.dims[2], width: images.dims[3] }, model.traits));
  };
  const tokensFrom = ({ dims: [b, n, c], data }: Tensor, first: number): Tensor => ({
    dims: [b, n - first, c],
    data: Float32Array.from({ length: b * (n - first) * c }, (_, i) => {
      const perImage = (n - first) * c;
      return data[Math.floor(i / perImage) * n * c + first * c + (i % perImage)];
    }),
  });

  it("are all there", () => expect(towerCases.length).toBe(10));

  it.each(towerCases.filter((c) => c.output).map((c) => [c.id, c] as const))("%s", async (_, c) => {
    const features = await run(c);
    const own = tokensFrom(features, c.family === "llava" ? 1 : 0); // CLIP's [CLS], which "patch" drops
    expect(own.dims).toEqual(c.output!.shape);
    expect(differs(own.data, golden.f32(c.output!).data)).toBe("");
  });

  // Upstream stops at these three; what stops it there is no reason to stop here.
  it.each([
    ["tower-003", "tower-000", "cls_patch keeps [CLS], averaged over a scale's tiles"],
    ["tower-004", "tower-000", "trap 25: there is no order in which to load"],
    ["tower-008", "tower-005", "trap 26: SigLIP has no [CLS] to drop"],
  ])("%s gives the grid of %s: %s", async (id, like) => {
    const [c, other] = [id, like].map((name) => towerCases.find((one) => one.id === name)!);
    expect(c.error).toBeDefined();
    const features = await run(c);
    expect(differs(tokensFrom(features, features.dims[1] - 16).data, golden.f32(other.output!).data)).toBe("");
  });
});

const imageOf = (stored: (typeof wholeCases)[0]["input"]): Photo => {
  const { dims, data } = golden.u8(stored);
  return { height: dims[0], width: dims[1], channels: 3, data };
};

describe("golden pictures to tokens", () => {
  it("are all there", () => expect(wholeCases.length).toBe(3));

  it.each(wholeCases.map((c) => [c.id, c] as const))("%s: tiles byte for byte, tokens within 1e-4", async (_, c) => {
    const tower = readTowerConfig(withTower(c));
    const model = await load(c);
    const preprocessing: Preprocessing = { mean: c.image_mean, std: c.image_std, rescale: 1 / 255, filter: "bicubic" };
    const seen: Uint8Array[] = [];
    const given: Float32Array[] = [];
    const watched = Object.assign(
      async (images: Tensor) => {
        seen.push(bytesOf(images));
        const output = await model(images);
        given.push(output.data);
        return output;
      },
      { traits: model.traits, preprocessing },
    );
    const project = await projectorOf(withTower(c), weightsFile(c.projector), 4);
    const { data, dims, grid, plan, order } = await visualTokens(watched, imageOf(c.input), tower, { project });
    expect(Buffer.concat(seen).equals(golden.u8(c.output.tiles).data)).toBe(true);
    expect([plan.scales.at(-1)!.rows, plan.scales.at(-1)!.cols]).toEqual(c.output.block_size);
    expect(differs(Float32Array.from(given.flatMap((part) => [...part])), golden.f32(c.output.tile_features).data)).toBe("");
    expect(dims.slice(1)).toEqual(c.output.tokens.shape);
    expect(grid.rows * grid.cols).toBe(dims[1]);
    expect(order).toBe("rows");
    expect(differs(data, golden.f32(c.output.tokens).data)).toBe("");
  });

  /** [n, 3, h, w] of (x / 255 - 0.5) / 0.5 as [n, h, w, 3] bytes. */
  function bytesOf({ dims: [n, , h, w], data }: Tensor): Uint8Array {
    const bytes = new Uint8Array(data.length);
    for (let i = 0; i < n; i++)
      for (let c = 0; c < 3; c++)
        for (let p = 0; p < h * w; p++)
          bytes[(i * h * w + p) * 3 + c] = Math.round((data[(i * 3 + c) * h * w + p] * 0.5 + 0.5) * 255);
    return bytes;
  }
});

describe("golden merging and projecting, block by block", () => {
  const tile = 32;
  const towerOf = ({ params, projector }: EncodeCase, size: [number, number] | null): Tower => ({
    ...{ kind: "dynamic-s2", scales: params.scales, tile, resizeOutputToIdx: params.resize_output_to_scale_idx },
    ...{ maxTiles: size ? size[0] * size[1] : 12, layer: -2, prefix: "drop", fit: "squash" },
    ...(projector && { projector: { type: projector.mm_projector_type, order: "rows" } }),
  });
  /** An image of the block size's shape, so that the same grid is chosen again. */
  const image = ([rows, cols]: [number, number]): Photo => ({
    ...{ height: rows * tile, width: cols * tile, channels: 3 },
    data: new Uint8Array(rows * cols * tile * tile * 3),
  });
  /** A model that plays back tiles' features in their order. */
  const playback = ({ dims: [, n, c], data }: Tensor, from = 0) => {
    const model = {
      next: from,
      traits: { prefixTokens: 0 },
      run: ({ dims: [count] }: Tensor): Tensor => ({
        dims: [count, n, c],
        data: data.slice(model.next * n * c, (model.next += count) * n * c),
      }),
    };
    return Object.assign(model.run, model, { tiles: () => model.next });
  };

  const cases = mergeCases.filter((c) => c.output && !c.quirk);
  it("are all there", () => expect([cases.length, mergeCases.length]).toEqual([28, 37]));

  it.each(cases.map((c) => [`${c.id} (${c.tag})`, c] as const))("%s", async (_, c) => {
    const input = golden.f32(c.input);
    let done = 0;
    for (const [i, size] of c.params.block_sizes.entries()) {
      const project = c.projector && (await projectorOf(configOf(c), weightsFile(c.projector.weights), Math.sqrt(input.dims[1])));
      const model = playback(input, done);
      const options = { project, oneTile: size === null };
      const { data, dims, grid } = await visualTokens(model, image(size ?? [1, 1]), towerOf(c, size), options);
      done = model.tiles();
      expect(dims.slice(1)).toEqual(c.output!.tokens[i].shape);
      expect(grid.rows * grid.cols).toBe(dims[1]);
      expect(differs(data, golden.f32(c.output!.tokens[i]).data)).toBe("");
    }
    expect(done).toBe(input.dims[0]);
  });

  const configOf = ({ params, projector }: EncodeCase) => ({
    ...{ dynamic_s2: true, s2_scales: params.scales, mm_projector_type: projector!.mm_projector_type },
    mm_hidden_size: projector!.mm_hidden_size,
  });

  const refused = (id: string) => {
    const c = mergeCases.find((one) => one.id === id)!;
    expect(c.error).toBeDefined();
    return { c, input: golden.f32(c.input), size: c.params.block_sizes[0] ?? ([1, 1] as [number, number]) };
  };

  it.each(["merge-031", "merge-035"])("%s: tokens that are no grid are refused with the likely reason", async (id) => {
    const { c, input, size } = refused(id);
    await expect(visualTokens(playback(input), image(size), towerOf(c, size))).rejects.toThrow(/numPrefixToken/);
  });

  it("merge-032: the same of an image as one tile", async () => {
    const { c, input } = refused("merge-032");
    await expect(visualTokens(playback(input), image([1, 1]), towerOf(c, null), { oneTile: true })).rejects.toThrow(
      /numPrefixToken/,
    );
  });

  it("merge-030: five prefix tokens that the model owns up to are dropped, not scrambled into a grid", async () => {
    const c = mergeCases.find(({ id }) => id === "merge-030")!;
    const model = Object.assign(playback(golden.f32(c.input)), { traits: { prefixTokens: 5 } });
    expect((await visualTokens(model, image([3, 3]), towerOf(c, [3, 3]))).grid).toEqual({ rows: 6, cols: 6 });
  });

  it("merge-034: fewer tiles' features than the plan has tiles are refused", async () => {
    const { c, input, size } = refused("merge-034");
    await expect(visualTokens(playback(input), image(size), towerOf(c, size))).rejects.toMatchObject({ code: "model-output" });
  });

  it("merge-033: a recording of more tiles than the plan has is refused", async () => {
    const { c, input, size } = refused("merge-033");
    const recorded = recordModel(playback(input));
    const blank = { dims: [1, 3, tile, tile], data: new Float32Array(3 * tile * tile) };
    for (let i = 0; i < input.dims[0]; i++) await recorded(blank);
    const plan = planTower(towerOf(c, size), image(size), { prefixTokens: 0 }, { splitForward: 1 });
    await expect(scaleMaps(recorded, plan)).rejects.toMatchObject({ code: "recording" });
  });

  it("merge-036: an output scale that is not there is refused before the model runs", async () => {
    const { c, input, size } = refused("merge-036");
    const model = playback(input);
    await expect(visualTokens(model, image(size), towerOf(c, size))).rejects.toMatchObject({ code: "bad-index" });
    expect(model.tiles()).toBe(0);
  });

  it("cutting into blocks and joining them again changes nothing, for any grid", () => {
    const some = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(some, some, some, some, some, (rows, cols, h, w, c) => {
        const grid = { rows: rows * h, cols: cols * w };
        const data = Float32Array.from({ length: grid.rows * grid.cols * c }, (_, i) => i);
        const blocks = cutBlocks({ dims: [1, grid.rows * grid.cols, c], data }, grid, { rows, cols });
        expect(blocks.dims).toEqual([rows * cols, h * w, c]);
        expect(joinBlocks(blocks, grid, { rows, cols })).toEqual({ dims: [1, grid.rows * grid.cols, c], data });
      }),
    );
  });
});

describe("squares of an image", () => {
  const image: Photo = {
    ...{ width: 150, height: 96, channels: 3 },
    data: Uint8Array.from({ length: 150 * 96 * 3 }, (_, i) => (Math.imul(i, 2654435761) >>> 24) & 255),
  };
  const plain: Preprocessing = { mean: [0, 0, 0], std: [1, 1, 1], rescale: 1, filter: "bicubic" };
  /** Each token is the mean of its 8 x 8 pixels, after one token that is not of the grid. */
  const means = Object.assign(
    ({ dims: [n, , h, w], data }: Tensor): Tensor => {
      const { data: small } = resize({ dims: [n, 3, h, w], data }, [h / 8, w / 8], { mode: "area" });
      const cells = (h / 8) * (w / 8);
      const out = new Float32Array(n * (1 + cells) * 3);
      for (let i = 0; i < n; i++)
        for (let c = 0; c < 3; c++)
          for (let t = 0; t < cells; t++) out[(i * (1 + cells) + 1 + t) * 3 + c] = small[(i * 3 + c) * cells + t];
      return { dims: [n, 1 + cells, 3], data: out };
    },
    { traits: { prefixTokens: 1, patchSize: 8 }, preprocessing: plain },
  );
  const tower = readTowerConfig({ s2: true, s2_scales: "32,96" });

  it("tokens lie on the grid of the first scale, each scale in channels of its own; the plan warns of aliasing", async () => {
    const { data, dims, grid, prefix, plan } = await visualTokens(means, image, tower);
    expect({ dims, grid, prefix }).toEqual({ dims: [1, 16, 6], grid: { rows: 4, cols: 4 }, prefix: 0 });
    expect(plan.warnings.map(({ code }) => code)).toEqual(["aliasing"]);
    const apart = Array.from({ length: 16 }, (_, t) => Math.abs(data[t * 6] - data[t * 6 + 3]));
    expect(Math.max(...apart)).toBeGreaterThan(1); // without a filter the small scale is not the large one's mean
    const filtered = await visualTokens(means, image, tower, { antialias: true });
    expect(filtered.plan.warnings).toEqual([]);
    expect(filtered.data).not.toEqual(data);
  });

  it("a kept prefix token comes first and goes through the projector with the others", async () => {
    const project: Project = ({ dims, data }) => ({ dims, data: data.map((value) => -value) });
    const kept = await visualTokens(means, image, { ...tower, prefix: "keep" }, { project });
    expect({ dims: kept.dims, grid: kept.grid, prefix: kept.prefix }).toEqual({
      dims: [1, 17, 6],
      grid: { rows: 4, cols: 4 },
      prefix: 1,
    });
    const dropped = await visualTokens(means, image, tower);
    expect(kept.data.subarray(6)).toEqual(dropped.data.map((value) => -value));
  });

  it("trap 26: a model that does not say its prefix tokens is asked, never guessed at", async () => {
    const silent = Object.assign((images: Tensor) => means(images), { preprocessing: plain });
    await expect(visualTokens(silent, image, tower)).rejects.toMatchObject({ code: "prefix-tokens" });
  });

  it("traps 27 and 28: NVILA's numbers where it floors scales or lacks tiles, and a warning of each", () => {
    const codes = (config: object) =>
      planTower(readTowerConfig({ dynamic_s2: true, ...config }), image, { prefixTokens: 0 }).warnings.map(({ code }) => code);
    expect(codes({ s2_scales: "32,48" })).toEqual(["floored-scale"]);
    expect(codes({ s2_scales: "32,64,96", max_tiles: 4 })).toEqual(["silent-1x1", "duplicate-scale"]);
    expect(codes({ s2_scales: "96,64,32" })).toEqual([]); // in another order they are sorted
  });

  it("oneTile belongs to Dynamic S², and this keeps no prefix tokens and lists no columns", async () => {
    await expect(visualTokens(means, image, tower, { oneTile: true })).rejects.toMatchObject({ code: "tower" });
    const dynamic: Tower = { ...tower, kind: "dynamic-s2", tile: 32, resizeOutputToIdx: -1 };
    await expect(visualTokens(means, image, { ...dynamic, prefix: "keep" })).rejects.toThrow(S2Error);
    const columns = { ...dynamic, projector: { type: "mlp_downsample", order: "columns" } as const };
    await expect(visualTokens(means, image, columns)).rejects.toThrow(/row by row/);
  });

  it("a projector that gives no square grid is refused", async () => {
    const project: Project = ({ dims: [b, , c] }) => ({ dims: [b, 3, c], data: new Float32Array(b * 3 * c) });
    await expect(visualTokens(means, image, tower, { project })).rejects.toMatchObject({ code: "model-output" });
  });
});
