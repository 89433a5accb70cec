/** Sizes from headers against the decoder: a box or mask placed on the stored size of a turned photo would be silently wrong. */
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { photoSize } from "../../src/images/photo-size.ts";
import { loadImage } from "../../src/runtimes/node/load-image.ts";

const turned = async (format: "jpeg" | "png" | "webp" | "tiff" | "avif", orientation: number) =>
  new Uint8Array(
    await sharp({ create: { width: 40, height: 30, channels: 3, background: "teal" } })
      .withMetadata({ orientation })
      .toFormat(format)
      .toBuffer(),
  );

/** The PNG with its eXIf chunk moved behind the pixels, as PNG allows. */
function exifLast(png: Uint8Array): Uint8Array {
  const bytes = Buffer.from(png);
  const at = bytes.indexOf("eXIf") - 4;
  const chunk = bytes.subarray(at, at + 12 + bytes.readUInt32BE(at));
  const end = bytes.length - 12;
  return new Uint8Array(
    Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + chunk.length, end), chunk, bytes.subarray(end)]),
  );
}

/** JPEG's prefix before the EXIF of a WebP, as some writers leave it. */
function withPrefix(webp: Uint8Array): Uint8Array {
  const bytes = Buffer.from(webp);
  const at = bytes.indexOf("EXIF");
  const size = bytes.readUInt32LE(at + 4);
  const exif = bytes.subarray(at + 8, at + 8 + size);
  const bare = exif.toString("latin1", 0, 4) === "Exif" ? exif.subarray(6) : exif;
  const payload = Buffer.concat([Buffer.from("Exif\0\0"), bare]);
  const header = Buffer.from("EXIF\0\0\0\0");
  header.writeUInt32LE(payload.length, 4);
  const out = Buffer.concat([bytes.subarray(0, at), header, payload, Buffer.alloc(payload.length % 2)]);
  out.writeUInt32LE(out.length - 8, 4);
  return new Uint8Array(out);
}

describe("the size from the header is that of the decoded photo", () => {
  it.each(["jpeg", "png", "webp", "tiff", "avif"] as const)("for a %s of every orientation", async (format) => {
    for (let orientation = 1; orientation <= 8; orientation++) {
      const bytes = await turned(format, orientation);
      const { height, width } = await loadImage(bytes);
      expect(await photoSize(bytes), `orientation ${orientation}`).toEqual([height, width]);
    }
  });

  it.each([
    ["a PNG with its EXIF behind the pixels", "png", exifLast],
    ["a WebP with JPEG's prefix before its EXIF", "webp", withPrefix],
  ] as const)("for %s", async (_, format, change) => {
    const bytes = change(await turned(format, 6));
    const { height, width } = await loadImage(bytes);
    expect(await photoSize(bytes)).toEqual([height, width]);
  });

  it.each(["jpeg", "png", "webp", "tiff"] as const)(
    "and a %s that is cut anywhere gives a size or a sentence",
    async (format) => {
      const bytes = await turned(format, 6);
      for (let length = 0; length < bytes.length; length++) {
        const size = await photoSize(bytes.subarray(0, length)).catch((error) => error.code);
        expect(size === "data-file" || (Array.isArray(size) && size.length === 2), `${length} bytes: ${size}`).toBe(true);
      }
    },
  );
});

describe("a file without a size", () => {
  const gif = (width: number, height: number) => Uint8Array.from([...Buffer.from("GIF89a"), width, 0, height, 0, 0, 0, 0, 0]);

  it("is refused when a side is zero, and not before", async () => {
    expect(await photoSize(gif(1, 2))).toEqual([2, 1]);
    for (const [width, height] of [
      [0, 2],
      [2, 0],
    ]) {
      const message = `It says to be ${width}x${height} pixels; copy or download it again.`;
      await expect(photoSize(gif(width, height))).rejects.toMatchObject({ code: "data-file", message });
    }
  });

  it("is refused as empty, or with the reader's own error as the cause", async () => {
    await expect(photoSize(new Uint8Array(0))).rejects.toThrow("It is empty (0 bytes)");
    const refusal = { code: "data-file", message: expect.stringMatching(/^It is no image/), cause: expect.any(Error) };
    await expect(photoSize(new TextEncoder().encode("words, and no image at all"))).rejects.toMatchObject(refusal);
  });
});
