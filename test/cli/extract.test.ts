/** `s2 extract` as a user meets it: images in, files out, and which image failed why. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { extract, loadImage, loadModel } from "s2-vision/node";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { fromFloat16, readSafetensors } from "../../src/tensors/index.ts";
import { makeHubModel } from "../runtimes/hub-model.ts";
import { drawImage, s2, tempFolder, tiny } from "./s2.ts";

const folder = tempFolder();
const run = (...args: string[]) => s2(["extract", ...args], { cwd: folder });
const stored = (path: string) => readSafetensors(readFileSync(join(folder, path)));

beforeAll(async () => {
  mkdirSync(join(folder, "photos/more"), { recursive: true });
  for (const [i, name] of ["10.png", "9.png", "more/9.png"].entries()) {
    await drawImage(join(folder, "photos", name), 96, 64, 100 * i);
  }
  writeFileSync(join(folder, "photos/notes.txt"), "not an image");
  mkdirSync(join(folder, "mixed"));
  symlinkSync("../photos/9.png", join(folder, "mixed/good.png"));
  writeFileSync(join(folder, "mixed/broken.jpg"), "not an image either");
});

describe("one image", () => {
  it("becomes a file whose numbers are the library's and whose metadata say where they come from", async () => {
    const { status, out, err } = await run("photos/9.png", ...tiny, "--scales", "1,2,3", "--out", "a/b/one.safetensors");
    expect([status, err]).toEqual([0, expect.stringMatching(/^(note: .*\n)*$/)]);
    expect(out).toMatch(/^photos\/9\.png -> a\/b\/one\.safetensors {2}4x4 tokens of 12 channels, 22 tiles, \d+ ms\n$/);
    const { tensors, metadata } = stored("a/b/one.safetensors");
    const model = await loadModel(tiny[1], { patchSize: 8 });
    const features = await extract(model, await loadImage(join(folder, "photos/9.png")), { scales: [1, 2, 3] });
    await model.dispose();
    expect(Object.keys(tensors)).toEqual(["features"]);
    expect(tensors.features.dims).toEqual(features.dims);
    expect([...(tensors.features.data as Float32Array)]).toEqual([...features.data]);
    expect(JSON.parse(metadata.plan)).toEqual(JSON.parse(JSON.stringify(features.plan)));
    expect(JSON.parse(metadata.image)).toMatchObject({ source: "photos/9.png", width: 96, height: 64 });
    expect(JSON.parse(metadata.model)).toMatchObject({ source: tiny[1], traits: { patchSize: 8, prefixTokens: 1 } });
    expect(JSON.parse(metadata.options)).toMatchObject({ scales: [1, 2, 3], dtype: "float32" });
    expect(metadata.s2_vision).toMatch(/^\d+\.\d+\.\d+/);
  });

  it("--dtype float16 is the same, rounded", async () => {
    await run("photos/9.png", ...tiny, "--out", "full.safetensors");
    await run("photos/9.png", ...tiny, "--out", "half.safetensors", "--dtype", "float16", "--quiet");
    const full = stored("full.safetensors").tensors.features;
    const half = stored("half.safetensors").tensors.features;
    expect([half.dtype, half.dims]).toEqual(["F16", full.dims]);
    const rounded = fromFloat16(half.data as Uint16Array);
    rounded.forEach((value, i) => {
      expect(Math.abs(value - (full.data as Float32Array)[i])).toBeLessThan(2e-3);
    });
  });

  it("npy has its metadata beside it", async () => {
    expect((await run("photos/9.png", ...tiny, "--out", "n/9.npy")).status).toBe(0);
    const file = readFileSync(join(folder, "n/9.npy"));
    expect(file.toString("latin1", 1, 6)).toBe("NUMPY");
    expect(file.toString("latin1")).toContain("'shape': (1, 17, 8)"); // 1 + 4 · 4 tokens
    expect(JSON.parse(readFileSync(join(folder, "n/9.json"), "utf8"))).toMatchObject({ image: expect.stringContaining("9.png") });
    expect(readdirSync(join(folder, "n")).sort()).toEqual(["9.json", "9.npy"]);
  });

  it("--picture shows the image and each scale, and never overwrites an image", async () => {
    expect((await run("photos/9.png", ...tiny, "--scales", "1,2", "--out", "p", "--picture")).status).toBe(0);
    const { width, height } = await sharp(join(folder, "p/9.png")).metadata();
    expect([width, height]).toEqual([3 * 672 + 2 * 8, 448]);
    const { status, err } = await run("photos/9.png", ...tiny, "--out", "photos", "--picture");
    expect([status, err]).toEqual([2, expect.stringContaining("would overwrite the image")]);
  });

  it("--dynamic takes scales as multiples or sizes (--sizes is --img-sizes), and is Dynamic S²", async () => {
    await run("photos/9.png", ...tiny, "--dynamic", "--scales", "1,2", "--max-tiles", "6", "--out", "dynamic.safetensors");
    await run("photos/9.png", ...tiny, "--dynamic", "--sizes", "32,64", "--max-tiles", "6", "--out", "sizes.safetensors");
    const plan = JSON.parse(stored("dynamic.safetensors").metadata.plan);
    expect(plan.scales.map(({ rows, cols }: { rows: number; cols: number }) => [rows, cols])).toEqual([
      [1, 1],
      [2, 3],
    ]);
    expect(stored("sizes.safetensors").tensors).toEqual(stored("dynamic.safetensors").tensors);
  });

  it("sizes in pixels and the output's options reach the plan", async () => {
    const options = ["--img-sizes", "64x32,96x64", "--merge", "mean", "--resize-output-to-idx", "-1", "--fusion", "aligned"];
    expect((await run("photos/9.png", ...tiny, ...options, "--out", "options.safetensors")).status).toBe(0);
    const { tensors, metadata } = stored("options.safetensors");
    const { scales, ...plan } = JSON.parse(metadata.plan);
    expect(scales.map(({ size }: { size: number[] }) => size)).toEqual([
      [32, 64],
      [64, 96],
    ]);
    expect(plan).toMatchObject({ merge: "mean", outputScale: 1, fusion: "aligned" });
    expect(tensors.features.dims).toEqual([1, 1 + 8 * 12, 4]);
  });
});

describe("several images", () => {
  it("a folder gives its images in order; --json a line each", async () => {
    const { status, out } = await run("photos", ...tiny, "--out", "folder", "--json");
    expect(status).toBe(0);
    const lines = out.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      ["9", "10"].map((name) => ({
        image: join("photos", `${name}.png`),
        out: join("folder", `${name}.safetensors`),
        dims: [1, 17, 8],
        grid: { rows: 4, cols: 4 },
        tiles: 7,
        ms: expect.any(Number),
      })),
    );
    expect(readdirSync(join(folder, "folder")).sort()).toEqual(["10.safetensors", "9.safetensors"]);
  });

  it("a glob keeps folders apart, and passes over pictures of an earlier run", async () => {
    for (let round = 0; round < 2; round++) {
      const { status, out } = await run("**/{9,10}.*", "--out", "globbed", ...tiny, "--picture");
      expect(status).toBe(0);
      expect(out).not.toContain("globbed/photos/9.png -> ");
    }
    expect(existsSync(join(folder, "globbed/photos/more/9.safetensors"))).toBe(true);
    expect(existsSync(join(folder, "globbed/photos/9.safetensors"))).toBe(true);
  });

  it("one that fails does not stop the others", async () => {
    const { status, out, err } = await run("mixed", "mixed/absent.jpg", "empty-*.png", ...tiny, "--out", "mixed-out");
    expect(status).toBe(1);
    expect(out).toMatch(/^mixed\/good\.png -> /);
    for (const reason of ['"mixed/broken.jpg" is not an image', 'no file "mixed/absent.jpg"', 'No image matches "empty-*.png"']) {
      expect(err).toContain(reason);
    }
    expect(err).toContain("4 images: 1 done, 3 failed");
    expect(readdirSync(join(folder, "mixed-out"))).toEqual(["good.safetensors"]);
  });

  it("--json says why; when none can be read the status is 4", async () => {
    const { status, out } = await run("mixed/broken.jpg", "absent.jpg", ...tiny, "--json");
    expect(status).toBe(4);
    const lines = out.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { image: "mixed/broken.jpg", error: { code: "image-format", message: expect.stringContaining("not an image") } },
      { image: "absent.jpg", error: { code: "image-not-found", message: expect.stringContaining("absent.jpg") } },
    ]);
  });

  it("warnings come once a kind, --quiet has none", async () => {
    const { err } = await run("photos", ...tiny, "--scales", "1,9");
    expect(err.match(/larger than what the image has/g)).toHaveLength(1);
    expect(await run("photos", ...tiny, "--scales", "1,9", "--quiet")).toEqual({ status: 0, out: "", err: "" });
  });
});

it("a ViT of 224 px from a folder as hubs have it, on an image in the shape 3 to 2", async () => {
  const { models, folder: model } = makeHubModel();
  await drawImage(join(folder, "wide.png"), 480, 320);
  const { status, out } = await run("wide.png", "--model", model, "--scales", "1,2,3", "--json");
  rmSync(models, { recursive: true });
  expect(status).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ dims: [1, 1 + 14 * 14, 3 * 192], tiles: 22 });
});
