/** The same image in Node and in the browser: the same pixels, the same tiles bit for bit, the same features. */
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import type { Browser } from "playwright-core";
import { extract, type Features, loadImage, loadModel, type Photo } from "s2-vision/node";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noChromium, root } from "../../../scripts/browser.mjs";
import { drawn, HEIGHT, noise, PIXELS, profileOf, smooth, WIDTH, withProfile } from "../drawn-images.ts";
import { makeHubModel } from "../hub-model.ts";
import { openPage, skipped, startBrowser, type WebPage } from "./page.ts";

const street = `${root}examples/scenes/street.png`;
const sha256 = ({ buffer, byteOffset, byteLength }: Uint8Array | Float32Array): string =>
  createHash("sha256")
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest("hex");

describe.skipIf(noChromium)(`images and features in Node and in a page${skipped}`, () => {
  let browser: Browser;
  let web: WebPage;
  const answers: Record<string, Buffer> = {};
  beforeAll(async () => {
    browser = await startBrowser();
    answers["/street.png"] = readFileSync(street);
    answers["/street.jpg"] = await sharp(street).jpeg({ quality: 90 }).toBuffer();
    web = await openPage({ browser, answers });
  });
  afterAll(async () => {
    await web?.close();
    await browser?.close();
  });

  /** Both sides' pixels of a file, the page's as base64. */
  async function both(file: Buffer, options: object = {}): Promise<[Photo, Uint8Array, number[]]> {
    const code = `const image = await web.loadImage(Uint8Array.from(atob(file), (char) => char.charCodeAt(0)), options);
      let text = "";
      for (let i = 0; i < image.data.length; i += 8192) text += String.fromCharCode(...image.data.subarray(i, i + 8192));
      return [btoa(text), image.width, image.height];`;
    const [pixels, ...size] = await web.run<[string, number, number]>(code, { file: file.toString("base64"), options });
    return [await loadImage(new Uint8Array(file), options), new Uint8Array(Buffer.from(pixels, "base64")), size];
  }
  const furthest = (a: Uint8Array, b: Uint8Array) => a.reduce((far, value, i) => Math.max(far, Math.abs(value - b[i])), 0);

  it.each(["/street.jpg", "/street.png"])("the tiles of %s at scales 1, 2, 3 are byte for byte Node's", async (path) => {
    const options = { scales: [1, 2, 3], maxSplitSize: 224 };
    const hashes: string[] = [];
    const record =
      (hash: (tiles: Float32Array) => Promise<string> | string) =>
      async (images: { dims: readonly number[]; data: Float32Array }) => {
        hashes.push(await hash(images.data));
        return { dims: [images.dims[0], 196, 1], data: new Float32Array(images.dims[0] * 196) };
      };
    await extract(record(sha256), await loadImage(new Uint8Array(answers[path])), options);
    const theirs = await web.run<string[]>(
      `const hashes = [];
      const model = async ({ dims: [count], data }) => {
        hashes.push(await hashOf(data));
        return { dims: [count, 196, 1], data: new Float32Array(count * 196) };
      };
      await web.extract(model, path, options);
      return hashes;`,
      { path, options },
    );
    expect(hashes.length).toBeGreaterThan(3);
    expect(theirs).toEqual(hashes);
  });

  const features = async (model: string, image: string): Promise<[Features, number[], number[]]> => {
    const source = model.startsWith(root) ? "/models/s2-tiny/" : "/export/";
    const [mine, [data, dims]] = await Promise.all([
      loadModel(model).then(async (loaded) => {
        const got = await extract(loaded, await loadImage(new Uint8Array(answers[image])), { scales: [1, 2] });
        await loaded.dispose();
        return got;
      }),
      web.run<[number[], number[]]>(
        `const model = await web.loadModel(source, { threads: 1 });
        const { data, dims } = await web.extract(model, image, { scales: [1, 2] });
        await model.dispose();
        return [[...data], dims];`,
        { source, image },
      ),
    ]);
    return [mine, data, dims];
  };
  const cosine = (a: Float32Array, b: readonly number[]) => {
    const sum = (value: (i: number) => number) => a.reduce((total, _, i) => total + value(i), 0);
    return sum((i) => a[i] * b[i]) / Math.sqrt(sum((i) => a[i] ** 2) * sum((i) => b[i] ** 2));
  };

  it("s2-tiny's features agree within 1e-3, cosine at least 0.9999", async () => {
    const [mine, data, dims] = await features(`${root}models/s2-tiny`, "/street.jpg");
    expect(dims).toEqual([...mine.dims]);
    expect(mine.data.reduce((far, value, i) => Math.max(far, Math.abs(value - data[i])), 0)).toBeLessThan(1e-3);
    expect(cosine(mine.data, data)).toBeGreaterThan(0.9999);
  });

  it("those of an export of another library too, with the hub's config files", async () => {
    const { models, folder } = makeHubModel();
    const files = ["config.json", "preprocessor_config.json", "onnx/model.onnx"];
    const other = await openPage({
      browser,
      answers: { ...answers, ...Object.fromEntries(files.map((file) => [`/export/${file}`, readFileSync(`${folder}/${file}`)])) },
    });
    const kept = web;
    web = other;
    const [mine, data] = await features(folder, "/street.png").finally(() => (web = kept));
    expect(mine.data.reduce((far, value, i) => Math.max(far, Math.abs(value - data[i])), 0)).toBeLessThan(1e-3);
    expect(cosine(mine.data, data)).toBeGreaterThan(0.9999);
    await other.close();
    rmSync(models, { recursive: true });
  });

  it.each([
    ["a gray JPEG", () => drawn(noise(PIXELS), 1).jpeg()],
    ["a progressive JPEG", () => drawn(noise(PIXELS * 3), 3).jpeg({ progressive: true })],
    ["a WebP", () => drawn(noise(PIXELS * 3), 3).webp()],
    [
      "a PNG whose profile is sRGB",
      () =>
        drawn(noise(PIXELS * 3), 3)
          .withIccProfile("srgb")
          .png(),
    ],
    [
      "a JPEG that a phone turned",
      () =>
        drawn(noise(PIXELS * 3), 3)
          .jpeg()
          .withMetadata({ orientation: 6 }),
    ],
    ["a PNG with transparency, over white", () => drawn(noise(PIXELS * 4), 4).png()],
  ])("%s has the same pixels", async (_, draw) => {
    const [mine, theirs, size] = await both(await draw().toBuffer());
    expect(size).toEqual([mine.width, mine.height]);
    expect(furthest(theirs, mine.data)).toBe(0);
  });

  it("transparency lies over the color that is asked for, within a level: a canvas keeps colors multiplied by their alpha", async () => {
    const [mine, theirs] = await both(
      await drawn(noise(PIXELS * 4), 4)
        .png()
        .toBuffer(),
      { background: [10, 200, 90] },
    );
    expect(furthest(theirs, mine.data)).toBeLessThanOrEqual(1);
  });

  it("16 bits come down to 8 within one level", async () => {
    const deep = Uint16Array.from({ length: PIXELS * 3 }, (_, i) => (i * 40503) & 65535);
    const raw = { width: WIDTH, height: HEIGHT, channels: 3, depth: "ushort" } as const;
    const [mine, theirs] = await both(
      await sharp(deep, { raw: raw as never })
        .toColourspace("rgb16")
        .png()
        .toBuffer(),
    );
    expect(furthest(theirs, mine.data)).toBeLessThanOrEqual(1);
  });

  it("wide colors are converted to sRGB as Node does, within a level or two, or left alone", async () => {
    const p3 = withProfile(await drawn(smooth(), 3).png().toBuffer(), await profileOf("p3"));
    const [mine, theirs] = await both(p3);
    expect(furthest(theirs, mine.data)).toBeLessThanOrEqual(2);
    const [raw, theirRaw] = await both(p3, { icc: "ignore" });
    expect(furthest(theirRaw, raw.data)).toBe(0);
    expect(furthest(mine.data, raw.data)).toBeGreaterThan(2); // the profile does move them
  });

  it.each([
    ["wider than a canvas may be", 70_000, 300],
    ["taller than a canvas may be", 300, 70_000],
  ])("an image %s comes whole, where one canvas would give zeros in silence", async (_, width, height) => {
    const data = new Uint8Array(width * height * 3);
    for (let i = 0; i < data.length; i++) data[i] = (i >> 8) ^ (i >> 3);
    const file = await sharp(data, { raw: { width, height, channels: 3 } })
      .png({ compressionLevel: 1 })
      .toBuffer();
    const other = await openPage({ browser, answers: { "/large.png": file } });
    const got = await other.run<unknown[]>(
      `const image = await web.loadImage("/large.png"); return [image.width, image.height, await hashOf(image.data)];`,
    );
    await other.close();
    expect(got).toEqual([width, height, sha256(data)]);
  });

  it.each([
    ["a JPEG cut short", () => drawn(noise(PIXELS * 3), 3).jpeg(), 0.7, "image-broken"],
    ["a PNG cut short", () => drawn(noise(PIXELS * 3), 3).png(), 0.7, "image-broken"],
    ["a TIFF", () => drawn(noise(PIXELS * 3), 3).tiff(), 1, "image-format"],
  ])("%s is refused as in Node, or as a format that browsers lack", async (_, draw, part, code) => {
    const file = await draw().toBuffer();
    const bytes = [...file.subarray(0, file.length * part)];
    expect(await web.run<object>("return refusal(web.loadImage(new Uint8Array(bytes)));", { bytes })).toMatchObject({ code });
  });

  it.each([
    ['web.loadImage("/no/photo.jpg")', "image-not-found"],
    ['web.loadImage("http://127.0.0.1:1/photo.jpg")', "image-not-found"],
    ["web.loadImage(new Blob([]))", "image-broken"],
    ['web.loadImage(new Blob(["hello, I am text"]))', "image-format"],
    ['web.loadImage("/street.png", { maxPixels: 1000 })', "too-many-pixels"],
    ['web.loadImage("/street.png", { icc: "p3" })', "image-options"],
    ["web.loadImage(7)", "image-not-found"],
  ])("%s is refused with %s", async (code, expected) => {
    expect(await web.run<object>(`return refusal(${code});`)).toMatchObject({ code: expected });
  });
});
