/**
 * int8 files against float32 on DeiT-Tiny and s2-tiny: what residual quantization of the activations, and layers chosen by
 * photos, give in accuracy and cost in time and size. Accuracy is the cosine of tokens, and k nearest neighbors by leave-one-out over all
 * photos of the clothing set: how often they name float32's class, and the right one.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as ort from "onnxruntime-node";
import { buildModel } from "s2-vision/models";
import { loadImage, openGraph, resizePixels } from "s2-vision/node";
import { quantizeModel } from "s2-vision/onnx";
import { noise } from "./noise.mjs";
import { deitTiny, missing, root } from "./paths.mjs";
import { finish, skipIf } from "./result.mjs";
import { ratio, round, spread, takeTurns } from "./timing.mjs";

const clothing = join(dirname(dirname(deitTiny)), "data/clothing");
skipIf(missing(deitTiny, clothing));

const ROUNDS = 11;
const SIZE = 3 * 224 * 224;
const CHANNELS = 192;
const tiny = join(root, "models/s2-tiny");
const models = {
  "DeiT-Tiny": readFileSync(join(deitTiny, "onnx/model.onnx")),
  "s2-tiny": buildModel(
    JSON.parse(readFileSync(join(tiny, "config.json"), "utf8")),
    readFileSync(join(tiny, "model.safetensors")),
  ),
};

const photos = ["train", "validation", "test"].flatMap((split) =>
  readdirSync(join(clothing, split)).flatMap((name) =>
    readdirSync(join(clothing, split, name)).map((file) => ({ split, label: name, path: join(clothing, split, name, file) })),
  ),
);
const calibration = { images: await calibrationPhotos(8), openGraph: (bytes) => openGraph(bytes, { threads: 1 }) };
const variants = {
  "no residuals": { residualFraction: 0 },
  "residuals in 9 %": { residualFraction: 0.09 },
  "residuals in 20 %": { residualFraction: 0.2 },
  "residuals everywhere": { residualFraction: 1 },
  "8 photos, residuals in 20 %": { ...calibration, residualFraction: 0.2 },
};

const details = {};
for (const [name, file] of Object.entries(models)) {
  details[name] = await compare(file);
}

const figures = Object.entries(details).flatMap(([model, rows]) =>
  Object.entries(rows).flatMap(([variant, row]) => {
    const figure = (what, value, unit) => ({ name: `${model}, ${variant}: ${what}`, value, unit });
    return [
      figure("size", row.size, "of float32's"),
      figure("time, 1 thread", row.time1.wall, "of float32's"),
      figure("time, 2 threads", row.time2.wall, "of float32's"),
      figure("1 - mean token cosine", row.loss, ""),
      figure("nearest neighbors agree", row.agreement, "%"),
      figure("nearest neighbors right", row.accuracy, "%"),
    ];
  }),
);
finish("int8", figures, { rounds: ROUNDS, photos: photos.length, models: details });

/** All figures of each variant of one model. */
async function compare(file) {
  const files = { float32: file };
  for (const [name, options] of Object.entries(variants)) files[name] = (await quantizeModel(file, options)).file;
  const names = Object.keys(files);
  const times = [await timesOf(files, 1), await timesOf(files, 2)];
  const sessions = await openAll(files, 1);
  const loss = Object.fromEntries(names.map((name) => [name, 0]));
  const vectors = Object.fromEntries(names.map((name) => [name, []]));
  for (const { path } of photos) {
    const images = await prepare(path);
    const outputs = {};
    for (const name of names) outputs[name] = await tokensOf(sessions[name], images);
    for (const name of names) {
      loss[name] += 1 - meanCosine(outputs.float32, outputs[name]);
      vectors[name].push(meanToken(outputs[name]));
    }
  }
  await closeAll(sessions);
  const float = leaveOneOut(vectors.float32);
  const right = (classes) => classes.map((found, i) => found === photos[i].label);
  const rows = names.map((name) => {
    const found = leaveOneOut(vectors[name]);
    const [a, b] = [right(float), right(found)];
    return [
      name,
      {
        size: round(files[name].length / file.length),
        ...{ time1: ratio(times[0][name], times[0].float32), time2: ratio(times[1][name], times[1].float32) },
        ms: spread(times[0][name].ms),
        loss: round(loss[name] / photos.length),
        agreement: percent(found.map((label, i) => label === float[i])),
        accuracy: percent(b),
        lost: a.filter((yes, i) => yes && !b[i]).length,
        won: b.filter((yes, i) => yes && !a[i]).length,
      },
    ];
  });
  return Object.fromEntries(rows);
}

async function timesOf(files, threads) {
  const sessions = await openAll(files, threads);
  const images = noise([4, 3, 224, 224]).data; // as many as the Node runtime runs at a time
  const sides = Object.entries(sessions).map(([name, session]) => [
    name,
    async () => {
      await run(session, images, 4);
    },
  ]);
  const times = await takeTurns(Object.fromEntries(sides), { rounds: ROUNDS, warmUp: 3 });
  await closeAll(sessions);
  return times;
}

async function openAll(files, threads) {
  const options = {
    ...{ intraOpNumThreads: threads, interOpNumThreads: 1, enableCpuMemArena: false, logSeverityLevel: 4 },
    extra: { session: { force_spinning_stop: "1" } },
  };
  const entries = Object.entries(files).map(async ([name, file]) => [name, await ort.InferenceSession.create(file, options)]);
  return Object.fromEntries(await Promise.all(entries));
}

function closeAll(sessions) {
  return Promise.all(Object.values(sessions).map((session) => session.release()));
}

function run(session, data, count) {
  return session.run({ [session.inputNames[0]]: new ort.Tensor("float32", data, [count, 3, 224, 224]) });
}

async function tokensOf(session, images) {
  const { last_hidden_state, forward_features } = await run(session, images, 1); // as transformers, and as timm, name them
  return (last_hidden_state ?? forward_features).data;
}

/** The first training photo of each of some classes. */
async function calibrationPhotos(count) {
  const data = new Float32Array(count * SIZE);
  const first = photos.filter(({ split, label }, i) => split === "train" && label !== photos[i - 1]?.label).slice(0, count);
  for (const [i, { path }] of first.entries()) data.set(await prepare(path), i * SIZE);
  return { dims: [count, 3, 224, 224], data };
}

/** Short side to 248, the middle 224x224, ImageNet's mean and deviation. */
async function prepare(path) {
  const photo = await loadImage(path);
  const scale = 248 / Math.min(photo.width, photo.height);
  const size = [Math.round(photo.height * scale), Math.round(photo.width * scale)];
  const { data: pixels, width, height } = resizePixels(photo, size, "bicubic");
  const [top, left] = [(height - 224) >> 1, (width - 224) >> 1];
  const values = new Float32Array(SIZE);
  const [mean, std] = [
    [0.485, 0.456, 0.406],
    [0.229, 0.224, 0.225],
  ];
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < 224; y++)
      for (let x = 0; x < 224; x++)
        values[(c * 224 + y) * 224 + x] = (pixels[((top + y) * width + left + x) * 3 + c] / 255 - mean[c]) / std[c];
  return values;
}

function meanCosine(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i += CHANNELS) sum += cosine(a.subarray(i, i + CHANNELS), b.subarray(i, i + CHANNELS));
  return sum / (a.length / CHANNELS);
}

/** The mean of the patch tokens: the first is [CLS]. */
function meanToken(tokens) {
  const mean = new Float32Array(CHANNELS);
  for (let i = CHANNELS; i < tokens.length; i++) mean[i % CHANNELS] += tokens[i] / (tokens.length / CHANNELS - 1);
  return mean;
}

function cosine(a, b) {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return dot / Math.sqrt(aa * bb);
}

/** Each photo's class by its 20 nearest others, their votes weighted by exp(cosine / 0.07) as in DINO (arXiv 2104.14294, §4.1). */
function leaveOneOut(vectors) {
  return vectors.map((vector, i) => {
    const near = vectors.map((other, j) => ({ label: photos[j].label, cosine: j === i ? -1 : cosine(vector, other) }));
    near.sort((a, b) => b.cosine - a.cosine);
    const votes = {};
    for (const { label, cosine } of near.slice(0, 20)) votes[label] = (votes[label] ?? 0) + Math.exp((cosine - 1) / 0.07);
    return Object.keys(votes).reduce((best, label) => (votes[label] > votes[best] ? label : best));
  });
}

function percent(yes) {
  return round((100 * yes.filter(Boolean).length) / yes.length);
}
