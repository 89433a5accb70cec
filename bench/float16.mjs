/**
 * Files that compute in float16 (`convertModel` with `compute`) against float32, on the CPU, where onnxruntime casts around operators that it
 * has no float16 form of: what rounding costs, not what it saves. DeiT-Tiny and s2-tiny-next, features of scales 1 and 2: the mean cosine of
 * tokens on the test images of clothing and camvid, and top-1 and mIoU of one head, fitted to float32's features, on both.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openDataSet } from "s2-vision/datasets";
import { compare as difference, interval } from "s2-vision/metrics";
import { buildModel } from "s2-vision/models";
import { loadImage, loadModel, openFolder, openGraph } from "s2-vision/node";
import { convertModel } from "s2-vision/onnx";
import { evaluateTask, extractImages, fitTask, taskFigures, taskSplits } from "s2-vision/tasks";
import { deitTiny, missing } from "./paths.mjs";
import { finish, skipIf } from "./result.mjs";
import { round } from "./timing.mjs";

const shared = dirname(dirname(deitTiny));
const folders = { "DeiT-Tiny": deitTiny, "s2-tiny-next": join(shared, "models/s2-tiny-next") };
const sets = { clothing: ["classification", "logistic", "top-1"], camvid: ["segmentation", "ridge", "mIoU"] };
skipIf(missing(...Object.keys(sets).map((set) => join(shared, "data", set))));

const extraction = { scales: [1, 2], fit: "squash", fusion: "reference" };
const options = { openGraph: (file) => openGraph(file, { threads: 1 }) };
const figures = [];
const details = {};
for (const [name, folder] of Object.entries(folders).filter(([, each]) => existsSync(each))) {
  const models = await openModels(folder);
  for (const set of Object.keys(sets)) {
    const found = await compare(models, set);
    details[`${name}, ${set}`] = found;
    figures.push(
      { name: `${name}, ${set}: 1 - mean token cosine`, value: found.loss, unit: "", bar: 1e-4 },
      { name: `${name}, ${set}: ${found.figure}, difference`, value: Math.abs(found.difference.value), unit: "points", bar: 0.2 },
    );
  }
  for (const model of Object.values(models)) await model.dispose();
}
finish("float16", figures, { extraction, ...details });

/** The model, and the same file rewritten, with the traits and the preprocessing that the folder says. */
async function openModels(folder) {
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  const output = config.architecture ? "forward_features" : "last_hidden_state"; // timm's name, or transformers'
  const file = buildModel(config, readFileSync(join(folder, "model.safetensors")), { outputs: [output] });
  const { preprocessing, traits, dispose } = await loadModel(folder, {
    threads: 1,
    ...(output === "forward_features" && { output }),
  });
  await dispose();
  const { prefixTokens, patchSize, imageSize } = traits;
  const load = (bytes) => loadModel(bytes, { threads: 1, preprocessing, prefixTokens, patchSize, imageSize });
  return { float32: await load(file), float16: await load(convertModel(file, { dtype: "float16", compute: true })) };
}

/** One head on the features of both models. */
async function compare({ float32, float16 }, name) {
  const [task, head, figure] = sets[name];
  const folder = openFolder(join(shared, "data", name));
  const set = await openDataSet(folder, { task });
  const splits = taskSplits("test" in set.splits ? set : { ...set, splits: { ...set.splits, test: set.splits.val } });
  const paths = (...names) => names.flatMap((split) => splits[split].map(({ path }) => path));
  const full = await features(float32, folder, paths("train", "validation", "test"));
  const half = await features(float16, folder, paths("test"));
  const fitted = await fitTask(set, splits, (path) => full.get(path), { ...options, head });
  const sumsOf = (found) => evaluateTask(fitted.head, set, splits.test, (path) => found.get(path), options);
  const [a, b] = [await sumsOf(full), await sumsOf(half)];
  const scoreOf = (sums) => taskFigures(task, sums).find((each) => each.name === figure).score;
  const percent = (found) => Object.fromEntries(["value", "low", "high"].map((key) => [key, round(100 * found[key])]));
  const losses = [...half].map(([path, tokens]) => 1 - meanCosine(full.get(path).data, tokens.data, tokens.channels));
  return {
    ...{ images: half.size, loss: round(losses.reduce((sum, loss) => sum + loss, 0) / losses.length), figure },
    ...{ float32: percent(interval(scoreOf(a))), float16: percent(interval(scoreOf(b))) },
    difference: percent(difference(scoreOf(b), scoreOf(a))),
  };
}

async function features(model, folder, images) {
  const found = new Map();
  const source = { model, modelName: "model", modelHash: "none", version: "0", extraction };
  const extracted = extractImages(images, { ...source, read: (path) => folder.read(path), decode: (bytes) => loadImage(bytes) });
  for await (const each of extracted) if ("tokens" in each) found.set(each.image, each.tokens);
  return found;
}

function meanCosine(a, b, channels) {
  let sum = 0;
  for (let i = 0; i < a.length; i += channels) {
    let [dot, aa, bb] = [0, 0, 0];
    for (let k = i; k < i + channels; k++) {
      dot += a[k] * b[k];
      aa += a[k] * a[k];
      bb += b[k] * b[k];
    }
    sum += dot / Math.sqrt(aa * bb);
  }
  return sum / (a.length / channels);
}
