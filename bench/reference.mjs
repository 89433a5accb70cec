/**
 * `s2` against the authors' PyTorch code on the same weights: scales 1, 2, 3 of DeiT-Tiny, one thread each, in turns. Once with the graph that
 * `loadModel` builds from a hub folder's weights, once with the ONNX file that torch exported. The outputs are compared before anything is timed. `--s2wrapper PATH` or S2_REFERENCE names the folder that holds the authors' `s2wrapper`.
 */
import { join } from "node:path";
import { s2 } from "s2-vision";
import { loadModel } from "s2-vision/node";
import { loadHubFolder, skipWithoutAuthors, startReference } from "./authors.mjs";
import { noise } from "./noise.mjs";
import { deitTiny } from "./paths.mjs";
import { finish } from "./result.mjs";
import { ratio, round, spread, takeTurns } from "./timing.mjs";

skipWithoutAuthors();

const options = { scales: [1, 2, 3], numPrefixToken: 1 };
const images = noise([1, 3, 224, 224]);
const models = { torchsFile: await loadModel(join(deitTiny, "onnx/model.onnx"), { threads: 1 }), built: await loadHubFolder() };
const theirs = await startReference(images);
const differences = await compare();
const times = await takeTurns(
  {
    ours: () => s2(models.built, images, options),
    oursOnTorchsFile: () => s2(models.torchsFile, images, options),
    theirs: theirs.run,
  },
  { rounds: 25, warmUp: 4 },
);
theirs.end();
await Promise.all(Object.values(models).map((model) => model.dispose()));

const against = ratio(times.ours, times.theirs);
const againstOnTorchsFile = ratio(times.oursOnTorchsFile, times.theirs);
finish(
  "reference",
  [
    { name: "s2 / the authors' code in PyTorch", value: against.wall, unit: "x", bar: 0.95, aim: 0.8 },
    { name: "s2 on torch's ONNX file / the authors' code in PyTorch", value: againstOnTorchsFile.wall, unit: "x", bar: 0.95 },
  ],
  {
    rounds: times.ours.ms.length,
    ms: Object.fromEntries(Object.entries(times).map(([name, { ms }]) => [name, spread(ms)])),
    ...{ against, againstOnTorchsFile, differences },
    ...theirs.versions,
  },
);

async function compare() {
  let from = 0;
  const found = {};
  for (const [name, model] of Object.entries(models)) {
    const outputs = { model: await model(images), s2: await s2(model, images, options) };
    found[name] = {};
    for (const [what, { data }] of Object.entries(outputs)) {
      found[name][what] = most(data, theirs.given.subarray(from, from + data.length));
      from += data.length;
    }
    const { model: model1, s2: s2All } = found[name];
    if (!(model1 < 1e-3 && s2All < 1e-3))
      throw new Error(`The outputs of ${name} differ by ${model1} (model) and ${s2All} (S2): not the same work.`);
  }
  return found;
}

function most(a, b) {
  if (a.length !== b.length) throw new Error(`The outputs have ${a.length} and ${b.length} numbers: not the same work.`);
  return round(a.reduce((max, value, i) => Math.max(max, Math.abs(value - b[i])), 0));
}
