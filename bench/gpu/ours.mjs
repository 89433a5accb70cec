/**
 * Photos on a device through this package: `extract`, `s2`, one file by `exportS2` in a bare session, the model alone, and where the time of a plan
 * goes. `node bench/gpu/ours.mjs --model FOLDER` (a hub folder with model.safetensors). Prints a line of JSON whenever it knows more; the last one
 * holds. --variants measures options of ONNX Runtime and numbers of tiles a run too, each option in a process of its own.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { s2 } from "s2-vision";
import { buildModel, exportS2 } from "s2-vision/models";
import { extract, loadModel } from "s2-vision/node";
import { median, round, takeTurns } from "../timing.mjs";
import { modelInThread, openBare, tensor } from "./in-thread.mjs";
import { measureStages } from "./stages.mjs";

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    photos: { type: "string", default: "8" },
    scales: { type: "string", default: "1,2,3" },
    rounds: { type: "string", default: "10" },
    size: { type: "string", default: "640x480" },
    device: { type: "string", default: "webgpu" },
    variants: { type: "boolean", default: false },
    spec: { type: "string" },
  },
});
const { device } = values;
const [count, rounds] = [Number(values.photos), Number(values.rounds)];
const scales = values.scales.split(",").map(Number);
const [width, height] = values.size.split("x").map(Number);
const config = JSON.parse(readFileSync(join(values.model, "config.json"), "utf8"));
const file = buildModel(config, readFileSync(join(values.model, "model.safetensors")), { outputs: [mainOutput(config)] });
const side = config.pretrained_cfg?.input_size?.[1] ?? config.image_size ?? 224;
const preprocessing = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], rescale: 1 / 255, filter: "bicubic" };

const photos = Array.from({ length: count }, (_, n) => ({ width, height, channels: 3, data: bytes(width * height * 3, n + 1) }));
const images = floats([count, 3, side, side]);
const tiles = floats([count * scales.reduce((sum, scale) => sum + scale ** 2, 0), 3, side, side]);
const plan = { scales, numPrefixToken: 1 };
const options = { scales, fit: "squash", preprocessing };

const sidesOf = (model) => ({
  extractTogether: () => Promise.all(photos.map((photo) => extract(model, photo, options))),
  s2: () => s2(model, images, plan),
});

/** Options that onnxruntime-node passes on; graph capture and dispatches a submission are not among it (entries under `extra.ep` are silently ignored). */
const variants = {
  defaults: { tilesPerRun: [14, 28, 56, 112] },
  "no validation": { session: { executionProviders: [{ name: "webgpu", validationMode: "disabled" }] } },
  "layout NCHW": { session: { executionProviders: [{ name: "webgpu", preferredLayout: "NCHW" }] } },
  "buffers simple": { session: { executionProviders: [{ name: "webgpu", storageBufferCacheMode: "simple" }] } },
};

if (values.spec) await measureOptions(JSON.parse(values.spec));
else await measureAll();

async function measureAll() {
  const result = { device, photos: count, scales, size: values.size, tiles: tiles.dims[0] };
  const say = () => console.log(JSON.stringify(result));
  const model = await loadModel(values.model, { device });
  const tiled = Object.assign((batch) => model(batch), { traits: model.traits });
  const oneFile = await openBare(exportS2(file, { ...plan, imageSize: side }), device);
  const ofBytes = await openBare(exportS2(file, { ...plan, imageSize: side, pixels: preprocessing }), device);
  const small = { dims: [count, side, side, 3], data: bytes(count * side * side * 3, 9) };
  const first = performance.now();
  const features = await s2(model, images, plan);
  result.runsOnDevice = model.runOnDevice !== undefined;
  result.firstRunMs = round(performance.now() - first);
  const expected = (await oneFile.run({ pixel_values: tensor(images) })).features.data;
  result.s2ToOneFile = largest(features.data, expected);
  result.ms = await measure({
    ...sidesOf(model),
    extract: async () => {
      for (const photo of photos) await extract(model, photo, options);
    },
    oneFile: () => oneFile.run({ pixel_values: tensor(images) }),
    oneFileOfBytes: () => ofBytes.run({ pixels: tensor(small) }),
  });
  say();
  const [onDevice, byTiles] = [await extract(model, photos[0], options), await extract(tiled, photos[0], options)];
  result.extractToTiles = largest(onDevice.data, byTiles.data);
  const slow = { s2ByTiles: () => s2(tiled, images, plan), modelAlone: () => model(tiles) };
  Object.assign(result.ms, await measure(slow, Math.min(rounds, 3)));
  result.newShapeMs = await newShapes(model);
  say();
  await Promise.all([model.dispose(), oneFile.release(), ofBytes.release()]);
  result.stages = {};
  for (const perRun of [14, 28, 56, 112]) {
    const given = { file, device, side, plan, options, photos, images, perRun, rounds };
    result.stages[perRun] = await measureStages(given);
    say();
  }
  if (!values.variants) return;
  result.variants = {};
  for (const [name, spec] of Object.entries(variants)) {
    const args = process.argv.slice(1).filter((arg) => arg !== "--variants");
    try {
      const run = { timeout: 60_000, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] };
      const lines = execFileSync(process.execPath, [...args, "--spec", JSON.stringify(spec)], run);
      result.variants[name] = JSON.parse(lines.trim().split("\n").at(-1));
    } catch (error) {
      result.variants[name] = { failed: String(error.stderr || error.message).slice(-300) };
    }
    say();
  }
}

/** Milliseconds of `extract` for photos of sizes that were not seen before: what the graphs of another plan cost. */
async function newShapes(model) {
  const times = [];
  for (const step of [1, 2, 3, 4, 5, 6]) {
    const size = { width: width + step, height: height - step };
    const photo = { ...size, channels: 3, data: bytes(size.width * size.height * 3, step) };
    const start = performance.now();
    await extract(model, photo, options);
    times.push(round(performance.now() - start));
  }
  return times;
}

/** All in the calling thread, with options of ONNX Runtime, for several numbers of tiles a run. */
async function measureOptions({ session, model: modelOptions, tilesPerRun = [28, 56] }) {
  const result = {};
  for (const most of tilesPerRun) {
    const known = { prefixTokens: 1 };
    const model = await modelInThread(file, device, { session, model: modelOptions, tilesPerRun: most, ...known });
    const before = await s2(model, images, plan);
    result[most] = await measure(sidesOf(model));
    // A graph that is replayed on memory of its own must still see other images.
    const others = { dims: images.dims, data: images.data.map((value) => -value) };
    const changed = largest((await s2(model, others, plan)).data, before.data);
    result[most] = { ...result[most], largestChange: changed, again: largest((await s2(model, images, plan)).data, before.data) };
    console.log(JSON.stringify(result));
  }
}

async function measure(sides, count = rounds) {
  const times = await takeTurns(sides, { rounds: count, warmUp: 2 });
  return Object.fromEntries(Object.entries(times).map(([name, { ms }]) => [name, round(median(ms))]));
}

/** @returns The name of the main output, by the library that the config is from. */
function mainOutput({ architecture }) {
  return architecture ? "forward_features" : "last_hidden_state";
}

function largest(a, b) {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

/** The same smooth noise on every machine. */
function bytes(length, seed) {
  return Uint8Array.from({ length }, (_, i) => 128 + 90 * Math.sin(i * 0.0007 * seed) + ((i * 2654435761) >>> 27));
}

function floats(dims) {
  const length = dims.reduce((product, dim) => product * dim, 1);
  return { dims, data: Float32Array.from({ length }, (_, i) => Math.sin(i * 0.013) + ((i * 2654435761) >>> 28) / 16) };
}
