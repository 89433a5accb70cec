/**
 * Image files to features (decode, resize, cut, normalize, run, fuse) against the authors' PyTorch code on the same files and weights: all 14 tiles of
 * scales 1, 2, 3, half of them, and the preset "dense". DeiT-Tiny, one thread each, in turns image by image. The choice of tiles is timed alone too.
 * `--s2wrapper PATH` or S2_REFERENCE names the folder that holds the authors' `s2wrapper`.
 */
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { extract, loadImage, planImage } from "s2-vision/node";
import { scalePixels } from "../dist/features/scale-pixels.js"; // no entry exports these two
import { skipTiles } from "../dist/features/skip-tiles.js";
import { loadHubFolder, skipWithoutAuthors, startReference } from "./authors.mjs";
import { noise } from "./noise.mjs";
import { coffee, missing } from "./paths.mjs";
import { finish, skipIf } from "./result.mjs";
import { median, ratio, round, takeTurns } from "./timing.mjs";

const folder = dirname(coffee);
skipIf(missing(folder));
skipWithoutAuthors("PIL");

const rounds = 5;
const squashed = { scales: [1, 2, 3], fit: "squash" };
const variants = {
  "all 14 tiles": { ...squashed, fusion: "reference" },
  "half of the tiles": { ...squashed, fusion: "bilinear", tileFraction: 0.5 },
  'preset "dense"': { preset: "dense" },
};
const adaptive = Object.keys(variants).slice(1);
const model = await loadHubFolder();
const theirs = await startReference(noise([1, 3, 224, 224]));
const images = {};
for (const name of readdirSync(folder).filter((each) => /\.jpe?g$/.test(each))) {
  const path = join(folder, name);
  const image = await loadImage(path);
  const cosine = await compare(path);
  const sides = { theirs: () => theirs.runPhoto(path) };
  for (const [variant, options] of Object.entries(variants)) {
    sides[variant] = async () => void (await extract(model, path, options));
    // After its features, as in a folder of images: compiled code that the engine threw away meanwhile counts.
    if (adaptive.includes(variant)) sides[`choice of ${variant}`] = choice(image, options);
  }
  const times = await takeTurns(sides, { rounds, warmUp: 1 });
  images[name] = {
    tiles: perVariant(Object.keys(variants), (variant) => planImage(image, variants[variant], model.traits).tiles),
    ms: perVariant(Object.keys(times), (side) => round(median(times[side].ms))),
    ratios: perVariant(Object.keys(variants), (variant) => ratio(times[variant], times.theirs)),
    choicePercent: perVariant(adaptive, (variant) => {
      const { wall, cpu } = ratio(times[`choice of ${variant}`], times[variant]);
      return { wall: round(100 * wall), cpu: round(100 * cpu) };
    }),
    cosine,
  };
  console.log(`  ${name}: ${JSON.stringify(images[name].ms)}`);
}
theirs.end();
await model.dispose();

const ratios = perVariant(Object.keys(variants), (variant) => {
  const of = (kind) => round(middle(({ ratios: each }) => each[variant][kind]));
  return { wall: of("wall"), cpu: of("cpu"), range: range(variant) };
});
const choicePercent = round(Math.max(...adaptive.map((variant) => middle((image) => image.choicePercent[variant].wall))));
finish(
  "adaptive",
  [
    { name: "all 14 tiles / the authors' code, files to features", value: ratios["all 14 tiles"].wall, unit: "x" },
    {
      name: "half of the tiles / the authors' code, files to features",
      value: ratios["half of the tiles"].wall,
      unit: "x",
      bar: 0.625,
    },
    { name: 'preset "dense" / the authors\' code, files to features', value: ratios['preset "dense"'].wall, unit: "x" },
    { name: "choice of tiles, of the time of its features", value: choicePercent, unit: "%", bar: 2 },
  ],
  { rounds, overImages: ratios, images, ...theirs.versions },
);

/** `skipTiles` on an image whose scales are resized already, as `extract` has them. */
function choice(image, options) {
  const plan = planImage({ width: image.width, height: image.height }, options, model.traits);
  const pixels = plan.scales.map((_, index) => scalePixels(image, plan, index, "bicubic"));
  return async () => void skipTiles(plan, { tileFraction: 0.5 }, (index) => pixels[index]);
}

/** Checks that both sides do the same work: the mean cosine of the tokens of the finest scale, the only one that both make from the same pixels. */
async function compare(path) {
  const ours = await extract(model, path, variants["all 14 tiles"]);
  await theirs.runPhoto(path);
  const given = theirs.features();
  if (given.length !== ours.data.length)
    throw new Error(`The outputs have ${ours.data.length} and ${given.length} numbers: not the same work.`);
  const [, tokens, channels] = ours.dims;
  let sum = 0;
  for (let token = 1; token < tokens; token++) {
    const [from, to] = [token * channels + (channels / 3) * 2, (token + 1) * channels];
    sum += cosineOf(ours.data.subarray(from, to), given.subarray(from, to));
  }
  const cosine = round(sum / (tokens - 1));
  if (!(cosine > 0.999)) throw new Error(`The tokens of ${path} have a mean cosine of ${cosine}: not the same work.`);
  return cosine;
}

function cosineOf(a, b) {
  const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

function perVariant(names, value) {
  return Object.fromEntries(names.map((name) => [name, value(name)]));
}

function middle(value) {
  return median(Object.values(images).map(value));
}

function range(variant) {
  const walls = Object.values(images).map((image) => image.ratios[variant].wall);
  return [Math.min(...walls), Math.max(...walls)];
}
