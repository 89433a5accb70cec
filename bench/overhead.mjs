/**
 * What `s2` costs on top of the model: scales 1, 2, 3 of DeiT-Tiny by `loadModel` against raw onnxruntime-node runs of the same
 * 14 tiles, cut beforehand, at the batch that is fastest here. One thread each; the raw runs are in the main thread, as a user writes them.
 */
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { resize, s2, splitChessboard } from "s2-vision";
import { loadModel } from "s2-vision/node";
import { noise } from "./noise.mjs";
import { deitTiny, missing } from "./paths.mjs";
import { finish, skipIf } from "./result.mjs";
import { median, ratio, round, spread, takeTurns } from "./timing.mjs";

skipIf(missing(deitTiny));

const scales = [1, 2, 3];
const images = noise([1, 3, 224, 224]);
const tileSize = 3 * 224 * 224;
const tiles = cutTiles();

// The options of src/runtimes/node/threads.ts and session-worker.ts. With one thread there is no pool, so nothing spins.
const sameOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  enableCpuMemArena: false,
  logSeverityLevel: 4,
  extra: { session: { force_spinning_stop: "1" } },
};
const onnx = join(deitTiny, "onnx/model.onnx");
const session = await ort.InferenceSession.create(onnx, sameOptions);
const withArena = await ort.InferenceSession.create(onnx, { ...sameOptions, enableCpuMemArena: true });
const model = await loadModel(deitTiny, { threads: 1 });

let inModel = 0;
const timed = async (batch) => {
  const start = performance.now();
  const output = await model(batch);
  inModel += performance.now() - start;
  return output;
};
timed.traits = model.traits;

const difference = await checkSameWork();
const best = await fastestBatch([1, 2, 4, 7, 14]);
const outside = [];
const times = await takeTurns(
  {
    s2: async () => {
      inModel = 0;
      const start = performance.now();
      await s2(timed, images, { scales, numPrefixToken: 1 });
      outside.push(performance.now() - start - inModel);
    },
    raw: () => runRaw(session, batches(best)),
    rawInS2Batches: () => runRaw(session, [1, 4, 3, 3, 3]),
    rawWithArena: () => runRaw(withArena, batches(best)),
  },
  { rounds: 25, warmUp: 4 },
);
await model.dispose();

const against = ratio(times.s2, times.raw);
finish("overhead", [{ name: "s2 / raw onnxruntime, 14 tiles", value: against.wall, unit: "x", bar: 1.05, aim: 1.02 }], {
  rounds: times.s2.ms.length,
  rawBatch: best,
  ms: Object.fromEntries(Object.entries(times).map(([name, { ms }]) => [name, spread(ms)])),
  againstRaw: against,
  againstRawInS2Batches: ratio(times.s2, times.rawInS2Batches),
  againstRawWithArena: ratio(times.s2, times.rawWithArena),
  msOutsideTheModel: spread(outside.slice(-times.s2.ms.length)),
  maxDifference: difference,
});

function cutTiles() {
  const data = new Float32Array(14 * tileSize);
  let offset = 0;
  for (const scale of scales) {
    const cut = splitChessboard(resize(images, [224 * scale, 224 * scale]), scale, scale);
    data.set(cut.data, offset);
    offset += cut.data.length;
  }
  return data;
}

function batches(size) {
  return Array.from({ length: Math.ceil(14 / size) }, (_, i) => Math.min(size, 14 - i * size));
}

async function runRaw(raw, sizes) {
  const outputs = [];
  let from = 0;
  for (const size of sizes) {
    const data = tiles.subarray(from * tileSize, (from + size) * tileSize);
    const results = await raw.run({ pixel_values: new ort.Tensor("float32", data, [size, 3, 224, 224]) }, ["last_hidden_state"]);
    outputs.push(results.last_hidden_state.data);
    from += size;
  }
  return outputs;
}

// Scale 1 is one tile and the first 192 channels, so there both ways must give the same numbers.
async function checkSameWork() {
  const [first] = await runRaw(session, batches(1));
  const { data, dims } = await s2(model, images, { scales, numPrefixToken: 1 });
  let most = 0;
  for (let token = 0; token < 197; token++) {
    for (let c = 0; c < 192; c++) most = Math.max(most, Math.abs(first[token * 192 + c] - data[token * dims[2] + c]));
  }
  if (most > 1e-4) throw new Error(`s2 and the raw run differ by ${most} on scale 1; what is timed is not the same work.`);
  return round(most);
}

async function fastestBatch(sizes) {
  const sides = Object.fromEntries(sizes.map((size) => [`batch ${size}`, () => runRaw(session, batches(size))]));
  const tried = await takeTurns(sides, { rounds: 7, warmUp: 2 });
  return sizes.reduce((a, b) => (median(tried[`batch ${b}`].ms) < median(tried[`batch ${a}`].ms) ? b : a));
}
