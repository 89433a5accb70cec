/**
 * Trains s2-tiny, or with --ms s2-tiny-ms, by distilling DeiT-Tiny on ../shared/data/photos. Resumable: run it again after a break. Views and checkpoints go to training/ (not committed), the model and its log to models/.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildModel } from "s2-vision/models";
import { loadImage, loadModel, openLoop, openStore } from "s2-vision/node";
import { adamW, cosine, distilStep, fit, initialValue, makeShards, muon, shardBatches, teacherStatistics } from "s2-vision/train";
import { toFloat16, writeSafetensors } from "../dist/tensors/index.js";

const { values: flags } = parseArgs({
  options: {
    ms: { type: "boolean", default: false },
    steps: { type: "string", default: "4000" },
    views: { type: "string", default: "4000" },
    out: { type: "string" },
    training: { type: "string", default: "training" },
  },
});
const [steps, views] = [Number(flags.steps), Number(flags.views)];
const name = flags.ms ? "s2-tiny-ms" : "s2-tiny";
const root = fileURLToPath(new URL("../", import.meta.url));
const photosFolder = join(root, "../shared/data/photos");
const folder = join(root, flags.training);
const out = join(root, flags.out ?? `models/${name}`);

const student = { imageSize: 224, patchSize: 16, dim: 144, depth: 6, heads: 3, mlpRatio: 4 };
const preprocessing = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const viewOptions = { side: 224, area: [0.15, 1] };
const [viewsPerStep, cells, colour, parts] = [16, 12, 0.2, 4];
const [seed, rate, warmUp, decay] = [1, 1e-3, 200, 0.998];
const teacherLayers = ["hidden_states.6", "last_hidden_state"];

const photos = trainingPhotos();
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());
const started = performance.now();
const store = openStore(folder);

const deit = join(root, "../shared/models/deit_tiny_patch16_224");
const file = buildModel(
  JSON.parse(readFileSync(join(deit, "config.json"), "utf8")),
  readFileSync(join(deit, "model.safetensors")),
  { outputs: teacherLayers },
);
const model = await loadModel(file, { output: "last_hidden_state", prefixTokens: 1, patchSize: 16 });
const teacher = async (tiles) => {
  const outputs = await model.run(tiles);
  return teacherLayers.map((name) => outputs[name]);
};
const viewRecipe = JSON.stringify({ teacher: "deit_tiny_patch16_224", teacherLayers, viewOptions, seed, photos: photos.length });
const shards = await makeShards({
  ...{ photos, load: loadImage, teacher, preprocessing: { ...preprocessing, rescale: 1 / 255, filter: "bicubic" } },
  ...{ views, perShard: 64, view: viewOptions, seed, store, recipe: viewRecipe },
  onShard: (done, of) => say(`views: ${done} of ${of} files`),
  onProblem: (path, reason) => say(`left out ${relative(photosFolder, path)}: ${reason}`),
  signal: stop.signal,
});
await model.dispose();
const [inner, last] = await teacherStatistics(store, shards[0]);

const step = distilStep({
  ...{ student, way: flags.ms ? "s2" : "tiles", views: viewsPerStep, cells, parts, preprocessing, clip: 1, average: decay },
  layers: [
    { statistics: inner, block: 2, weight: 0.5 },
    { statistics: last, weight: 1 },
  ],
  optimiser: muon({ rate: 20, weightDecay: 0.01, others: adamW({ weightDecay: 0 }) }),
});
const recipe = { name, student, views, steps, viewsPerStep, cells, colour, rate, warmUp, decay, seed, viewRecipe };
const { done, state, history } = await fit(step, {
  ...{ steps, rate: cosine({ rate, steps, warmUp, last: 1e-5 }), recipe: JSON.stringify(recipe), openLoop, signal: stop.signal },
  initial: (parameter, dims) => initialValue(parameter, dims, seed),
  batches: shardBatches(store, shards, { views: viewsPerStep, cells, patchSize: student.patchSize, colour, seed }),
  checkpoints: openStore(join(folder, name)),
  onStep(number, { loss, patches, cls }) {
    if (number % 50 === 0 || number === 1)
      say(`step ${number}: loss ${loss.toFixed(4)} patches ${patches.toFixed(4)} cls ${cls.toFixed(4)}`);
  },
});
if (done < steps) {
  say(`stopped after ${done} of ${steps} steps; run it again to go on`);
  process.exit(130);
}
save();

/** The photos meant for training; no test uses one. */
function trainingPhotos() {
  return readdirSync(photosFolder, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(jpe?g|png|webp)$/i.test(path))
    .map((path) => join(photosFolder, path))
    .sort();
}

/** The averaged weights as float16 under timm's names, a config, the log. */
function save() {
  const weights = Object.entries(state)
    .filter(([key]) => key.startsWith("average/") && !key.includes("distil."))
    .map(([key, { dims, data: values }]) => [key.slice("average/".length), { dtype: "F16", dims, data: toFloat16(values) }]);
  const config = {
    ...{ architecture: "vit_tiny_patch16_224", num_classes: 0, num_features: student.dim, global_pool: "token" },
    model_args: { embed_dim: student.dim, depth: student.depth, num_heads: student.heads, num_classes: 0 },
    pretrained_cfg: { input_size: [3, 224, 224], interpolation: "bicubic", crop_pct: 0.9, ...preprocessing, num_classes: 0 },
  };
  const log = {
    ...recipe,
    viewRecipe: JSON.parse(viewRecipe),
    minutes: Math.round((performance.now() - started) / 6e4),
    history: history
      .map((metrics, i) => ({ step: i + 1, ...metrics }))
      .filter(({ step: number }) => number % 50 === 0 || number === 1),
  };
  mkdirSync(out, { recursive: true });
  write("model.safetensors", writeSafetensors(Object.fromEntries(weights), { format: "pt" }));
  write("config.json", `${JSON.stringify(config, undefined, 2)}\n`);
  write("log.json", `${JSON.stringify(log, undefined, 1)}\n`);
  say(`wrote ${relative(root, out)}`);
}

function write(file, content) {
  writeFileSync(join(out, `${file}.part`), content);
  renameSync(join(out, `${file}.part`), join(out, file));
}

function say(text) {
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0)} s  ${text}\n`);
}
