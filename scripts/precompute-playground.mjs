/**
 * Makes playground/examples: the scenes as WebP or AVIF, and for the street the features that the page shows before any model is loaded,
 * projected to fewer channels and stored as int8. Run by `npm run pictures`; a test compares the hash of the inputs.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { hashFiles } from "./hash-files.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const scenes = ["street", "shelf", "words"];
export const folder = join(root, "playground/examples");

/** Options of the page's first extraction, see planOptions in playground/src/session.ts. */
export const options = { scales: [1, 2, 3], fit: "whole", fusion: "bilinear", outputScale: "finest" };

/** Channels that stay of each scale, the directions of the largest squares: heat maps then correlate with the full ones by 0.98 or more. */
const CHANNELS = 32;

/** Hash of everything that goes into the files: scenes, model and this script. */
export function inputsHash() {
  const inputs = [
    ...scenes.map((name) => `examples/scenes/${name}.png`),
    ...["models/s2-tiny/config.json", "models/s2-tiny/model.safetensors", "scripts/precompute-playground.mjs"],
  ];
  return hashFiles(inputs);
}

/** Extracts the street's features as the page does; with `record` a model is wrapped before it runs. */
export async function streetFeatures(record = (model) => model) {
  const { extract, loadModel } = await import("s2-vision/node");
  const model = await loadModel();
  try {
    return await extract(record(model), join(folder, "street.webp"), options);
  } finally {
    await model.dispose();
  }
}

async function precompute() {
  mkdirSync(folder, { recursive: true });
  const scene = (name) => sharp(join(root, `examples/scenes/${name}.png`));
  await scene("street").webp({ quality: 70, smartSubsample: true, effort: 6 }).toFile(join(folder, "street.webp"));
  // Two thirds of a WebP's bytes, and 3 dB nearer to the scene.
  for (const name of ["shelf", "words"])
    await scene(name)
      .avif({ quality: 50, chromaSubsampling: "4:4:4", effort: 6 })
      .toFile(join(folder, `${name}.avif`));
  const { writeSafetensors } = await import("s2-vision/node");
  const { recordModel, scaleMaps } = await import("../dist/features/index.js");
  let recorded;
  const features = await streetFeatures((model) => (recorded = recordModel(model)));
  const maps = await scaleMaps(recorded, features.plan); // each on its own grid
  const axes = mainAxes(maps, CHANNELS);
  const tensors = {};
  for (const [i, { rows, cols, channels, data }] of maps.entries()) {
    const projected = new Float32Array(rows * cols * CHANNELS);
    for (let token = 0, to = 0; token < rows * cols; token++)
      for (const axis of axes) {
        let sum = 0;
        for (let c = 0; c < channels; c++) sum += data[token * channels + c] * axis[c];
        projected[to++] = sum;
      }
    const step = new Float32Array(CHANNELS);
    for (let at = 0; at < projected.length; at++)
      step[at % CHANNELS] = Math.max(step[at % CHANNELS], Math.abs(projected[at]) / 127);
    const values = Int8Array.from(projected, (value, at) => Math.round(value / step[at % CHANNELS]));
    tensors[`scale-${i}`] = { dtype: "I8", dims: [rows, cols, CHANNELS], data: values };
    tensors[`step-${i}`] = { dtype: "F32", dims: [CHANNELS], data: step };
  }
  const [height, width] = features.plan.image;
  const metadata = { inputs: inputsHash(), options: JSON.stringify(options), size: JSON.stringify([height, width]) };
  writeFileSync(join(folder, "street.safetensors"), writeSafetensors(tensors, metadata));
}

/** The directions with the largest mean square of all scales' tokens, by orthogonal iteration: a projection to them keeps dot products best. */
function mainAxes(maps, count) {
  const { channels } = maps[0];
  const products = new Float64Array(channels * channels);
  for (const { data } of maps)
    for (let at = 0; at < data.length; at += channels)
      for (let a = 0; a < channels; a++)
        for (let b = 0; b < channels; b++) products[a * channels + b] += data[at + a] * data[at + b];
  const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  let axes = Array.from({ length: count }, (_, i) =>
    Float64Array.from({ length: channels }, (_, c) => Math.cos((i + 1) * (c + 0.5))),
  );
  for (let step = 0; step < 60; step++) {
    axes = axes.map((axis) => Float64Array.from(axis, (_, a) => dot(products.subarray(a * channels, (a + 1) * channels), axis)));
    for (const [i, axis] of axes.entries()) {
      for (const before of axes.slice(0, i)) {
        const along = dot(axis, before);
        for (let c = 0; c < channels; c++) axis[c] -= along * before[c];
      }
      const length = Math.sqrt(dot(axis, axis));
      for (let c = 0; c < channels; c++) axis[c] /= length;
    }
  }
  return axes;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await precompute();
