/**
 * Trains s2-tiny and s2-tiny-ms by distilling DeiT-Tiny (models/MODEL_CARD.md): a common start on single tiles, then for each model the rest,
 * on single tiles or with S² in the loop, so that both have had the same steps and the same runs of tiles. Resumable: run it again after a
 * break. Views and checkpoints go to training/ (not committed), models and their logs to models/.
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
    steps: { type: "string", default: "450" },
    views: { type: "string", default: "2000" },
    training: { type: "string", default: "training" },
    out: { type: "string", default: "models" },
    threads: { type: "string", default: "2" },
  },
});
const [startSteps, ownSteps, views, threads] = [flags.start, flags.steps, flags.views, flags.threads].map(Number);
const root = fileURLToPath(new URL("../", import.meta.url));
const data = join(root, "../shared/data");
const folder = join(root, flags.training);

const student = { imageSize: 224, patchSize: 16, dim: 192, depth: 4, heads: 3, mlpRatio: 4 };
const preprocessing = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const view = { side: 224, area: [0.15, 1] };
const [viewsPerStep, cells, colour, parts] = [16, 12, 0.2, 4];
const [seed, rate, warmUp, decay] = [1, 1e-3, 100, 0.998];
const teacherLayers = ["hidden_states.6", "last_hidden_state"];

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());
const started = performance.now();
const store = openStore(folder);
const photos = ["photos", "clothing/train"].flatMap(photosOf); // no test uses one
const viewRecipe = JSON.stringify({ teacher: "deit_tiny_patch16_224", teacherLayers, view, seed, photos: photos.length });
const shards = await drawViews();
const [inner, last] = await teacherStatistics(store, shards[0]);

const start = await train("start", "tiles", startSteps, { rate, steps: startSteps, warmUp, last: rate });
for (const [name, way] of [
  ["s2-tiny", "tiles"],
  ["s2-tiny-ms", "s2"],
]) {
  const own = await train(name, way, ownSteps, { rate, steps: ownSteps, warmUp: 20, last: 1e-5 }, start.state);
  save(name, own, [...start.history, ...own.history]);
}

/** Steps of one part, from the checkpoint where there is one; ends the process when it was stopped. */
async function train(name, way, steps, schedule, from = {}) {
  const step = distilStep({
    ...{ student, way, views: viewsPerStep, cells, parts, preprocessing, clip: 1, average: decay },
    layers: [
      { statistics: inner, block: 1, weight: 0.5 },
      { statistics: last, weight: 1 },
    ],
    optimiser: muon({ rate: 20, weightDecay: 0.01, others: adamW({ weightDecay: 0, betas: [0.9, 0.98] }) }),
  });
  const told = {};
  const fitted = await fit(step, {
    ...{ steps, rate: cosine(schedule), openLoop: (file, state) => openLoop(file, state, { threads }), signal: stop.signal },
    recipe: JSON.stringify({
      name,
      student,
      views,
      steps,
      startSteps,
      viewsPerStep,
      cells,
      colour,
      schedule,
      decay,
      seed,
      viewRecipe,
    }),
    initial: (parameter, dims) =>
      String(from[parameter]?.dims) === String(dims) ? from[parameter].data : mimeticValue(parameter, dims, seed, student),
    batches: shardBatches(store, shards, {
      views: viewsPerStep,
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
async function drawViews() {
  const deit = join(root, "../shared/models/deit_tiny_patch16_224");
  const config = JSON.parse(readFileSync(join(deit, "config.json"), "utf8"));
  const file = buildModel(config, readFileSync(join(deit, "model.safetensors")), { outputs: teacherLayers });
  const model = await loadModel(file, { threads, output: "last_hidden_state", prefixTokens: 1, patchSize: 16 });
  const teacher = async (tiles) => {
    const outputs = await model.run(tiles);
    return teacherLayers.map((name) => outputs[name]);
  };
  const names = await makeShards({
    ...{ photos, load: loadImage, teacher, preprocessing: { ...preprocessing, rescale: 1 / 255, filter: "bicubic" } },
    ...{ views, perShard: 64, view, seed, store, recipe: viewRecipe, signal: stop.signal },
    onShard: (done, of) => say(`views: ${done} of ${of} files`),
    onProblem: (path, reason) => say(`left out ${relative(data, path)}: ${reason}`),
  });
  await model.dispose();
  return names;
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
    ...{ name, student, views, startSteps, ownSteps, viewsPerStep, cells, colour, rate, warmUp, decay, seed },
    viewRecipe: JSON.parse(viewRecipe),
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
