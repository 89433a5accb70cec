/**
 * Trains s2-tiny and s2-tiny-ms by distilling DeiT-Tiny (models/MODEL_CARD.md): a common start on single tiles, of two scales and then of
 * many more views at one, then for each model the rest, on single tiles or with S² in the loop, so that both have had the same steps and the
 * same runs of tiles. Resumable: run it again after a break. Views and checkpoints go to training/ (not committed), models and their logs to
 * models/.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildModel } from "s2-vision/models";
import { loadImage, loadModel, openLoop, openStore } from "s2-vision/node";
import {
  adamW,
  cosine,
  distilStep,
  fit,
  makeShards,
  mimeticValue,
  muon,
  shardBatches,
  studentFiles,
  teacherStatistics,
} from "s2-vision/train";

const { values: flags } = parseArgs({
  options: {
    start: { type: "string", default: "1891" },
    wide: { type: "string", default: "3803" },
    steps: { type: "string", default: "450" },
    views: { type: "string", default: "2000" },
    "wide-views": { type: "string", default: "12800" },
    training: { type: "string", default: "training" },
    out: { type: "string", default: "models" },
    threads: { type: "string", default: "2" },
  },
});
const [startSteps, wideSteps, ownSteps, threads] = [flags.start, flags.wide, flags.steps, flags.threads].map(Number);
const root = fileURLToPath(new URL("../", import.meta.url));
const data = join(root, "../shared/data");
const folder = join(root, flags.training);

const student = { imageSize: 224, patchSize: 16, dim: 192, depth: 4, heads: 3, mlpRatio: 4 };
const preprocessing = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const area = [0.15, 1];
const [colour, parts] = [0.2, 4];
const [seed, rate, decay] = [1, 1e-3, 0.998];
const teacherLayers = ["hidden_states.6", "last_hidden_state"];

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());
const started = performance.now();
const photos = ["photos", "clothing/train"].flatMap(photosOf); // no test uses one
/** Views with a fine one, and many more without. */
const fine = await drawViews("fine", { side: 224, area }, Number(flags.views), 64, seed);
const wide = await drawViews("wide", { side: 224, area, fine: false }, Number(flags["wide-views"]), 320, seed + 1);
const [inner, last] = await teacherStatistics(fine.store, fine.shards[0]);

const constant = (steps, warmUp) => ({ rate, steps, warmUp, last: rate });
const startPart = { name: "start", way: "tiles", data: fine, views: 16, cells: 12, schedule: constant(startSteps, 100) };
const widePart = { name: "wide", way: "tiles", data: wide, views: 80, cells: 12, schedule: constant(wideSteps, 20) };
const ownPart = { data: fine, views: 8, cells: 24, schedule: { rate, steps: ownSteps, warmUp: 20, last: 1e-5 } };
const start = await train(startPart);
const more = await train(widePart, start.state);
for (const [name, way] of [
  ["s2-tiny", "tiles"],
  ["s2-tiny-ms", "s2"],
]) {
  const own = await train({ ...ownPart, name, way }, more.state);
  save(name, own, [...start.history, ...more.history, ...own.history]);
}

/** Steps of one part, from the checkpoint where there is one; ends the process when it was stopped. */
async function train({ name, way, data, views, cells, schedule }, from = {}) {
  const { steps } = schedule;
  const tilesPerView = data.view.fine === false ? 1 : 5;
  const step = distilStep({
    ...{ student, way, views, tilesPerView, cells, parts, preprocessing, clip: 1, average: decay },
    layers: [
      { statistics: inner, block: 1, weight: 0.5 },
      { statistics: last, weight: 1 },
    ],
    optimiser: muon({ rate: 20, weightDecay: 0.01, others: adamW({ weightDecay: 0, betas: [0.9, 0.98] }) }),
  });
  const told = {};
  const fitted = await fit(step, {
    ...{ steps, rate: cosine(schedule), openLoop: (file, state) => openLoop(file, state, { threads }), signal: stop.signal },
    recipe: JSON.stringify({ name, way, student, views, cells, colour, schedule, decay, seed, viewRecipe: data.recipe }),
    initial: (parameter, dims) =>
      String(from[parameter]?.dims) === String(dims) ? from[parameter].data : mimeticValue(parameter, dims, seed, student),
    batches: shardBatches(data.store, data.shards, {
      views,
      cells,
      patchSize: student.patchSize,
      colour,
      seed: seed + name.length,
    }),
    checkpoints: openStore(join(folder, name)),
    onStep(number, metrics) {
      for (const [key, value] of Object.entries(metrics)) told[key] = 0.97 * (told[key] ?? value) + 0.03 * value;
      if (number % 50 === 0)
        say(`${name} ${number}: loss ${told.loss.toFixed(4)} patches ${told.patches.toFixed(4)} cls ${told.cls.toFixed(4)}`);
    },
  });
  if (fitted.done === steps) return fitted;
  say(`stopped after ${fitted.done} of ${steps} steps of ${name}; run it again to go on`);
  process.exit(130);
}

/** Views of all photos with the teacher's tokens, in files; those that are there stay. */
async function drawViews(name, view, views, perShard, seed) {
  const recipe = JSON.stringify({ teacher: "deit_tiny_patch16_224", teacherLayers, view, seed, photos: photos.length });
  const deit = join(root, "../shared/models/deit_tiny_patch16_224");
  const config = JSON.parse(readFileSync(join(deit, "config.json"), "utf8"));
  const file = buildModel(config, readFileSync(join(deit, "model.safetensors")), { outputs: teacherLayers });
  const model = await loadModel(file, { threads, output: "last_hidden_state", prefixTokens: 1, patchSize: 16 });
  const teacher = async (tiles) => {
    const outputs = await model.run(tiles);
    return teacherLayers.map((name) => outputs[name]);
  };
  const store = openStore(join(folder, name));
  const shards = await makeShards({
    ...{ photos, load: loadImage, teacher, preprocessing: { ...preprocessing, rescale: 1 / 255, filter: "bicubic" } },
    ...{ views, perShard, view, seed, store, recipe, signal: stop.signal },
    onShard: (done, of) => say(`${name}: ${done} of ${of} files`),
    onProblem: (path, reason) => say(`left out ${relative(data, path)}: ${reason}`),
  });
  await model.dispose();
  return { shards, store, recipe, view, drawn: views };
}

function photosOf(name) {
  return readdirSync(join(data, name), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(jpe?g|png|webp)$/i.test(path))
    .map((path) => join(data, name, path))
    .sort();
}

/** The averaged weights as float16 under timm's names, a config, the log. */
function save(name, { state }, history) {
  const out = join(root, flags.out, name);
  const write = (file, content) => {
    writeFileSync(join(out, `${file}.part`), content);
    renameSync(join(out, `${file}.part`), join(out, file));
  };
  const { config, weights } = studentFiles(state, student, preprocessing);
  const log = {
    ...{ name, student, colour, decay, seed },
    parts: [startPart, widePart, ownPart].map(({ data: { drawn, recipe }, ...part }) => ({
      ...part,
      drawn,
      recipe: JSON.parse(recipe),
    })),
    history: history.map((metrics, i) => ({ step: i + 1, ...metrics })).filter(({ step }) => step % 50 === 0 || step === 1),
  };
  mkdirSync(out, { recursive: true });
  write("model.safetensors", weights);
  write("config.json", `${JSON.stringify(config, undefined, 2)}\n`);
  write("log.json", `${JSON.stringify(log, undefined, 1)}\n`);
  say(`wrote ${relative(root, out)}`);
}

function say(text) {
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0)} s  ${text}\n`);
}
