/** The table of photo extensions: a folder may neither pass over a photo in silence nor try a file that is none. */
import sharp from "sharp";
import { expect, it } from "vitest";
import { isPhotoName, isUndecodedPhotoName, PHOTO_EXTENSIONS, UNDECODED_EXTENSIONS } from "../../src/images/index.ts";

it("has every extension that sharp decodes, of JPEG, PNG, WebP, AVIF, GIF and TIFF", () => {
  const { jpeg, png, webp, heif, gif, tiff } = sharp.format;
  const suffixes = [jpeg, png, webp, heif, gif, tiff].flatMap(({ input }) => input.fileSuffix ?? []);
  expect(suffixes.length).toBeGreaterThan(8);
  expect(suffixes.filter((suffix) => !isPhotoName(`a${suffix}`))).toEqual([]);
});

it("reads the last extension, in any case, of names and paths", () => {
  expect(["a.JPG", "b/c.d.Jfif", "x\\y.tiff"].every(isPhotoName)).toBe(true);
  expect(["IMG_1.HEIC", "scan.bmp", "b/raw.CR2"].every(isUndecodedPhotoName)).toBe(true);
  expect(
    ["a.txt", "jpg", "a.jpg.txt", "png/readme", "a.jpg/readme"].some((name) => isPhotoName(name) || isUndecodedPhotoName(name)),
  ).toBe(false);
  expect(PHOTO_EXTENSIONS.filter((extension) => UNDECODED_EXTENSIONS.includes(extension))).toEqual([]);
});
