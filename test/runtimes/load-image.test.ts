/** loadImage on pictures that sharp draws here: orientation, transparency, depths, profiles, refusals. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadImage, S2Error } from "s2-vision/node";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  drawn,
  drawn16,
  floatTiff,
  HEIGHT,
  meanDifference,
  noise,
  noise16,
  PIXELS,
  p3ToSrgb,
  plain,
  profileOf,
  smooth,
  tripled,
  WIDTH,
  withCurveTable,
  withProfile,
} from "./drawn-photos.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "s2-photo-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("loadImage: plain pictures", () => {
  it("gives a PNG's bytes as they were written, from a path and from bytes", async () => {
    const pixels = noise(PIXELS * 3);
    const path = join(folder, "plain.png");
    await writeFile(path, await drawn(pixels, 3).png().toBuffer());
    const photo = await loadImage(path);
    expect({ ...photo, data: 0 }).toEqual({ width: WIDTH, height: HEIGHT, channels: 3, data: 0, source: path });
    expect(photo.data).toEqual(pixels);
    expect(photo.data.constructor).toBe(Uint8Array);
    const fromBytes = await loadImage(new Uint8Array(await drawn(pixels, 3).png().toBuffer()));
    expect(fromBytes.data).toEqual(pixels);
    expect("source" in fromBytes).toBe(false);
  });

  it("gives a JPEG's, WebP's and TIFF's values as the decoder has them", async () => {
    for (const format of ["jpeg", "webp", "tiff", "avif"] as const) {
      const file = await drawn(noise(PIXELS * 3), 3)
        .toFormat(format)
        .toBuffer();
      expect((await loadImage(file)).data, format).toEqual(plain(await sharp(file).raw().toBuffer()));
    }
  });

  it("makes three equal channels of grey: JPEG, PNG, 1-bit TIFF", async () => {
    const grey = noise(PIXELS);
    const bits = grey.map((v) => (v > 127 ? 255 : 0));
    const png = await drawn(grey, 1).toColourspace("b-w").png().toBuffer();
    expect((await loadImage(png)).data).toEqual(tripled(grey));
    const tiff = await drawn(bits, 1).toColourspace("b-w").tiff({ bitdepth: 1 }).toBuffer();
    expect((await loadImage(tiff)).data).toEqual(tripled(bits));
    const jpeg = await drawn(grey, 1).toColourspace("b-w").jpeg().toBuffer();
    const decoded = plain(await sharp(jpeg).toColourspace("b-w").raw().toBuffer());
    expect((await loadImage(jpeg)).data).toEqual(tripled(decoded));
  });

  it("resolves a palette, with a transparent entry too", async () => {
    const four = Uint8Array.from({ length: PIXELS * 4 }, (_, i) => [20, 90, 200, i % 8 < 4 ? 255 : 0][i % 4]);
    const file = await drawn(four, 4).png({ palette: true, colours: 4 }).toBuffer();
    expect((await sharp(file).metadata()).isPalette).toBe(true);
    expect([...(await loadImage(file)).data.subarray(0, 6)]).toEqual([20, 90, 200, 255, 255, 255]);
  });

  it("takes the first frame of an animation", async () => {
    const frame = (background: string) =>
      sharp({ create: { width: 8, height: 6, channels: 3, background } })
        .png()
        .toBuffer();
    const frames = [await frame("#ff0000"), await frame("#0000ff")];
    const file = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    expect((await sharp(file).metadata()).pages).toBe(2);
    const photo = await loadImage(file);
    expect([photo.width, photo.height, ...photo.data.subarray(0, 3)]).toEqual([8, 6, 255, 0, 0]);
  });

  it("draws an SVG", async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="5" height="4"><rect width="2" height="4" fill="#0a141e"/></svg>';
    const photo = await loadImage(Buffer.from(svg));
    expect([photo.width, photo.height, ...photo.data.subarray(3, 9)]).toEqual([5, 4, 10, 20, 30, 255, 255, 255]);
  });
});

/** The pixel that a viewer shows at (x, y) lies at these stored coordinates, by the orientation tag (EXIF 2.32, 4.6.4.A). */
const STORED: Record<number, (x: number, y: number) => [x: number, y: number]> = {
  1: (x, y) => [x, y],
  2: (x, y) => [WIDTH - 1 - x, y],
  3: (x, y) => [WIDTH - 1 - x, HEIGHT - 1 - y],
  4: (x, y) => [x, HEIGHT - 1 - y],
  5: (x, y) => [y, x],
  6: (x, y) => [y, HEIGHT - 1 - x],
  7: (x, y) => [WIDTH - 1 - y, HEIGHT - 1 - x],
  8: (x, y) => [WIDTH - 1 - y, x],
};

describe("loadImage: orientation", () => {
  it.each(Object.keys(STORED).map(Number))("turns EXIF orientation %i upright, exactly", async (orientation) => {
    const stored = noise(PIXELS * 3);
    const file = await drawn(stored, 3).withMetadata({ orientation }).png().toBuffer();
    const [width, height] = orientation < 5 ? [WIDTH, HEIGHT] : [HEIGHT, WIDTH];
    const upright = Uint8Array.from({ length: PIXELS * 3 }, (_, i) => {
      const pixel = Math.floor(i / 3);
      const [x, y] = STORED[orientation](pixel % width, Math.floor(pixel / width));
      return stored[(y * WIDTH + x) * 3 + (i % 3)];
    });
    const photo = await loadImage(file);
    expect([photo.width, photo.height]).toEqual([width, height]);
    expect(photo.data).toEqual(upright);
  });
});

describe("loadImage: transparency", () => {
  it.each([
    [255, 255, 255],
    [10, 200, 37],
  ] as const)("rounds exactly over %i %i %i", async (...background) => {
    const rgba = noise(PIXELS * 4);
    const want = Uint8Array.from({ length: PIXELS * 3 }, (_, i) => {
      const at = 4 * Math.floor(i / 3);
      return Math.round((rgba[at + (i % 3)] * rgba[at + 3] + background[i % 3] * (255 - rgba[at + 3])) / 255);
    });
    const file = await drawn(rgba, 4).png().toBuffer();
    expect((await loadImage(file, { background })).data).toEqual(want);
  });

  it("takes white when nothing is said, and 16-bit alpha in full", async () => {
    const rgba = noise16(PIXELS * 4);
    const want = Uint8Array.from({ length: PIXELS * 3 }, (_, i) => {
      const at = 4 * Math.floor(i / 3);
      const alpha = rgba[at + 3] / 65535;
      return Math.round((rgba[at + (i % 3)] * alpha + 65535 * (1 - alpha)) / 257);
    });
    const file = await drawn16(rgba, 4).toColourspace("rgb16").png().toBuffer();
    expect((await loadImage(file)).data).toEqual(want);
  });
});

describe("loadImage: 16 bits and colour spaces", () => {
  it("rounds 16-bit grey and RGB to 8", async () => {
    const rgb = noise16(PIXELS * 3);
    const down = Uint8Array.from(rgb, (v) => Math.round(v / 257));
    expect((await loadImage(await drawn16(rgb, 3).toColourspace("rgb16").png().toBuffer())).data).toEqual(down);
    const grey = rgb.slice(0, PIXELS);
    const png = await drawn16(grey, 1).toColourspace("grey16").png().toBuffer();
    expect((await sharp(png).metadata()).depth).toBe("ushort");
    expect((await loadImage(png)).data).toEqual(tripled(down.slice(0, PIXELS)));
  });

  it("converts CMYK", async () => {
    const jpeg = await drawn(smooth(), 3).toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(jpeg).metadata()).space).toBe("cmyk");
    const photo = await loadImage(jpeg);
    expect(photo.data.length).toBe(PIXELS * 3);
    expect(meanDifference(photo.data, smooth())).toBeLessThan(25); // what the small gamut of print leaves
  });

  it("converts Display P3 to sRGB in 8 and in 16 bits, and leaves it when told to", async () => {
    const p3 = noise(PIXELS * 3);
    const want = p3ToSrgb(p3);
    const profile = await profileOf("p3");
    const eight = withProfile(await drawn(p3, 3).png().toBuffer(), profile);
    expect(meanDifference((await loadImage(eight)).data, want)).toBeLessThan(0.1);
    expect((await loadImage(eight, { icc: "ignore" })).data).toEqual(p3);
    const sixteen = await drawn16(
      Uint16Array.from(p3, (v) => v * 257),
      3,
    )
      .toColourspace("rgb16")
      .png()
      .toBuffer();
    expect(meanDifference((await loadImage(withProfile(sixteen, profile))).data, want)).toBeLessThan(0.1);
    expect((await loadImage(withProfile(sixteen, profile), { icc: "ignore" })).data).toEqual(p3);
  });

  it("leaves every value of a picture tagged sRGB, in 8 and 16 bits, whoever made the profile", async () => {
    const pixels = noise(PIXELS * 3);
    const parametric = await profileOf("srgb");
    for (const profile of [parametric, withCurveTable(parametric)]) {
      expect((await loadImage(withProfile(await drawn(pixels, 3).png().toBuffer(), profile))).data).toEqual(pixels);
      const sixteen = await drawn16(
        Uint16Array.from(pixels, (v) => v * 257),
        3,
      )
        .toColourspace("rgb16")
        .png()
        .toBuffer();
      expect((await loadImage(withProfile(sixteen, profile))).data).toEqual(pixels);
    }
  });
});

describe("loadImage: refusals", () => {
  const refusal = (source: string | Uint8Array, options = {}) =>
    loadImage(source, options).then(
      () => undefined,
      (error) => error as S2Error,
    );
  const at = async (name: string, bytes: Uint8Array | string) => {
    await writeFile(join(folder, name), bytes);
    return join(folder, name);
  };

  it("says a missing file, the nearest name, a folder, an address", async () => {
    await at("giraffe.jpg", "x");
    for (const [source, says] of [
      [join(folder, "girafe.jpg"), 'Did you mean "giraffe.jpg"?'],
      [join(folder, "nowhere", "a.jpg"), "Check the path"],
      [folder, "is a folder"],
      ["https://example.org/a.jpg", "Fetch it first"],
      [7 as unknown as string, "of type number"],
    ]) {
      expect(await refusal(source)).toMatchObject({ code: "photo-not-found", message: expect.stringContaining(says) });
    }
  });

  it("says an empty file and one that is no image or of a foreign format", async () => {
    for (const [source, code, says] of [
      [await at("empty.jpg", ""), "photo-broken", "is empty (0 bytes)"],
      [new Uint8Array(0), "photo-broken", "0 bytes"],
      [await at("text.jpg", "Dear all, no photo"), "photo-format", 'starts with "Dear all, no'],
      [await at("a.heic", "\0\0\0\x18ftypheic\0\0\0\0mif1heic"), "photo-format", "is a HEIC file"],
      [Buffer.from(`BM${"x".repeat(60)}`), "photo-format", "is a BMP file, which is not decoded here: JPEG, PNG"],
    ] as const) {
      expect(await refusal(source)).toMatchObject({ code, message: expect.stringContaining(says) });
    }
    expect(await refusal(join(folder, "text.jpg"))).toBeInstanceOf(S2Error);
  });

  it("refuses files that are cut short, saying so", async () => {
    for (const format of ["jpeg", "png", "webp", "tiff", "gif", "avif"] as const) {
      const file = await drawn(noise(PIXELS * 3), 3)
        .toFormat(format)
        .toBuffer();
      for (const part of [0.5, 0.98]) {
        const error = await refusal(file.subarray(0, Math.floor(file.length * part)));
        expect(error, `${format} ${part}`).toMatchObject({ code: "photo-broken", message: expect.stringContaining("cut short") });
      }
    }
  });

  it("lets pass what a camera's JPEG has too many and no pixel misses", async () => {
    const file = await drawn(smooth(), 3).jpeg().toBuffer();
    const odd = Buffer.concat([file.subarray(0, 20), Buffer.alloc(3), file.subarray(20)]); // between two segments
    await expect(sharp(odd).raw().toBuffer()).rejects.toThrow("extraneous bytes");
    expect((await loadImage(odd)).data).toEqual((await loadImage(file)).data);
  });

  it("limits the pixels before decoding", async () => {
    const file = await drawn(noise(PIXELS * 3), 3)
      .png()
      .toBuffer();
    expect((await loadImage(file, { maxPixels: PIXELS })).width).toBe(WIDTH);
    const error = await refusal(file, { maxPixels: PIXELS - 1 });
    expect(error).toMatchObject({
      code: "too-many-pixels",
      message: expect.stringContaining("64 x 48 = 3072 pixels; the limit is 3071"),
    });
    expect(error?.message).toContain("maxPixels");
  });

  it("refuses floating-point samples and wrong options", async () => {
    expect(await refusal(floatTiff())).toMatchObject({ code: "photo-format", message: expect.stringContaining("of type float") });
    for (const options of [{ background: [0, 0, 256] }, { icc: "p3" }, { maxPixels: 0 }]) {
      expect(await refusal(new Uint8Array(1), options)).toMatchObject({ code: "photo-options" });
    }
  });
});
