/**
 * Peak memory of `extract` on an image of 24 megapixels at five sizes with the default fit, over the loaded model; and whether it stays
 * flat over 50 images. A fresh process per question (memory-child.mjs), the image drawn here.
 */
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { drawImage } from "./noise.mjs";
import { deitTiny, missing } from "./paths.mjs";
import { finish, skipIf } from "./result.mjs";
import { median, round } from "./timing.mjs";

skipIf(missing(deitTiny));
const images = 50;

const folder = mkdtempSync(join(tmpdir(), "s2-bench-"));
const image = join(folder, "photo.jpg");
const { data, ...raw } = drawImage(6000, 4000);
await sharp(data, { raw }).jpeg({ quality: 90 }).toFile(image);

const measure = (count) =>
  new Promise((resolve, reject) => {
    const child = fork(new URL("memory-child.mjs", import.meta.url), [deitTiny, image, String(count)], {
      execArgv: ["--expose-gc"],
    });
    child.once("message", resolve);
    child.once("exit", (status) => reject(new Error(`memory-child.mjs ended with status ${status}; its message stands above.`)));
  });
const one = await measure(1);
const many = await measure(images);
rmSync(folder, { recursive: true });

const peaks = many.images.map(({ peak }) => peak);
finish(
  "memory",
  [
    {
      name: "peak of extract on 6000x4000 over the loaded model, first image",
      value: above(one.images[0].peak, one),
      unit: "MB",
      bar: 350,
    },
    { name: `peak over the loaded model, ${images} images`, value: above(Math.max(...peaks), many), unit: "MB", bar: 350 },
    { name: `growth of the peak, images 10 to ${images}`, value: growth(peaks.slice(9)), unit: "MB", bar: 10 },
  ],
  { imgSizes: many.imgSizes, tiles: many.tiles, first: one, imagesInARow: many },
);

function above(peak, { loaded }) {
  return round(peak - loaded);
}

/** The median slope of all pairs (Theil and Sen), times the images: one odd image does not move it. */
function growth(values) {
  const slopes = values.flatMap((a, i) => values.slice(i + 1).map((b, j) => (b - a) / (j + 1)));
  return round(median(slopes) * (values.length - 1));
}
