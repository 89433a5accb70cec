/** savePng: what is written reads back exactly, and nothing half written stays. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { savePng } from "../../src/runtimes/node/save-png.ts";
import { HEIGHT, noise, PIXELS, plain, WIDTH } from "./drawn-images.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "s2-image-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("savePng", () => {
  it.each([1, 3, 4] as const)("writes %i channels that read back exactly, and leaves nothing beside them", async (channels) => {
    const data = noise(PIXELS * channels);
    const out = await mkdtemp(join(folder, "out-"));
    await savePng({ width: WIDTH, height: HEIGHT, channels, data }, join(out, "a.png"));
    const { data: back } = await sharp(join(out, "a.png"))
      .toColourspace(channels === 1 ? "b-w" : "srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(plain(back)).toEqual(data);
    expect(await readdir(out)).toEqual(["a.png"]);
  });

  it("refuses pixels that do not fit, and a place that is no folder", async () => {
    const pixels = { width: 2, height: 2, channels: 3 as const, data: new Uint8Array(11) };
    await expect(savePng(pixels, join(folder, "b.png"))).rejects.toMatchObject({ code: "pixels" });
    await writeFile(join(folder, "file"), "no folder");
    const within = savePng({ ...pixels, data: new Uint8Array(12) }, join(folder, "file", "b.png"));
    await expect(within).rejects.toMatchObject({
      code: "write",
      message: expect.stringContaining("cannot be made (it is a file"),
    });
  });
});
