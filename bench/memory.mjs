/**
 * Peak memory of `extract` on a photo of 24 megapixels at five sizes with the default fit, over the loaded model; and whether it stays
 * flat over 50 photos. A fresh process per question (memory-child.mjs), the photo drawn here.
 */
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { drawPhoto } from "./noise.mjs";
import { deitTiny, missing } from "./places.mjs";
import { finish, skipIf } from "./result.mjs";
import { median, round } from "./timing.mjs";

skipIf(missing(deitTiny));
const photos = 50;

const folder = mkdtempSync(join(tmpdir(), "s2-bench-"));
const photo = join(folder, "photo.jpg");
const { data, ...raw } = drawPhoto(6000, 4000);
await sharp(data, { raw }).jpeg({ quality: 90 }).toFile(photo);

const measure = (count) =>
  new Promise((resolve, reject) => {
    const child = fork(new URL("memory-child.mjs", import.meta.url), [deitTiny, photo, String(count)], {
      execArgv: ["--expose-gc"],
    });
    child.once("message", resolve);
    child.once("exit", (status) => reject(new Error(`memory-child.mjs ended with status ${status}; its message stands above.`)));
  });
const one = await measure(1);
const many = await measure(photos);
rmSync(folder, { recursive: true });

const peaks = many.photos.map(({ peak }) => peak);
finish(
  "memory",
  [
    {
      name: "peak of extract on 6000x4000 over the loaded model, first photo",
      value: above(one.photos[0].peak, one),
      unit: "MB",
      bar: 350,
    },
    { name: `peak over the loaded model, ${photos} photos`, value: above(Math.max(...peaks), many), unit: "MB", bar: 350 },
    { name: `growth of the peak, photos 10 to ${photos}`, value: growth(peaks.slice(9)), unit: "MB", bar: 10 },
  ],
  { imgSizes: many.imgSizes, tiles: many.tiles, first: one, photosInARow: many },
);

function above(peak, { loaded }) {
  return round(peak - loaded);
}

/** The median slope of all pairs (Theil and Sen), times the photos: one odd photo does not move it. */
function growth(values) {
  const slopes = values.flatMap((a, i) => values.slice(i + 1).map((b, j) => (b - a) / (j + 1)));
  return round(median(slopes) * (values.length - 1));
}
