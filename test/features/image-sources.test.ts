/** `extract` and `loadImage` take what people have in hand: a path, an address, bytes, a Blob or decoded pixels, with or without options. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Tensor } from "../../src/core/index.ts";
import { planImage } from "../../src/features/index.ts";
import type { ImageSource } from "../../src/images/index.ts";
import { extract, extractMany, loadImage } from "../../src/node.ts";

/** Each token is the mean of its 4 px patch. */
const model = Object.assign(
  ({ dims: [n, c, h, w], data }: Tensor): Tensor => {
    const [rows, cols] = [h / 4, w / 4];
    const out = new Float32Array(n * rows * cols * c);
    for (let i = 0; i < data.length; i++) {
      const [plane, y, x] = [Math.floor(i / (h * w)), Math.floor(i / w) % h, i % w];
      const cell = Math.floor(plane / c) * rows * cols + Math.floor(y / 4) * cols + Math.floor(x / 4);
      out[cell * c + (plane % c)] += data[i] / 16;
    }
    return { dims: [n, rows * cols, c], data: out };
  },
  { traits: { imageSize: [16, 16] as const, patchSize: 4, prefixTokens: 0 } },
);

const folder = mkdtempSync(join(tmpdir(), "s2-sources-"));
const path = join(folder, "photo.png");
let png: Buffer;
let address: string;
const server = createServer((request, response) => {
  if (request.url === "/photo.png") response.end(png);
  else response.writeHead(404).end();
});

beforeAll(async () => {
  const raw = { width: 40, height: 20, channels: 3 } as const;
  png = await sharp(Buffer.from(Array.from({ length: 2400 }, (_, i) => (i * 7) % 251)), { raw })
    .png()
    .toBuffer();
  writeFileSync(path, png);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/photo.png`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("every source gives the same features", () => {
  it.each([
    ["a path", () => path, () => path],
    ["a file URL", () => pathToFileURL(path), () => path],
    ["an address", () => address, () => address],
    ["a URL", () => new URL(address), () => address],
    ["a data URL", () => `data:image/png;base64,${png.toString("base64")}`, () => undefined],
    ["a Buffer", () => png, () => undefined],
    ["a Uint8Array", () => new Uint8Array(png), () => undefined],
    ["an ArrayBuffer", () => new Uint8Array(png).buffer, () => undefined],
    ["a Blob", () => new Blob([new Uint8Array(png)]), () => undefined],
  ] as [string, () => ImageSource, () => string | undefined][])("%s", async (_, source, name) => {
    const pixels = await loadImage(path);
    const { data, dims } = await extract(model, pixels);
    const given = await extract(model, source());
    expect([given.dims, given.data]).toEqual([dims, data]);
    expect(await loadImage(source())).toEqual({ ...pixels, source: name() });
  });

  it("an address that answers with an error, is not there or is too large is named", async () => {
    const absent = address.replace("photo", "absent");
    const refusal = { code: "image-not-found", message: expect.stringContaining(`"${absent}" could not be fetched (404)`) };
    await expect(extract(model, absent)).rejects.toMatchObject(refusal);
    await expect(loadImage(address, { maxBytes: 10 })).rejects.toMatchObject({ code: "too-many-pixels" });
    await expect(loadImage(new Blob([new Uint8Array(png)]), { maxBytes: 10 })).rejects.toMatchObject({ code: "too-many-pixels" });
    await expect(extract(model, address, { signal: AbortSignal.abort("enough") })).rejects.toBe("enough");
  });
});

describe("options of extract", () => {
  it("default to scales 1 and 2, and `vector` gives a token's channels", async () => {
    const features = await extract(model, path);
    expect(features.plan.scales.map(({ size }) => size)).toEqual(
      planImage({ width: 40, height: 20 }, { scales: [1, 2] }, model.traits).scales.map(({ size }) => size),
    );
    const [, tokens, channels] = features.dims;
    expect(channels).toBe(6);
    expect([...features.vector(tokens - 1)]).toEqual([...features.data.slice(-6)]);
    expect(() => features.vector(tokens)).toThrow(expect.objectContaining({ code: "token" }));
  });

  it("with maxTiles plan Dynamic S², scales as multiples of the model's size or in pixels", async () => {
    const { plan } = await extract(model, path, { scales: [1, 2, 3], maxTiles: 12 });
    expect(plan.scales.map(({ rows, cols }) => [rows, cols])).toEqual([
      [1, 1],
      [2, 2],
      [2, 5],
    ]);
    expect(plan.splitForward).toBe(4);
    const image = { width: 40, height: 20 };
    const inPixels = planImage(image, { scales: [16, 32, 48], maxTiles: 12 }, model.traits);
    expect({ ...inPixels, warnings: plan.warnings }).toEqual(plan);
    expect(() => planImage(image, { scales: [1, 2], maxTiles: 12 })).toThrow(expect.objectContaining({ code: "model-size" }));
    const options = { scales: [1, 2], maxTiles: 12, fit: "crop" } as const;
    expect(() => planImage(image, options, model.traits)).toThrow('There is no option "fit"');
    expect(() => planImage(image, { maxTiles: 5000 }, model.traits)).toThrow(expect.objectContaining({ code: "too-many-tiles" }));
    expect(() => planImage(image, { maxTiles: 5, maxSplitSize: [16, 32] }, model.traits)).toThrow("square tiles");
  });

  it.each([
    ["sizes", "imgSizes"],
    ["imageSizes", "imgSizes"],
    ["img_sizes", "imgSizes"],
    ["max_split_size", "maxSplitSize"],
    ["prefixTokens", "numPrefixToken"],
    ["num_prefix_tokens", "numPrefixToken"],
    ["scale", "scales"],
  ])("%s is answered with %s", async (tried, meant) => {
    await expect(extract(model, path, { [tried]: 1 })).rejects.toThrow(`There is no option "${tried}"; did you mean "${meant}"?`);
  });
});

describe("extractMany", () => {
  const options = { scales: [1], fit: "squash" } as const;

  it("yields features in the order of a stream, reads no further than it must, and goes on after an image that fails", async () => {
    let read = 0;
    async function* stream() {
      for (const image of [png, "missing.png", path]) {
        read++;
        yield image;
      }
    }
    const seen: unknown[] = [];
    for await (const each of extractMany(model, stream(), { ...options, concurrency: 1 })) {
      seen.push("features" in each ? each.features.dims : (each.error as { code: string }).code);
      expect(read).toBe(seen.length);
    }
    expect(seen).toEqual([[1, 16, 3], "image-not-found", [1, 16, 3]]);
    const one = await extract(model, path, options);
    for await (const each of extractMany(model, [path, png], options))
      expect("features" in each && each.features.data).toEqual(one.data);
  });

  it("refuses options that fit no image before it reads one", async () => {
    const many = extractMany(model, [path], { scales: [] });
    await expect(many.next()).rejects.toThrow(/is empty/);
    await expect(extractMany(model, [path], { concurrency: 0 }).next()).rejects.toThrow(/concurrency/);
  });
});
