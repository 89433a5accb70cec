/**
 * Duplicates: chooses the default thresholds of `findDuplicates` on photos of training splits, and reports on photos of test splits how many
 * edited copies they find and how many different photos they group. Photos of products and clothes are similar scenes; frames of a video
 * are counted apart, for a standing car sees the same street again.
 */
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { imageTokens } from "s2-vision/heads";
import { extract, loadImage, loadModel } from "s2-vision/node";
import { differenceHash, findDuplicates } from "s2-vision/retrieval";
import { imageVector } from "s2-vision/tasks";
import sharp from "sharp";
import { missing, root } from "./paths.mjs";
import { finish, skipIf } from "./result.mjs";
import { round } from "./timing.mjs";

const data = join(process.env.S2_SHARED ?? resolve(root, "../shared"), "data");
const sets = {
  validation: { photos: ["grocery/train", "clothing/train", "coco128/images/train"], video: "camvid/train/images" },
  test: { photos: ["grocery/test", "clothing/test", "coco128/images/val"], video: "camvid/test/images" },
};
skipIf(missing(...Object.values(sets).flatMap(({ photos, video }) => [...photos, video].map((path) => join(data, path)))));

/** Every so many photos are edited. */
const STEP = 8;
/** The most photos of 1,000 that may be grouped with a different one. */
const MOST_WRONG = 1;
const thresholds = {
  maxDifference: [4, 6, 8, 10, 12, 14, 16, 18, 20, 24],
  minSimilarity: [-1, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98],
};

let seed = 7;
const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
const jpeg = (quality) => (image) => image.jpeg({ quality });
const scale = (factor) => (image, width) => image.resize(Math.round(width * factor)).jpeg({ quality: 85 });
const crop = (across, down) => (image, width, height) => {
  const [w, h] = [Math.round(width * across), Math.round(height * down)];
  const [left, top] = [Math.floor(random() * (width - w + 1)), Math.floor(random() * (height - h + 1))];
  return image.extract({ left, top, width: w, height: h }).jpeg({ quality: 90 });
};
const edits = {
  ...{ "JPEG quality 75": jpeg(75), "JPEG quality 50": jpeg(50), "JPEG quality 30": jpeg(30) },
  ...{ "half size": scale(0.5), "a quarter of the size": scale(0.25) },
  ...{ "5 % cropped": crop(0.95, 0.95), "5 % cropped in height": crop(1, 0.95), "10 % cropped": crop(0.9, 0.9) },
  ...{ "15 % brighter": (image) => image.linear(1.15, 0).jpeg(), "15 % darker": (image) => image.linear(0.85, 0).jpeg() },
  "5 % cropped, half size, JPEG quality 60": async (image, width, height) =>
    sharp(await crop(0.95, 0.95)(image, width, height).toBuffer())
      .resize(Math.round(width * 0.475))
      .jpeg({ quality: 60 }),
};

const model = await loadModel();
const signed = {};
for (const [name, { photos, video }] of Object.entries(sets)) {
  const originals = await signAll(photos.flatMap(list));
  signed[name] = { originals, copies: await signCopies(originals), frames: await signAll(list(video)) };
}
await model.dispose();

const chosen = choose(signed.validation);
const tested = evaluate(signed.test, chosen);
finish(
  "duplicates",
  [
    { name: "edited copies that are not found", value: round(100 * (1 - tested.recall)), unit: "% of the test copies" },
    { name: "photos grouped with a different one", value: tested.wrong, unit: `of ${tested.photos} test photos` },
    { name: "chosen: most bits of 128 that differ", value: chosen.maxDifference, unit: "bits" },
    { name: "chosen: least similarity", value: chosen.minSimilarity, unit: "cosine" },
  ],
  {
    model: "s2-tiny at 1x, mean of the tokens",
    rule: `most copies found with at most ${MOST_WRONG} of 1,000 validation photos grouped with a different one`,
    validation: evaluate(signed.validation, chosen),
    test: tested,
    "test, hash alone": evaluate(signed.test, { ...chosen, minSimilarity: -1 }),
  },
);

function list(folder) {
  const names = readdirSync(join(data, folder), { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => /\.(jpg|png|webp)$/.test(name))
    .map((name) => join(folder, name))
    .sort();
}

async function signAll(paths) {
  const signatures = [];
  for (const path of paths) signatures.push(await sign(path, await loadImage(join(data, path))));
  return signatures;
}

async function signCopies(originals) {
  const copies = [];
  for (const original of originals.filter((_, i) => i % STEP === 0)) {
    const { width, height, data: pixels } = await loadImage(join(data, original.image));
    for (const [name, edit] of Object.entries(edits)) {
      const image = sharp(pixels, { raw: { width, height, channels: 3 } });
      const bytes = await (await edit(image, width, height)).toBuffer();
      copies.push({
        edit: name,
        original,
        copy: await sign(`${name} of ${original.image}`, await loadImage(new Uint8Array(bytes))),
      });
    }
  }
  return copies;
}

async function sign(image, photo) {
  const tokens = imageTokens(await extract(model, photo, { scales: [1], fit: "squash" }));
  const pixelHash = createHash("sha256").update(photo.data).digest("hex");
  return {
    ...{ image, size: [photo.height, photo.width], bytes: 0, contentHash: image, pixelHash },
    ...{ differenceHash: differenceHash(photo), vector: imageVector(tokens, "mean") },
  };
}

function choose(set) {
  let best;
  for (const maxDifference of thresholds.maxDifference) {
    for (const minSimilarity of [...thresholds.minSimilarity].reverse()) {
      const { recall, wrong, photos } = evaluate(set, { maxDifference, minSimilarity });
      if (wrong > (MOST_WRONG * photos) / 1000 || recall <= (best?.recall ?? 0)) continue;
      best = { maxDifference, minSimilarity, recall };
    }
  }
  const { maxDifference, minSimilarity } = best;
  return { maxDifference, minSimilarity };
}

/** Counts the copies that are found, and the images beyond the first in groups of different ones. */
function evaluate({ originals, copies, frames }, options) {
  const found = copies.filter(({ original, copy }) => findDuplicates([original, copy], options).length > 0);
  const wrongIn = (images) => findDuplicates(images, options).reduce((sum, group) => sum + group.images.length - 1, 0);
  const recallOf = (name) => {
    const isOf = ({ edit }) => edit === name;
    return round(found.filter(isOf).length / copies.filter(isOf).length);
  };
  return {
    ...{ photos: originals.length, wrong: wrongIn(originals), frames: frames.length, framesGrouped: wrongIn(frames) },
    ...{ copies: copies.length, recall: found.length / copies.length },
    recallByEdit: Object.fromEntries(Object.keys(edits).map((name) => [name, recallOf(name)])),
  };
}
