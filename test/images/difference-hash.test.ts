/** Bits that survive what copies of a photo go through: another size, compression, brightness, a small crop. */
import sharp, { type Sharp } from "sharp";
import { expect, it } from "vitest";
import { differenceHash, leastDifference, type Pixels, wholeDifference } from "../../src/images/index.ts";

/** Blobs of light at places that the seed decides. */
function scene(seed: number, width = 200, height = 150): Pixels {
  let state = seed;
  const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
  const blobs = Array.from({ length: 60 }, () => [random() * width, random() * height, 5 + 10 * random(), 100 * random()]);
  const light = Float64Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return blobs.reduce((sum, [bx, by, r, value]) => sum + value * Math.exp(-((x - bx) ** 2 + (y - by) ** 2) / r ** 2), 10);
  });
  const data = Uint8Array.from({ length: 3 * light.length }, (_, i) => Math.min(255, light[Math.floor(i / 3)]));
  return { width, height, channels: 3, data };
}

const photo = scene(5);
const hash = differenceHash(photo);
async function edited(edit: (image: Sharp) => Sharp): Promise<Uint32Array> {
  const image = sharp(photo.data, { raw: { width: photo.width, height: photo.height, channels: 3 } });
  const { data, info } = await sharp(await edit(image).png().toBuffer())
    .raw()
    .toBuffer({ resolveWithObject: true });
  return differenceHash({ width: info.width, height: info.height, channels: 3, data: new Uint8Array(data) });
}

it("hardly changes with size and brightness, and differs between pictures", async () => {
  expect(wholeDifference(hash, hash)).toBe(0);
  expect(wholeDifference(hash, await edited((image) => image.resize(100, 75)))).toBeLessThanOrEqual(4);
  expect(wholeDifference(hash, await edited((image) => image.linear(0.85, 0)))).toBeLessThanOrEqual(4);
  for (let seed = 6; seed < 16; seed++) expect(leastDifference(hash, differenceHash(scene(seed)))).toBeGreaterThan(25);
});

it.each([
  ["right and bottom", { left: 0, top: 0, width: 190, height: 142 }],
  ["all sides", { left: 5, top: 4, width: 190, height: 142 }],
  ["the left alone", { left: 20, top: 0, width: 180, height: 150 }],
])("finds a crop of %s, whichever image is the crop", async (_, box) => {
  const crop = await edited((image) => image.extract(box));
  expect(wholeDifference(hash, crop)).toBeGreaterThan(leastDifference(hash, crop) + 4); // the whole images do not match
  expect(leastDifference(hash, crop)).toBeLessThanOrEqual(6);
  expect(leastDifference(crop, hash)).toBe(leastDifference(hash, crop));
});

it("takes gray pixels and images smaller than its grid", () => {
  const gray: Pixels = { width: 3, height: 2, channels: 1, data: Uint8Array.of(0, 100, 200, 0, 100, 200) };
  const rgb: Pixels = { ...gray, channels: 3, data: Uint8Array.from({ length: 18 }, (_, i) => gray.data[Math.floor(i / 3)]) };
  expect(differenceHash(gray)).toEqual(differenceHash(rgb));
});
