/** Files of a predicted mask: ids for programs, the legend's colors for people, and a legend that fits its width. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodePngValues } from "../../src/datasets/png-values.ts";
import { classColor } from "../../src/features/index.ts";
import { loadImage, openStore, predictionFiles, writePrediction } from "../../src/runtimes/node/index.ts";
import { swatches } from "../../src/runtimes/node/legend.ts";

describe("the files of a mask", () => {
  const folder = mkdtempSync(join(tmpdir(), "s2-masks-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const classes = Array.from({ length: 30 }, (_, id) => `class ${id}`);
  const mask = { width: 37, height: 23, data: Uint8Array.from({ length: 37 * 23 }, (_, i) => i % 30) };
  const photo = join(folder, "photo.jpg");
  const out = join(folder, "masks");
  let paths: Readonly<Record<string, string>>;
  beforeAll(async () => {
    await sharp({ create: { width: 37, height: 23, channels: 3, background: "#456" } }).toFile(photo);
    ({ paths } = (await predictionFiles([photo], { folder: out, task: "segmentation" })).files[0]);
    const stored = { folder: out, store: openStore(out) };
    await writePrediction({ task: "segmentation", mask }, classes, await loadImage(photo), paths, stored);
  });

  it("a palette PNG: our reader finds the class ids, other decoders the legend's colors", async () => {
    const { width, height, data, bits, palette } = await decodePngValues(readFileSync(paths.mask));
    expect([width, height, bits, palette]).toEqual([37, 23, 8, true]);
    expect(data).toEqual(mask.data);
    const drawn = await sharp(paths.mask).toColourspace("srgb").removeAlpha().raw().toBuffer();
    expect([...drawn]).toEqual([...mask.data].flatMap((id) => classColor(id)));
  });

  it("may be replaced by another run; a mask without this package's mark, and someone's JSON, may not", async () => {
    const again = (...forAll: string[]) => predictionFiles([photo], { folder: out, task: "segmentation", forAll });
    expect((await again()).files[0]).toMatchObject({ name: "photo.jpg", paths });
    const json = join(folder, "labels.json");
    writeFileSync(json, '{"images":[]}');
    await expect(again(json)).rejects.toThrow(/labels\.json exists, and s2 did not write it/);
    writeFileSync(paths.mask, await sharp(paths.mask).png({ palette: true }).toBuffer());
    await expect(again()).rejects.toThrow(/photo\.mask\.png exists, and s2 did not write it/);
  });
});

describe("the legend", () => {
  const entries = (names: readonly string[]) => names.map((name, id) => ({ name, note: "1.0 %", color: classColor(id) }));
  const lefts = (svg: string) => [...svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)]);

  it("one long name widens its own column alone", () => {
    const short = Array.from({ length: 11 }, (_, i) => `c${i}`);
    const { svg, height } = swatches(entries(["the longest name of them all", ...short]), 904);
    const rows = new Set(lefts(svg).map(([, y]) => y));
    expect([rows.size, height]).toEqual([2, 60]);
    const xs = lefts(svg).map(([x]) => x);
    expect(xs[1] - xs[0]).toBeGreaterThan(2 * (xs[2] - xs[1]));
    expect(Math.max(...xs)).toBeLessThan(904 - 100);
  });

  it("stays one column where the picture is narrow, and escapes names", () => {
    const { svg } = swatches(entries(["a <b> & c", "d"]), 100);
    expect(new Set(lefts(svg).map(([x]) => x)).size).toBe(1);
    expect(svg).toContain("a &lt;b> &amp; c");
  });
});
