/** The table of image extensions: a folder may neither pass over an image in silence nor try a file that is none. */
import sharp from "sharp";
import { expect, it } from "vitest";
import { IMAGE_EXTENSIONS, isImageName, isUndecodedImageName, UNDECODED_EXTENSIONS } from "../../src/images/index.ts";

it("has every extension that sharp decodes, of JPEG, PNG, WebP, AVIF, GIF and TIFF", () => {
  const { jpeg, png, webp, heif, gif, tiff } = sharp.format;
  const suffixes = [jpeg, png, webp, heif, gif, tiff].flatMap(({ input }) => input.fileSuffix ?? []);
  expect(suffixes.length).toBeGreaterThan(8);
  expect(suffixes.filter((suffix) => !isImageName(`a${suffix}`))).toEqual([]);
});

it("reads the last extension, in any case, of names and paths", () => {
  expect(["a.JPG", "b/c.d.Jfif", "x\\y.tiff"].every(isImageName)).toBe(true);
  expect(["IMG_1.HEIC", "scan.bmp", "b/raw.CR2"].every(isUndecodedImageName)).toBe(true);
  expect(
    ["a.txt", "jpg", "a.jpg.txt", "png/readme", "a.jpg/readme"].some((name) => isImageName(name) || isUndecodedImageName(name)),
  ).toBe(false);
  expect(IMAGE_EXTENSIONS.filter((extension) => UNDECODED_EXTENSIONS.includes(extension))).toEqual([]);
});
