/** `findImages` and `extractFiles` for programs: a run that is broken off and repeated, files of someone else, and images that fail. */
import { existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  extract,
  extractFiles,
  findImages,
  loadImage,
  loadModel,
  type Model,
  type Tensor,
  type VisionModel,
} from "s2-vision/node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeModel } from "../../dist/runtimes/make-model.js";
import { startSession } from "../../dist/runtimes/node/session.js";
import type { ExtractedFile } from "../../src/runtimes/node/index.ts";
import { readSafetensors } from "../../src/tensors/index.ts";
import { drawImage, tempFolder, tiny } from "../cli/s2.ts";

const folder = tempFolder();
const photos = join(folder, "photos");
let model: Model;
beforeAll(async () => {
  mkdirSync(photos);
  for (const [i, name] of ["2.png", "10.png", "11.png"].entries()) await drawImage(join(photos, name), 96, 64, 100 * i);
  writeFileSync(join(photos, "12.jpg"), "no image");
  model = await loadModel(tiny[1], { patchSize: 8, threads: 1 });
});
afterAll(() => model.dispose());

async function resultsOf(options: Parameters<typeof extractFiles>[2]): Promise<ExtractedFile[]> {
  const results: ExtractedFile[] = [];
  for await (const result of extractFiles(model, photos, { scales: [1, 2], ...options })) results.push(result);
  return results;
}

it("yields a result for each image in the order of findImages, and an image that fails does not stop the others", async () => {
  const { images } = await findImages(photos);
  expect(images.map(({ name }) => name)).toEqual(["2.png", "10.png", "11.png", "12.jpg"]);
  const out = join(folder, "features");
  const results = await resultsOf({ out });
  expect(results.map(({ image }) => image)).toEqual(images.map(({ path }) => path));
  expect(results[0]).toMatchObject({ out: join(out, "2.safetensors"), dims: [1, 17, 8], grid: { rows: 4, cols: 4 }, tiles: 7 });
  expect(results[3]).toMatchObject({ error: { code: "image-format" } });
  const { tensors } = readSafetensors(readFileSync(join(out, "2.safetensors")));
  const features = await extract(model, await loadImage(join(photos, "2.png")), { scales: [1, 2] });
  expect(tensors.features.data).toEqual(features.data);
});

it("resume keeps what is current, and extracts again what is damaged or of other options or another output of the model", async () => {
  const out = join(folder, "resumed");
  const again = async (options: Parameters<typeof extractFiles>[2] = {}) =>
    (await resultsOf({ out, resume: true, ...options })).map((each) =>
      "skipped" in each ? "skipped" : "error" in each ? "failed" : each.damaged ? "damaged" : "written",
    );
  expect(await again()).toEqual(["written", "written", "written", "failed"]);
  truncateSync(join(out, "10.safetensors"), statSync(join(out, "10.safetensors")).size - 4);
  expect(await again({ splitForward: 1, maxTilesPerImage: 2000 })).toEqual(["skipped", "damaged", "skipped", "failed"]);
  expect(await again({ scales: [1] })).toEqual(["written", "written", "written", "failed"]);
  expect(await again({ scales: [1], loadOptions: { output: "another" } })).toEqual(["written", "written", "written", "failed"]);
});

it("an aborted run throws the reason and leaves whole files, which the next run keeps", async () => {
  const out = join(folder, "aborted");
  const abort = new AbortController();
  const written: string[] = [];
  const run = async () => {
    for await (const each of extractFiles(model, photos, { scales: [1, 2], out, signal: abort.signal })) {
      written.push(each.image);
      abort.abort(new Error("enough"));
    }
  };
  await expect(run()).rejects.toThrow("enough");
  expect(written).toHaveLength(1);
  expect((await resultsOf({ out, resume: true }))[0]).toMatchObject({ skipped: true });
});

it("options that fit no image and files of someone else are refused before an image is read", async () => {
  const out = join(folder, "theirs");
  mkdirSync(out);
  writeFileSync(join(out, "11.json"), '{"name": "theirs"}');
  await expect(resultsOf({ out, format: "npy" })).rejects.toMatchObject({ code: "write" });
  expect(existsSync(join(out, "2.npy"))).toBe(false);
  await expect(resultsOf({ out, resizeOutputToIdx: 5 })).rejects.toMatchObject({ code: "bad-index" });
});

it("a model on a device gets several images at once, and each file has its own image's features", async () => {
  const session = await startSession(tiny[1], tiny[1], { threads: 1 });
  const loaded = await makeModel({ ...session, tilesPerRun: 28 }, { metadata: {}, source: tiny[1] }, { patchSize: 8 });
  let begun = 0;
  let fourBegan = () => {};
  const four = new Promise<void>((resolve) => (fourBegan = resolve));
  const runOnDevice: VisionModel["runOnDevice"] = async (plan, images) => {
    if (++begun === 4) fourBegan();
    await four; // for ever, where one image waits for the one before
    return loaded.runOnDevice!(plan, images);
  };
  const device = Object.assign((images: Tensor) => loaded(images), loaded, { runOnDevice }) as Model;
  const many = join(folder, "many");
  mkdirSync(many);
  for (let i = 0; i < 12; i++) await drawImage(join(many, `${i}.png`), 96, 64, 20 * i);
  const read = async (given: Model, out: string) => {
    const files: Float32Array[] = [];
    for await (const each of extractFiles(given, many, { scales: [1, 2], out }))
      files.push(readSafetensors(readFileSync("out" in each ? each.out : "")).tensors.features.data as Float32Array);
    return files;
  };
  const [a, b] = [await read(device, join(folder, "device")), await read(model, join(folder, "processor"))];
  expect(begun).toBe(12);
  for (const [i, features] of a.entries())
    expect(features.reduce((most, value, k) => Math.max(most, Math.abs(value - b[i][k])), 0)).toBeLessThan(2e-2);
  expect(b[0].some((value, k) => Math.abs(value - b[11][k]) > 0.1)).toBe(true);
  await device.dispose();
});
