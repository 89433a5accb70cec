/**
 * The server with s2-tiny on one thread, and preparation in another: how busy the model is at 8 clients, the processor time of a tile against
 * plain ONNX Runtime, how many batches a request of one tile waits beside requests of 64, and memory and failures over a soak of mixed requests.
 * `node bench/serve.mjs [--seconds 5] [--soak 400]`: seconds of each of three rounds, requests of the soak.
 */
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as ort from "onnxruntime-node";
import { loadModel, saveOnnx } from "s2-vision/node";
import sharp from "sharp";
import { buildProto } from "../dist/models/index.js";
import { bundledModel, readHubFolder } from "../dist/runtimes/node/index.js";
import { makeTileQueue } from "../dist/serve/tile-queue.js";
import { drawImage, noise } from "./noise.mjs";
import { finish } from "./result.mjs";
import { median, round } from "./timing.mjs";

const number = (usual) => ({ type: "string", default: String(usual) });
const { values } = parseArgs({ options: { seconds: number(5), soak: number(400) } });
const [seconds, soak] = [Number(values.seconds), Number(values.soak)];
const [clients, rounds, batch] = [8, 3, 8];

const jpeg = ({ data, ...raw }) => sharp(data, { raw }).jpeg({ quality: 90 }).toBuffer();
const photo = await jpeg(drawImage(1280, 960));

const child = fork(new URL("serve-child.mjs", import.meta.url), { execArgv: ["--expose-gc"] });
const answerOf = (question) =>
  new Promise((resolve) => {
    child.once("message", resolve);
    if (question) child.send(question);
  });
const { url } = await answerOf();

const post = (body, query = "scales=1,2", signal) =>
  fetch(`${url}/v1/features?${query}`, { method: "POST", body, signal, headers: { "Content-Type": "application/octet-stream" } });

/** Keeps `clients` requests under way while `goesOn` is true; returns the number of tiles that were answered. */
async function load(goesOn) {
  let tiles = 0;
  const client = async () => {
    while (goesOn()) {
      const answer = await post(photo);
      await answer.arrayBuffer();
      tiles += Number(answer.headers.get("x-s2-tiles"));
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return tiles;
}

async function serverRound() {
  const before = await answerOf("state");
  const start = performance.now();
  await load(() => performance.now() - start < 1000 * seconds);
  const after = await answerOf("state");
  const wall = after.now - before.now;
  const tiles = after.tiles - before.tiles;
  return {
    idle: 1 - (after.busy - before.busy) / wall,
    cpu: (after.modelCpu - before.modelCpu) / tiles,
    tilesPerSecond: (1000 * tiles) / wall,
  };
}

/** Processor milliseconds of a tile in plain ONNX Runtime: the same graph, batch and number of threads. */
const folder = mkdtempSync(join(tmpdir(), "s2-bench-"));
const { config, weights } = readHubFolder(bundledModel);
saveOnnx(join(folder, "model.onnx"), buildProto(config, weights));
const session = await ort.InferenceSession.create(join(folder, "model.onnx"), { intraOpNumThreads: 1, interOpNumThreads: 1 });
const { dims, data } = noise([batch, 3, 224, 224]);
const feeds = { [session.inputNames[0]]: new ort.Tensor("float32", data, dims) };
const output = session.outputNames.includes("last_hidden_state") ? "last_hidden_state" : session.outputNames[0];
async function plainRound() {
  const before = process.cpuUsage();
  const start = performance.now();
  let runs = 0;
  for (; performance.now() - start < 1000 * seconds; runs++) await session.run(feeds, [output]);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / (runs * batch);
}

const served = [];
const plain = [];
await load(
  (
    (left) => () =>
      left-- > 0
  )(2 * clients),
); // warm up
await session.run(feeds, [output]);
for (let i = 0; i < rounds; i++) {
  served.push(await serverRound());
  plain.push(await plainRound());
}
await session.release();

/** The most batches that a request of one tile waits for beside three streams of requests of 64 tiles. */
async function mostBatches() {
  const model = await loadModel(undefined, { threads: 1 });
  let ran = 0;
  const queue = makeTileQueue(model, { batch, onBatch: () => ran++ });
  const tiles = (count) => noise([count, 3, 224, 224]);
  let goesOn = true;
  const large = tiles(64);
  const stream = async () => {
    while (goesOn) await queue.run(large, {});
  };
  const streams = [stream(), stream(), stream()];
  const waits = [];
  for (let i = 0; i < 10; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50 * (1 + (i % 4))));
    const before = ran;
    await queue.run(tiles(1), {});
    waits.push(ran - before);
  }
  goesOn = false;
  await Promise.all(streams);
  await model.dispose();
  return waits;
}
const waits = await mostBatches();

/** Mixed requests: two sizes, one and three scales, damaged files, clients that go away. Returns failures that are not the client's. */
async function mixed() {
  const small = await jpeg(drawImage(320, 240));
  const requests = [
    () => post(small, "scales=1"),
    () => post(photo, "scales=1,2"),
    () => post(small, "scales=1,2&dtype=float16"),
    () => post(small.subarray(0, 2000)),
    () => post(small, "scales=1,2,3", AbortSignal.timeout(20)).catch(() => undefined),
  ];
  const expected = [200, 200, 200, 422, undefined];
  const memory = [];
  let [next, failures] = [0, 0];
  const client = async () => {
    for (let i = next++; i < soak; i = next++) {
      const kind = i % requests.length;
      const answer = await requests[kind]().catch(() => ({ status: 0 }));
      await answer?.arrayBuffer?.().catch(() => {});
      if (expected[kind] !== undefined && answer.status !== expected[kind]) failures++;
      if (i % Math.max(1, Math.floor(soak / 40)) === 0) memory.push((await sampled()).rss);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return { failures, memory };
}
let sampling = Promise.resolve();
/** One question to the child at a time. */
const sampled = () => (sampling = sampling.then(() => answerOf("memory")));
const { failures, memory } = await mixed();
const middle = (from, to) => median(memory.slice(Math.floor(from * memory.length), Math.ceil(to * memory.length)));
const growth = 100 * (middle(0.8, 1) / middle(0.3, 0.5) - 1);

child.send("stop");
rmSync(folder, { recursive: true });
const of = (name) => median(served.map((each) => each[name]));
finish(
  "serve",
  [
    { name: `fraction of the time without a batch, ${clients} clients`, value: round(of("idle")), unit: "", bar: 0.05 },
    {
      name: "processor time of a tile in the model's thread over plain ONNX Runtime's",
      value: round(of("cpu") / median(plain)),
      unit: "x",
      bar: 1.111,
    },
    { name: "batches that a request of 1 tile waits beside requests of 64, most", value: Math.max(...waits), unit: "", bar: 3 },
    { name: `failures that are not the client's, ${soak} mixed requests`, value: failures, unit: "", bar: 0 },
    {
      name: `growth of memory, from 30-50 % to the last fifth of ${soak} mixed requests`,
      value: round(growth),
      unit: "%",
      bar: 3,
    },
  ],
  { seconds, rounds, clients, batch, served, plainCpu: plain, waits, memory, tilesPerSecond: round(of("tilesPerSecond")) },
);
