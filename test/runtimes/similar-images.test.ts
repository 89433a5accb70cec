/** A folder is searched again and again: the model runs once for an image, and again only for what is new or changed. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Tensor } from "../../src/core/index.ts";
import { findSimilar, loadImage, locateIndex, openStore } from "../../src/runtimes/node/index.ts";
import { drawImage } from "../cli/s2.ts";

const folder = mkdtempSync(join(tmpdir(), "s2-similar-"));
const photos = join(folder, "photos");
let runs = 0;

/** One token of 3 channels for each 16 px patch; counts the tiles it is run on. */
const model = Object.assign(
  ({ dims: [batch], data }: Tensor) => {
    runs += batch;
    return { dims: [batch, 4, 3], data: Float32Array.from({ length: batch * 12 }, (_, i) => data[(i * 1009) % data.length]) };
  },
  { traits: { imageSize: [32, 32] as const, patchSize: 16, prefixTokens: 0, layout: "bnc" as const } },
);

beforeAll(async () => {
  mkdirSync(photos);
  for (let i = 1; i <= 4; i++) await drawImage(join(photos, `${i}.png`), 96, 64, 1000 * i);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Returns the counts of the index and of the model's runs. */
async function searched(image: string | undefined, options: { at?: [number, number] } = {}) {
  runs = 0;
  const location = await locateIndex(photos, join(folder, "store"));
  const extraction = {
    ...{ model, modelName: "toy", modelHash: "1", version: "1", extraction: { scales: [1], fit: "squash" as const } },
    store: openStore(join(location.home, "images")),
    read: (path: string) => readFile(join(location.base, path)),
    decode: (bytes: Uint8Array) => loadImage(bytes),
  };
  const { index, hits } = await findSimilar(image, location, extraction, { window: 1, top: 10, ...options });
  return { runs, hits: hits.length, ...index };
}

it("runs nothing twice, for another index of the same features neither, and only what is new or changed later", async () => {
  const first = join(photos, "1.png");
  expect(await searched(first)).toEqual({ runs: 4, hits: 3, added: 4, kept: 0, removed: 0, failed: 0 });
  expect(await searched(first)).toEqual({ runs: 0, hits: 3, added: 0, kept: 4, removed: 0, failed: 0 });
  expect(await searched(first, { at: [9, 9] })).toEqual({ runs: 0, hits: 3, added: 4, kept: 0, removed: 0, failed: 0 });
  await drawImage(join(photos, "5.png"), 96, 64, 5000); // new
  await drawImage(join(photos, "2.png"), 96, 64, 6000); // changed
  cpSync(join(photos, "4.png"), join(photos, "moved.png"));
  rmSync(join(photos, "4.png"));
  rmSync(join(photos, "3.png")); // removed
  expect(await searched(undefined)).toEqual({ runs: 3, hits: 0, added: 3, kept: 1, removed: 2, failed: 0 });
  expect(await searched(first)).toEqual({ runs: 0, hits: 3, added: 0, kept: 4, removed: 0, failed: 0 });
});
