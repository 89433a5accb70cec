/**
 * Trains s2-tiny and s2-tiny-ms by distilling DeiT-Tiny (models/MODEL_CARD.md): a common start on single tiles, of two scales, then of many
 * more views at one, then of views that are always new, mixed, plain and at last altered; then for each model the rest, on single tiles or with
 * S² in the loop, so that both have had the same steps and the same runs of tiles. Resumable: run it again after a break. `--from models/s2-tiny`
 * goes on from a model's averaged weights where the checkpoints of its first parts are gone, as was done three times for the committed ones
 * (their log lists each stage; the steps here are their sums), and `--snapshot FILE`, once or more, from the mean of copies of checkpoints of
 * training that began so; another `--seed` then gives other views. Views and checkpoints go to training/ (not
 * committed), models and their logs to models/.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildModel } from "s2-vision/models";
import { loadImage, loadModel, openLoop, openStore } from "s2-vision/node";
import {
  adamW,
  cosine,
  distillStep,
  fit,
  freshBatches,
  makeShards,
  mimeticValue,
  muon,
  shardBatches,
  studentFiles,
  studentValues,
  teacherStatistics,
} from "s2-vision/train";
import { mainComponents } from "./main-components.mjs";
import { meanOfSnapshots } from "./snapshots.mjs";
import { wholeImage } from "./whole-image.mjs";

const { values: flags } = parseArgs({
  options: {
    start: { type: "string", default: "1891" },
    wide: { type: "string", default: "3803" },
    more: { type: "string", default: "1486" },
    complete: { type: "string", default: "4357" },
    plain: { type: "string", default: "1200" },
    steps: { type: "string", default: "600" },
    from: { type: "string" },
    snapshot: { type: "string", multiple: true },
    seed: { type: "string", default: "1" },
    views: { type: "string", default: "2000" },
    "wide-views": { type: "string", default: "12800" },
    training: { type: "string", default: "training" },
    out: { type: "string", default: "models" },
    threads: { type: "string", default: "2" },
  },
});
const { threads, ...steps } = Object.fromEntries(
  ["start", "wide", "more", "complete", "plain", "steps", "threads"].map((name) => [name, Number(flags[name])]),
);
const root = fileURLToPath(new URL("../../", import.meta.url));
const data = join(root, "../shared/data");
const folder = resolve(root, flags.training);

const student = { imageSize: 224, patchSize: 16, dim: 192, depth: 4, heads: 3, mlpRatio: 4 };
const preprocessing = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const pixels = { ...preprocessing, rescale: 1 / 255, filter: "bicubic" };
const [color, seed, rate, decay] = [0.2, Number(flags.seed), 1e-3, 0.998];
/** The teacher's layers, the student's blocks that are held against them, and how much each counts. */
const layers = [
  { name: "hidden_states.3", block: 0, weight: 0.5 },
  { name: "hidden_states.6", block: 1, weight: 0.5 },
  { name: "hidden_states.9", block: 2, weight: 0.5 },
  { name: "last_hidden_state", weight: 1 },
];
const firstLayers = layers.filter(({ name }) => /6$|last/.test(name));

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());
const started = performance.now();
/** No test uses one. */
const firstImages = ["images", "clothing/train"].flatMap(imagesOf);
const images = [...firstImages, ...["coco128/images/train", "depth/osd/train/rgb"].flatMap(imagesOf)];

const constant = (steps, warmUp) => ({ rate, steps, warmUp, last: rate });
/** Stages that train on stored views, each many times. */
const stored = [
  {
    ...{ name: "start", way: "tiles", layers: firstLayers, views: 16, cells: 12, parts: 4, schedule: constant(steps.start, 100) },
    ...{ data: "fine", drawn: Number(flags.views), perShard: 64, view: { side: 224, area: [0.15, 1] }, seed },
  },
  {
    ...{ name: "wide", way: "tiles", layers: firstLayers, views: 80, cells: 12, parts: 4, schedule: constant(steps.wide, 20) },
    ...{ data: "wide", drawn: Number(flags["wide-views"]), perShard: 320, view: { side: 224, area: [0.15, 1], fine: false } },
    seed: seed + 1,
  },
];
/** And from new ones, each three times. */
const view = { side: 224, area: [0.08, 1], wholeFraction: 0.25, fine: false };
const fresh = {
  layers,
  components: 40,
  clsWeight: 3,
  way: "tiles",
  views: 40,
  cells: 24,
  parts: 10,
  view,
  pool: 480,
  uses: 3,
  mixed: 0.75,
  seed: seed + 2,
};
/** All patches, as a student sees them later, from averaged weights. */
const all = { ...fresh, cells: 49, begins: "averaged", average: 0.995 };
/** Mostly images as they are, for that is what a model is shown when it is used; and then altered, so that they are not learned by heart. */
const plain = { ...all, clsWeight: 1, view: { ...view, area: [0.2, 1], wholeFraction: 0.5 }, mixed: 0.25 };
const altered = { ...all, view: { ...view, altered: 0.6 }, mixed: 0.5 };
const falling = (steps, rate, last) => ({ rate, steps, warmUp: 20, last });
const drawn = [
  { ...fresh, name: "more", average: 0.995, schedule: constant(steps.more, 50) },
  { ...plain, name: "plain", views: 25, parts: 5, schedule: falling(steps.plain, 4e-4, 1e-5) },
  { ...altered, name: "complete", views: 24, parts: 12, schedule: { ...constant(steps.complete, 50), rate: 2e-4, last: 2e-4 } },
].filter(({ schedule }) => schedule.steps > 0);
const finalStage = {
  ...altered,
  view: { ...altered.view, wholeFraction: 0.4 },
  seed: seed + 3,
  clsWeight: 2,
  average: 0.998,
  schedule: falling(steps.steps, 2e-4, 1e-4),
};
/** The loop's is about patches: with the views, weight and rate of the other it was worse in all (models/MODEL_CARD.md). */
const finalStages = [
  { ...finalStage, name: "s2-tiny", views: 25, parts: 5 },
  {
    ...{ ...plain, name: "s2-tiny-ms", way: "s2", views: 5, parts: 5, view: { ...plain.view, fine: true }, pool: 96 },
    ...{ seed: finalStage.seed, clsWeight: 0.5, schedule: falling(steps.steps, 2e-4, 1e-5) },
  },
];

const before = flags.from ? beginningOf(flags.from, flags.snapshot) : { weights: {}, parts: [], history: [] };
let state = before.weights;
/** Found when it is first needed. */
let towards;
const done = { parts: before.parts, history: before.history };
if (!flags.from) for (const stage of stored) await trainCommon(stage);
for (const [i, stage] of drawn.entries()) await trainCommon({ ...stage, ...(i === 0 && flags.from && { from: before.name }) });
for (const stage of finalStages) {
  const fitted = await train(stage, state);
  const description = describeStage({ ...stage, ...(drawn.length === 0 && { from: before.name }) });
  save(stage.name, fitted.state, [...done.parts, description], [...done.history, ...shown(fitted.history, done)]);
}

/** A stage that both models have in common. */
async function trainCommon(stage) {
  const fitted = await train(stage, state);
  state = fitted.state;
  done.history = [...done.history, ...shown(fitted.history, done)];
  done.parts = [...done.parts, describeStage(stage)];
}

/** Steps of one stage, from the checkpoint where there is one; ends the process when it was stopped. */
async function train(stage, from) {
  const { name, way, layers, views, cells, parts, clsWeight, schedule, view, average = decay } = stage;
  const { steps } = schedule;
  const first = firstOf(stage, from);
  const { statistics, batches, close } = await (stage.data ? storedData(stage) : freshData(stage));
  const step = distillStep({
    ...{ student, way, views, tilesPerView: view.fine === false ? 1 : 5, cells, parts, preprocessing, clsWeight, clip: 1 },
    average,
    layers: layers.map(({ block, weight }, i) => ({ statistics: statistics[i], block, weight })),
    optimizer: muon({ rate: 20, weightDecay: 0.01, others: adamW({ weightDecay: 0, betas: [0.9, 0.98] }) }),
  });
  const averages = {};
  const fitted = await fit(step, {
    ...{ steps, rate: cosine(schedule), openLoop: (file, state) => openLoop(file, state, { threads }), signal: stop.signal },
    recipe: JSON.stringify(
      describeStage(schedule.last === schedule.rate ? { ...stage, schedule: { ...schedule, steps: undefined } } : stage),
    ), // may become longer
    initial: (parameter, dims) =>
      String(first[parameter]?.dims) === String(dims) ? first[parameter].data : mimeticValue(parameter, dims, seed, student),
    batches: batches({ views, cells, patchSize: student.patchSize, color, seed: stage.seed + name.length }),
    checkpoints: openStore(join(folder, name)),
    onStep(number, metrics) {
      for (const [key, value] of Object.entries(metrics)) averages[key] = 0.97 * (averages[key] ?? value) + 0.03 * value;
      if (number % 50 === 0)
        say(
          `${name} ${number}: loss ${averages.loss.toFixed(4)} patches ${averages.patches.toFixed(4)} cls ${averages.cls.toFixed(4)}`,
        );
    },
  });
  await close?.();
  if (fitted.done === steps) return fitted;
  say(`stopped after ${fitted.done} of ${steps} steps of ${name}; run it again to go on`);
  process.exit(130);
}

/** Initial values of a stage: the last weights or the averaged ones; the map of S² features to the teacher as that of the fine ones alone. */
function firstOf({ begins, way }, state) {
  const prefix = "average/";
  const averages = Object.entries(state).filter(([name]) => name.startsWith(prefix));
  const first =
    begins === "averaged" && averages.length > 0
      ? Object.fromEntries(averages.map(([name, value]) => [name.slice(prefix.length), value]))
      : state;
  const { dims: [channels, width] = [], data } = first["distil.weight"] ?? {};
  if (way !== "s2" || width !== student.dim) return first;
  const both = new Float32Array(channels * 2 * width);
  for (let row = 0; row < channels; row++) both.set(data.subarray(row * width, (row + 1) * width), (2 * row + 1) * width);
  return { ...first, "distil.weight": { dims: [channels, 2 * width], data: both } };
}

/** Views with the teacher's tokens, in files; those that are there stay. */
async function storedData({ data: name, layers, drawn: views, perShard, view, seed }) {
  const { teacher, close } = await openTeacher(layers);
  const store = openStore(join(folder, name));
  const shards = await makeShards({
    ...{ images: firstImages, load: loadImage, teacher, preprocessing: pixels, views, perShard, view, seed, store },
    ...{ recipe: JSON.stringify({ layers, view, seed, images: firstImages.length }), signal: stop.signal },
    onShard: (done, of) => say(`${name}: ${done} of ${of} files`),
    onIssue: (path, reason) => say(`left out ${relative(data, path)}: ${reason}`),
  });
  await close();
  return { statistics: await teacherStatistics(store, shards[0]), batches: (how) => shardBatches(store, shards, how) };
}

/** Views that are drawn as they are needed. The teacher's means are those of a few, the same for all parts. */
async function freshData({ layers, components, view: ofPart, pool, uses, mixed }) {
  const { teacher, close } = await openTeacher(layers, components);
  const store = openStore(join(folder, "few"));
  const few = await makeShards({
    ...{
      images,
      load: loadImage,
      teacher,
      preprocessing: pixels,
      views: 128,
      perShard: 128,
      view,
      seed: fresh.seed,
      store,
    },
    recipe: JSON.stringify({ layers, components, view, seed: fresh.seed, images: images.length }),
  });
  const load = memoized(loadImage);
  const drawing = { images, load, teacher, preprocessing: pixels, view: ofPart, pool, uses, mixed };
  return {
    statistics: await teacherStatistics(store, few[0]),
    batches: (how) => freshBatches({ ...drawing, ...how }),
    close,
  };
}

/** DeiT-Tiny, giving some of its layers; `components`: so many principal components of its last [CLS]. */
async function openTeacher(layers, components) {
  const deit = join(root, "../shared/models/deit_tiny_patch16_224");
  const config = JSON.parse(readFileSync(join(deit, "config.json"), "utf8"));
  const outputs = layers.map(({ name }) => name);
  const file = buildModel(config, readFileSync(join(deit, "model.safetensors")), { outputs });
  const model = await loadModel(file, { threads, output: "last_hidden_state", prefixTokens: 1, patchSize: 16 });
  if (components) towards ??= await mainComponentsOf(model, components);
  const teacher = async (tiles) => {
    const given = await model.run(tiles, outputs);
    if (components) given.last_hidden_state = withCls(given.last_hidden_state, towards);
    return outputs.map((name) => given[name]);
  };
  return { teacher, close: () => model.dispose() };
}

/** Statistics of [CLS] over whole images. */
async function mainComponentsOf(model, kept) {
  const rows = [];
  for (const path of firstImages) {
    const { dims, data } = await model(await wholeImage(path));
    rows.push([...data.subarray(0, dims[2])]);
  }
  return mainComponents(rows, kept);
}

/** Tokens [tiles, 1 + n, c], each [CLS] made into another. */
function withCls({ dims, data }, make) {
  const [tiles, count, channels] = dims;
  const changed = data.slice();
  for (let tile = 0; tile < tiles; tile++) {
    const at = tile * count * channels;
    changed.set(make(data.subarray(at, at + channels)), at);
  }
  return { dims, data: changed };
}

/** Decodes each image once. */
function memoized(load) {
  const known = new Map();
  return (path) => {
    if (!known.has(path)) known.set(path, load(path));
    return known.get(path);
  };
}

/** Returns a model's averaged weights, or the mean of snapshots of training that began from them, with the log of their training. */
function beginningOf(from, snapshots) {
  const bytes = readFileSync(resolve(root, from, "model.safetensors"));
  const log = JSON.parse(readFileSync(resolve(root, from, "log.json"), "utf8"));
  const sha256 = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  const name = `${from} (averaged weights, sha256 ${sha256})`;
  if (!snapshots) return { name, weights: studentValues(bytes), parts: log.parts, history: log.history };
  const { weights, parts } = meanOfSnapshots(snapshots);
  const all = { parts: log.parts, history: log.history };
  for (const { stage, history } of parts) {
    all.history = [...all.history, ...shown(history, all)];
    all.parts = [...all.parts, { ...stage, from: name }];
  }
  return { name: `the mean of ${snapshots.length} snapshots`, weights, ...all };
}

function imagesOf(name) {
  return readdirSync(join(data, name), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(jpe?g|png|webp)$/i.test(path))
    .map((path) => join(data, name, path))
    .sort();
}

/** Describes a stage for the log. */
function describeStage({ layers, data, parts, ...stage }) {
  const recipe = { teacher: "deit_tiny_patch16_224", teacherLayers: layers.map(({ name }) => name) };
  return { ...stage, recipe: { ...recipe, view: stage.view, seed: stage.seed, images: (data ? firstImages : images).length } };
}

/** Every fiftieth step of those that follow others. */
function shown(history, { parts }) {
  const before = parts.reduce((sum, { schedule }) => sum + schedule.steps, 0);
  return history
    .map((metrics, i) => ({ step: before + i + 1, ...metrics }))
    .filter(({ step }, i) => step % 50 === 0 || i === 0 || i === history.length - 1);
}

/** The averaged weights as float16 under timm's names, a config, the log. */
function save(name, state, parts, history) {
  const out = resolve(root, flags.out, name);
  const write = (file, content) => {
    writeFileSync(join(out, `${file}.part`), content);
    renameSync(join(out, `${file}.part`), join(out, file));
  };
  const { config, weights } = studentFiles(state, student, preprocessing);
  const log = { name, student, color, decay, seed, parts, history };
  mkdirSync(out, { recursive: true });
  write("model.safetensors", weights);
  write("config.json", `${JSON.stringify(config, undefined, 2)}\n`);
  write("log.json", `${JSON.stringify(log, undefined, 1)}\n`);
  say(`wrote ${relative(root, out)}`);
}

function say(text) {
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0)} s  ${text}\n`);
}
