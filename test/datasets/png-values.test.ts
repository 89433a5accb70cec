/** A mask's class ids and a depth map's millimeters are read as they were stored: one wrong bit is another class. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { encode } from "fast-png";
import { describe, expect, it } from "vitest";
import { decodePngValues } from "../../src/datasets/index.ts";
import { openFolder } from "../../src/runtimes/node/open-folder.ts";

const fixtures = new URL("../fixtures/png/", import.meta.url);
const { size, cases, checksums } = JSON.parse(readFileSync(new URL("goldens.json", fixtures), "utf8")) as {
  size: [number, number];
  cases: { file: string; bits: number; palette: boolean; interlaced: boolean; values: number[] }[];
  checksums: Record<string, { files: number; sha256: string }>;
};
const read = (name: string) => new Uint8Array(readFileSync(new URL(name, fixtures)));
const sharedData = fileURLToPath(new URL("../../../shared/data", import.meta.url));
const skip = existsSync(sharedData) ? "" : " (skipped: ../shared/data is absent)";

const isPacked = ({ bits, interlaced }: { bits: number; interlaced: boolean }) => interlaced && bits < 8;

describe("PNGs of numbers", () => {
  it.each(cases.filter((each) => !isPacked(each)))("$file holds what Pillow reads", async ({ file, bits, palette, values }) => {
    const png = await decodePngValues(read(file));
    expect(png).toMatchObject({ bits, palette });
    expect([...png.data]).toEqual(values);
    if (!file.startsWith("pillow")) expect([png.height, png.width]).toEqual(size);
  });

  it.each(cases.filter(isPacked))("$file is refused, as its decoder would read other numbers", async ({ file }) => {
    await expect(decodePngValues(read(file))).rejects.toThrow("save it without interlacing");
  });

  it("that are colors are refused, with how many numbers a pixel they have", async () => {
    await expect(decodePngValues(read("rgb.png"))).rejects.toThrow(
      /PNG of 3 channels; expected one number per pixel.* class id of each color/,
    );
    await expect(decodePngValues(read("la.png"))).rejects.toThrow("PNG of 2 channels");
  });

  it("that are no PNGs are refused", async () => {
    await expect(decodePngValues(new Uint8Array())).rejects.toThrow("empty (0 bytes)");
    await expect(decodePngValues(Uint8Array.of(0xff, 0xd8, 0xff))).rejects.toThrow("not a PNG");
  });

  it("that are cut short at any byte, or have any bit turned, are refused and never read as other numbers", async () => {
    const whole = read("palette-4.png");
    const values = cases.find(({ file }) => file === "palette-4.png")!.values;
    for (let bytes = 0; bytes < whole.length; bytes++) await expect(decodePngValues(whole.subarray(0, bytes))).rejects.toThrow();
    for (let bit = 0; bit < 8 * whole.length; bit++) {
      const turned = whole.slice();
      turned[bit >> 3] ^= 1 << (bit & 7);
      try {
        expect([...(await decodePngValues(turned)).data]).toEqual(values); // an ancillary bit may turn without harm
      } catch (error) {
        expect((error as Error).name).toBe("S2Error");
      }
    }
  });

  it("of 16 bits keep all of them", async () => {
    const data = Uint16Array.from({ length: 12 }, (_, i) => 65535 - 4097 * i);
    const png = encode({ width: 4, height: 3, channels: 1, depth: 16, data });
    expect(await decodePngValues(png)).toMatchObject({ width: 4, height: 3, bits: 16, data });
  });
});

describe.skipIf(skip)(`every mask and depth map of ../shared/data${skip}`, () => {
  it.each([
    ["camvid", "camvid", /\/masks\//],
    ["coco128", "coco128", /^masks\//],
    ["osd objects", "depth/osd", /\/labels\//],
    ["osd depth", "depth/osd", /\/depth\//],
    ["rooms depth", "depth/rooms", /^depth\//],
  ])("of %s is what Pillow reads", async (name, path, which) => {
    const folder = openFolder(`${sharedData}/${path}`);
    const files = (await folder.list()).filter((file) => which.test(file));
    const sha = createHash("sha256");
    for (const file of files) sha.update(Uint16Array.from((await decodePngValues(await folder.read(file))).data));
    expect({ files: files.length, sha256: sha.digest("hex") }).toEqual(checksums[name]);
  });
});
