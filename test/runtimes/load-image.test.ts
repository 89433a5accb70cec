/** loadImage on pictures that sharp draws here: orientation, transparency, depths, profiles, refusals. */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadImage, S2Error } from "s2-vision/node";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { headerSize } from "../../src/runtimes/image-format.ts";
import { rgbFrom8 } from "../../src/runtimes/to-rgb.ts";
import { zeroPng } from "../hostile/png.ts";
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
} from "./drawn-images.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "s2-image-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("loadImage: plain pictures", () => {
  it("gives a PNG's bytes as they were written, from a path and from bytes", async () => {
    const pixels = noise(PIXELS * 3);
    const path = join(folder, "plain.png");
    await writeFile(path, await drawn(pixels, 3).png().toBuffer());
    const image = await loadImage(path);
    expect({ ...image, data: 0 }).toEqual({ width: WIDTH, height: HEIGHT, channels: 3, data: 0, source: path });
    expect(image.data).toEqual(pixels);
    expect(image.data.constructor).toBe(Uint8Array);
    const fromBytes = await loadImage(new Uint8Array(await drawn(pixels, 3).png().toBuffer()));
    expect(fromBytes.data).toEqual(pixels);
    expect("source" in fromBytes).toBe(false);
  });

  it("never writes bytes out as text, which took longer than decoding them", async () => {
    const bytes = new Uint8Array(
      await drawn(noise(PIXELS * 3), 3)
        .png()
        .toBuffer(),
    );
    const asText = () => {
      throw new Error("the bytes were made a string");
    };
    expect((await loadImage(Object.assign(bytes, { toString: asText }))).width).toBe(WIDTH);
  });

  it("gives a JPEG's, WebP's and TIFF's values as the decoder has them", async () => {
    for (const format of ["jpeg", "webp", "tiff", "avif"] as const) {
      const file = await drawn(noise(PIXELS * 3), 3)
        .toFormat(format)
        .toBuffer();
      expect((await loadImage(file)).data, format).toEqual(plain(await sharp(file).raw().toBuffer()));
    }
  });

  it("makes three equal channels of gray: JPEG, PNG, 1-bit TIFF", async () => {
    const gray = noise(PIXELS);
    const bits = gray.map((v) => (v > 127 ? 255 : 0));
    const png = await drawn(gray, 1).toColourspace("b-w").png().toBuffer();
    expect((await loadImage(png)).data).toEqual(tripled(gray));
    const tiff = await drawn(bits, 1).toColourspace("b-w").tiff({ bitdepth: 1 }).toBuffer();
    expect((await loadImage(tiff)).data).toEqual(tripled(bits));
    const jpeg = await drawn(gray, 1).toColourspace("b-w").jpeg().toBuffer();
    const decoded = plain(await sharp(jpeg).toColourspace("b-w").raw().toBuffer());
    expect((await loadImage(jpeg)).data).toEqual(tripled(decoded));
  });

  it("resolves a palette, with a transparent entry too", async () => {
    const four = Uint8Array.from({ length: PIXELS * 4 }, (_, i) => [20, 90, 200, i % 8 < 4 ? 255 : 0][i % 4]);
    const file = await drawn(four, 4).png({ palette: true, colors: 4 }).toBuffer();
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
    const image = await loadImage(file);
    expect([image.width, image.height, ...image.data.subarray(0, 3)]).toEqual([8, 6, 255, 0, 0]);
  });

  it("draws an SVG", async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="5" height="4"><rect width="2" height="4" fill="#0a141e"/></svg>';
    const image = await loadImage(Buffer.from(svg));
    expect([image.width, image.height, ...image.data.subarray(3, 9)]).toEqual([5, 4, 10, 20, 30, 255, 255, 255]);
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
    const image = await loadImage(file);
    expect([image.width, image.height]).toEqual([width, height]);
    expect(image.data).toEqual(upright);
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

describe("loadImage: 16 bits and color spaces", () => {
  it("rounds 16-bit gray and RGB to 8", async () => {
    const rgb = noise16(PIXELS * 3);
    const down = Uint8Array.from(rgb, (v) => Math.round(v / 257));
    expect((await loadImage(await drawn16(rgb, 3).toColourspace("rgb16").png().toBuffer())).data).toEqual(down);
    const gray = rgb.slice(0, PIXELS);
    const png = await drawn16(gray, 1).toColourspace("grey16").png().toBuffer();
    expect((await sharp(png).metadata()).depth).toBe("ushort");
    expect((await loadImage(png)).data).toEqual(tripled(down.slice(0, PIXELS)));
  });

  it("converts CMYK", async () => {
    const jpeg = await drawn(smooth(), 3).toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(jpeg).metadata()).space).toBe("cmyk");
    const image = await loadImage(jpeg);
    expect(image.data.length).toBe(PIXELS * 3);
    expect(meanDifference(image.data, smooth())).toBeLessThan(25); // what the small gamut of print leaves
  });

  it("converts Display P3 to sRGB in 8 and in 16 bits, and leaves it when shown to", async () => {
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
      ["http://127.0.0.1:9/a.jpg", "could not be fetched"],
      [7 as unknown as string, "of type number"],
    ]) {
      expect(await refusal(source)).toMatchObject({ code: "image-not-found", message: expect.stringContaining(says) });
    }
  });

  it("says an empty file and one that is no image or of a foreign format", async () => {
    for (const [source, code, says] of [
      [await at("empty.jpg", ""), "image-broken", "is empty (0 bytes)"],
      [new Uint8Array(0), "image-broken", "0 bytes"],
      [await at("text.jpg", "Dear all, no image"), "image-format", 'starts with "Dear all, no'],
      [await at("a.heic", "\0\0\0\x18ftypheic\0\0\0\0mif1heic"), "image-format", "is a HEIC file"],
      [Buffer.from(`BM${"x".repeat(60)}`), "image-format", "is a BMP file, which is not decoded here: JPEG, PNG"],
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
        expect(error, `${format} ${part}`).toMatchObject({ code: "image-broken", message: expect.stringContaining("cut short") });
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
    expect(await refusal(floatTiff())).toMatchObject({ code: "image-format", message: expect.stringContaining("of type float") });
    for (const options of [{ background: [0, 0, 256] }, { icc: "p3" }, { maxPixels: 0 }]) {
      expect(await refusal(new Uint8Array(1), options)).toMatchObject({ code: "image-options" });
    }
  });
});

describe("loadImage: limits", () => {
  const refusal = (source: string | Uint8Array, options = {}) => loadImage(source, options).catch((error) => error as S2Error);
  const svg = (body: string, side = 8) =>
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xi="http://www.w3.org/2001/XInclude" width="${side}" height="${side}">${body}</svg>`,
    );

  it("refuses a PNG of kilobytes whose pixels take gigabytes, before decoding; the options take more", async () => {
    const bomb = await zeroPng(9000, 9000, 16, 6, true);
    const error = await refusal(bomb);
    expect(error).toMatchObject({ code: "too-many-pixels", message: expect.stringContaining("4 x 16 bits, interlaced") });
    const small = await zeroPng(100, 80, 16, 6, true);
    const needed = Number(/maxBytes to at least (\d+)/.exec(((await refusal(small, { maxBytes: 1000 })) as S2Error).message)![1]);
    expect(await refusal(small, { maxBytes: needed - 1 })).toMatchObject({ code: "too-many-pixels" });
    expect(await loadImage(small, { maxBytes: needed })).toMatchObject({ width: 100, height: 80 });
  });

  it("has lower limits where a pixel takes longer: SVG, CMYK, profiles", async () => {
    expect(await refusal(svg("", 4097))).toMatchObject({ message: expect.stringContaining("the limit is 16777216 for an SVG") });
    const size = { width: 8193, height: 8192 };
    const wide = sharp({ create: { ...size, channels: 3, background: "#888" } });
    const tagged = await wide.withIccProfile("p3").png({ compressionLevel: 1 }).toBuffer();
    expect(await refusal(tagged)).toMatchObject({ message: expect.stringContaining("67108864 where colors are converted") });
  }, 120_000);

  it("converts a large image with alpha in a thread to what a small one becomes in place", async () => {
    const side = 1100;
    const rgba = noise(side * side * 4);
    const file = await sharp(rgba, { raw: { width: side, height: side, channels: 4 } })
      .png({ compressionLevel: 0 })
      .toBuffer();
    const { data } = await loadImage(file, { background: [1, 2, 3] });
    expect(Buffer.compare(data, rgbFrom8(rgba, side * side, 4, [1, 2, 3]))).toBe(0);
    const broken = await refusal(file.subarray(0, file.length / 2));
    expect(broken).toMatchObject({ code: "image-broken" });
  });

  it("an SVG reads no other file, from a path neither", async () => {
    await writeFile(
      join(folder, "red.png"),
      await sharp({ create: { width: 8, height: 8, channels: 3, background: "#f00" } })
        .png()
        .toBuffer(),
    );
    await writeFile(join(folder, "red.svg"), svg('<rect width="8" height="8" fill="#f00"/>'));
    for (const body of [
      '<image href="red.png" width="8" height="8"/>',
      `<image href="file://${folder}/red.png" width="8" height="8"/>`,
      '<xi:include href="red.svg"/>',
    ]) {
      await writeFile(join(folder, "reads.svg"), svg(body));
      const { data } = await loadImage(join(folder, "reads.svg"));
      expect(new Set(data), body).toEqual(new Set([255]));
    }
  });

  it("ends an SVG that takes seconds of a processor, memory without end, or whose entities explode", async () => {
    const filter = (filters: string) =>
      svg(
        `<filter id="f" x="0" y="0" width="1" height="1">${filters}</filter><rect width="100%" height="100%" filter="url(#f)"/>`,
        4096,
      );
    const slow = filter('<feTurbulence baseFrequency="0.9" numOctaves="1000"/>'.repeat(9));
    expect(await refusal(slow)).toMatchObject({
      code: "image-broken",
      message: expect.stringMatching(/more than 3 seconds of a processor/),
    });
    const large = filter(Array.from({ length: 300 }, (_, i) => `<feFlood result="r${i}"/>`).join(""));
    expect(await refusal(large)).toMatchObject({
      code: "image-broken",
      message: expect.stringMatching(/more than (640 MiB|3 seconds)/),
    });
    const entities = "bcdefghijk".replace(
      /./g,
      (c) => `<!ENTITY ${c} "${`&${String.fromCharCode(c.charCodeAt(0) - 1)};`.repeat(10)}">`,
    );
    const laughs = Buffer.from(`<!DOCTYPE svg [<!ENTITY a "ha">${entities}]>${svg("<text>&k;</text>")}`);
    expect(await refusal(laughs)).toMatchObject({ code: "image-broken" });
  }, 240_000);

  it("an abort ends it with the signal's own reason, the drawing of an SVG too", async () => {
    const reason = new Error("enough");
    expect(await refusal(svg(""), { signal: AbortSignal.abort(reason) })).toBe(reason);
    const slow = svg(
      '<filter id="f"><feTurbulence baseFrequency="0.9" numOctaves="1000"/></filter><rect width="100%" height="100%" filter="url(#f)"/>',
      4096,
    );
    const controller = new AbortController();
    const loading = refusal(slow, { signal: controller.signal });
    controller.abort(reason);
    expect(await loading).toBe(reason);
  });

  it.skipIf(process.platform === "win32")(
    "refuses a pipe and a device instead of waiting for them, and links that lead nowhere",
    async () => {
      execFileSync("mkfifo", [join(folder, "pipe.jpg")]);
      await symlink("loop.jpg", join(folder, "loop.jpg"));
      await symlink("gone.jpg", join(folder, "dangling.jpg"));
      for (const [path, says] of [
        [join(folder, "pipe.jpg"), "is a pipe"],
        ["/dev/zero", "is a device"],
        [join(folder, "loop.jpg"), "leads back to itself"],
        [join(folder, "dangling.jpg"), "a link to a file that is not there"],
      ])
        expect(await refusal(path)).toMatchObject({ code: "image-not-found", message: expect.stringContaining(says) });
    },
  );

  it("takes brackets in a file's name for its name", async () => {
    const file = join(folder, "a[page=1].png");
    await writeFile(
      file,
      await drawn(noise(PIXELS * 3), 3)
        .png()
        .toBuffer(),
    );
    expect((await loadImage(file)).width).toBe(WIDTH);
  });

  it("takes only the preview's file for a raw file when its name says so", async () => {
    const tiff = await drawn(noise(PIXELS * 3), 3)
      .tiff()
      .toBuffer();
    await writeFile(join(folder, "a.dng"), tiff);
    expect(await refusal(join(folder, "a.dng"))).toMatchObject({
      code: "image-format",
      message: expect.stringContaining("camera's raw file"),
    });
    expect((await loadImage(tiff)).width).toBe(WIDTH);
  });

  it("a page reads the size from the header as the decoder finds it", async () => {
    for (const [kind, file] of [
      [
        "PNG",
        await drawn(noise(PIXELS * 3), 3)
          .png()
          .toBuffer(),
      ],
      [
        "GIF",
        await drawn(noise(PIXELS * 3), 3)
          .gif()
          .toBuffer(),
      ],
      [
        "JPEG",
        await drawn(noise(PIXELS * 3), 3)
          .jpeg()
          .toBuffer(),
      ],
      [
        "JPEG",
        await drawn(noise(PIXELS * 3), 3)
          .withIccProfile("p3")
          .jpeg({ progressive: true })
          .toBuffer(),
      ],
      [
        "WebP",
        await drawn(noise(PIXELS * 3), 3)
          .webp()
          .toBuffer(),
      ],
      [
        "WebP",
        await drawn(noise(PIXELS * 4), 4)
          .webp()
          .toBuffer(),
      ],
      [
        "WebP",
        await drawn(noise(PIXELS * 3), 3)
          .webp({ lossless: true })
          .toBuffer(),
      ],
    ] as const) {
      expect(headerSize(file, kind), kind).toEqual([WIDTH, HEIGHT]);
      expect(headerSize(file.subarray(0, 14), kind), kind).toEqual(kind === "GIF" ? [WIDTH, HEIGHT] : undefined);
    }
  });
});
