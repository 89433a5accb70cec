/** Guarantees of stored features: nothing lost or made twice when killed, and a reason when they are made again. */
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import type { VisionModel } from "../../src/core/index.ts";
import type { ImageTokens } from "../../src/features/index.ts";
import { extractImage, imageVector, mergeScales, takeScales } from "../../src/features/index.ts";
import type { Photo } from "../../src/images/index.ts";
import { openStore } from "../../src/runtimes/node/index.ts";
import { type ExtractImagesOptions, extractImages, readFeatures, type Store, writeFeatures } from "../../src/store/index.ts";

const folder = () => mkdtempSync(join(tmpdir(), "s2-store-"));
const child = fileURLToPath(new URL("extract-child.mjs", import.meta.url));

/** Colored noise of a few pixels as a PPM, which sharp reads. */
function imagesIn(path: string, count: number): void {
  for (let i = 0; i < count; i++) {
    const pixels = Uint8Array.from({ length: 40 * 30 * 3 }, (_, at) => (at * 37 + i * 101) % 251);
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30" fill="rgb(${pixels.slice(0, 3)})"/><circle cx="${i}" cy="9" r="8"/></svg>`;
    writeFileSync(join(path, `${String(i).padStart(3, "0")}.svg`), svg);
  }
}

describe("stored features", () => {
  it("survive kill -9 at random moments: nothing lost, all as in an unbroken run", async () => {
    const [images, broken, whole, logs] = [folder(), folder(), folder(), folder()];
    imagesIn(images, 16); // fifteen for a kill after each number of images
    let kills = 0;
    for (let finished = false; !finished; ) {
      finished = await new Promise<boolean>((resolve) => {
        const run = spawn(process.execPath, [child, images, broken, join(logs, "broken")], {
          stdio: ["ignore", "pipe", "ignore"],
        });
        // After one to five images, so that every run gets on, however slow the machine is.
        let left = 1 + ((kills * 3) % 5);
        run.stdout.on("data", (text) => {
          left -= String(text).split("\n").length - 1;
          if (left <= 0) run.kill("SIGKILL");
        });
        run.on("exit", (status) => {
          if (status === null) kills++;
          resolve(status === 0);
        });
      });
    }
    await promisify(execFile)(process.execPath, [child, images, whole, join(logs, "whole")]);
    const names = (path: string) =>
      readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".safetensors"));
    expect(kills).toBeGreaterThan(0);
    expect(names(broken).sort()).toEqual(names(whole).sort());
    for (const name of names(whole)) expect(readFileSync(join(broken, name)).equals(readFileSync(join(whole, name)))).toBe(true);
    const seen = readFileSync(join(logs, "broken"), "utf8").trim().split("\n");
    expect(seen.length - new Set(seen).size).toBeLessThanOrEqual(kills); // at most the one under way
  });

  it("name what changed when they no longer hold", async () => {
    const store = openStore(folder());
    const fingerprint = { model: "m", options: "o", image: "f", version: "1" };
    expect(await readFeatures(store, "a", fingerprint)).toEqual({ missing: true });
    await writeFeatures(store, "a", tokens(), fingerprint);
    expect(await readFeatures(store, "a", fingerprint)).toEqual({ tokens: tokens() });
    expect(await readFeatures(store, "a", { ...fingerprint, image: "g", model: "n" })).toEqual({ stale: ["model", "image"] });
    await store.write("a", (await store.read("a"))!.subarray(0, 200));
    expect(await readFeatures(store, "a", fingerprint)).toEqual({ stale: ["file"] });
  });

  it("report an image that cannot be read and go on with the next", async () => {
    const seen = [];
    for await (const each of extractImages(["bad", "good"], { ...collection(), extraction: { scales: [1], fit: "squash" } }))
      seen.push(each);
    expect(seen[0]).toMatchObject({ image: "bad", issue: "broken" });
    expect(seen[1]).toMatchObject({ image: "good", tokens: { channels: 2 } });
  });

  it("hold the smaller sets of scales as their first channels, as extracted apart", async () => {
    const of = async (scales: number[]) => {
      for await (const each of extractImages(["good"], { ...collection(), extraction: { scales, fit: "squash" } }))
        if ("tokens" in each) return each.tokens;
      throw new Error("no features");
    };
    expect(takeScales(await of([1, 2, 3]), [0, 1])).toEqual(await of([1, 2]));
    const added = await extractImage(model, await decode(), { scales: [1, 2], fit: "squash", merge: "add" });
    const merged = mergeScales(await of([1, 2]), "add").data;
    for (const [i, value] of merged.entries()) expect(value).toBeCloseTo(added.data[i], 5);
  });

  it("make one vector an image: [CLS] and the grid's mean, scale by scale", () => {
    expect([...imageVector(tokens(), "cls")]).toEqual([1, 2]);
    expect([...imageVector(tokens(), "mean")]).toEqual([4, 5]);
    expect([...imageVector(tokens(), "cls+mean")]).toEqual([1, 4, 2, 5]);
    expect(() => imageVector({ ...tokens(), prefix: 0 }, "cls")).toThrow("needs a [CLS] token");
  });
});

/** Two scales of one channel; [CLS] and a grid of two. */
function tokens(): ImageTokens {
  return {
    data: Float32Array.of(1, 2, 3, 4, 5, 6),
    channels: 2,
    prefix: 1,
    grid: { rows: 1, cols: 2 },
    channelsPerScale: [1, 1],
    size: [3, 4],
  };
}

/** Means of 16 px patches, and their squares. */
const model: VisionModel = Object.assign(
  ({ dims: [batch, , height, width], data }: { dims: readonly number[]; data: Float32Array }) => {
    const [rows, cols] = [height / 16, width / 16];
    const result = new Float32Array(batch * rows * cols * 2);
    for (let at = 0; at < result.length / 2; at++) {
      result[2 * at] = data[(at * 97) % data.length];
      result[2 * at + 1] = result[2 * at] ** 2;
    }
    return { dims: [batch, rows * cols, 2], data: result };
  },
  { traits: { imageSize: [32, 32] as const, patchSize: 16, prefixTokens: 0, layout: "bnc" as const } },
);

const decode = async (): Promise<Photo> => ({
  width: 50,
  height: 40,
  channels: 3,
  data: Uint8Array.from({ length: 6000 }, (_, i) => (i * 7) % 256),
});

function collection(store?: Store): Omit<ExtractImagesOptions, "extraction"> {
  const read = async (path: string) => {
    if (path === "bad") throw new Error("broken");
    return Uint8Array.of(1);
  };
  return { model, modelName: "toy", modelHash: "1", version: "1", read, decode, ...(store && { store }) };
}
