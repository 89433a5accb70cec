/**
 * Archives: the service times of a worker, from which research/src/scale simulates many, and two workers against one. Times are of the processor (user and
 * system, all threads) where a busy machine would disturb the clock: preparation and model for each preset, writing by format, the queue, a worker's start.
 */
import { execFileSync, fork, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Queue, Worker } from "bullmq";
import { addToArchive, runArchive } from "s2-vision/archive";
import { extract, loadImage, loadModel, planImage } from "s2-vision/node";
import sharp from "sharp";
import { openArchive } from "../dist/archive/archive.js";
import { openFolderStore } from "../dist/archive/folder-store.js";
import { rowOf } from "../dist/archive/shard-file.js";
import { writeShard } from "../dist/archive/shards.js";
import { imageTokens } from "../dist/features/index.js";
import { makeRandom } from "../dist/tensors/index.js";
import { noRedis, openRedis } from "../test/archive/redis.mjs";
import { root } from "./paths.mjs";
import { finish, skipIf } from "./result.mjs";
import { median, round } from "./timing.mjs";

skipIf(noRedis);
const folder = mkdtempSync(join(tmpdir(), "s2-bench-archive-"));
const [width, height] = [1024, 768];
const presets = {
  "1x": { scales: [1] },
  "1x+2x": { scales: [1, 2] },
  "1x+2x+3x": { scales: [1, 2, 3] },
  dense: { preset: "dense" },
};

/** Milliseconds of the processor that the work takes. */
async function cpu(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const model = await loadModel(undefined, { threads: 1 });
try {
  await drawPhotos(join(folder, "photos"), 40, width, height);
  await drawPhotos(join(folder, "small"), 240, 256, 192);
  const tile = await tileTime();
  const figures = { photo: { width, height }, tile, presets: {}, formats: {} };
  for (const [name, extraction] of Object.entries(presets)) figures.presets[name] = await presetTimes(extraction, tile);
  for (const format of ["safetensors", "parquet"]) figures.formats[format] = await formatTimes(format);
  figures.commit = await commitTime();
  figures.start = startTime();
  figures.queue = await queueTimes();
  figures.workers = await workersRatio();
  if (existsSync("/usr/bin/taskset")) figures.workersOfOneCore = await workersRatio(onCore);
  finish(
    "archive",
    [
      { name: "two workers against one, photos a second", value: figures.workers.ratio, unit: "x", aim: 1.8 },
      ...(figures.workersOfOneCore
        ? [{ name: "the same, each worker on a core of its own", value: figures.workersOfOneCore.ratio, unit: "x", aim: 1.8 }]
        : []),
      { name: "model for a tile", value: tile, unit: "ms of CPU" },
      { name: "preparation for a photo at 1x+2x", value: figures.presets["1x+2x"].preparation, unit: "ms of CPU" },
    ],
    figures,
  );
} finally {
  await model.dispose();
  rmSync(folder, { recursive: true, force: true });
}

/** JPEGs with the detail of photos: noise that was enlarged. */
async function drawPhotos(path, count, w, h) {
  mkdirSync(path, { recursive: true });
  for (let i = 0; i < count; i++) {
    const random = makeRandom(i + 1);
    const data = Uint8Array.from({ length: 128 * 96 * 3 }, () => 256 * random());
    const noise = sharp(data, { raw: { width: 128, height: 96, channels: 3 } }).resize(w, h, { kernel: "cubic" });
    await noise.jpeg({ quality: 90 }).toFile(join(path, `${String(i).padStart(4, "0")}.jpg`));
  }
}

async function tileTime() {
  const [h, w] = model.traits.imageSize;
  const image = { dims: [1, 3, h, w], data: new Float32Array(3 * h * w).fill(0.5) };
  await model(image);
  return round((await cpu(async () => void (await times(60, () => model(image))))) / 60);
}

async function times(count, work) {
  for (let i = 0; i < count; i++) await work(i);
}

async function presetTimes(extraction, tile) {
  const { tiles } = planImage({ width, height }, extraction, model.traits);
  const path = (i) => join(folder, "photos", `${String(i).padStart(4, "0")}.jpg`);
  const one = async (i) => extract(model, await loadImage(path(i)), extraction);
  const { dims } = await one(0);
  const count = 12;
  const each = (await cpu(() => times(count, one))) / count;
  return { tiles, tokens: dims[1], channels: dims[2], cpu: round(each), preparation: round(Math.max(0, each - tiles * tile)) };
}

/** Writing rows of 1x to a shard: float16, checksum, file; and the bytes of a photo in it. */
async function formatTimes(format) {
  const store = join(folder, `format-${format}`);
  await addToArchive(store, [join(folder, "small")], { model, format, shardSize: 120, extraction: { scales: [1] } });
  await runArchive(store, { model });
  const bytes = readdirSync(join(store, "shards")).reduce((sum, name) => sum + statSync(join(store, "shards", name)).size, 0);
  const features = await extract(model, await loadImage(join(folder, "small/0000.jpg")), { scales: [1] });
  const archive = await openArchive(store);
  const count = 1000;
  const writing = await cpu(async () => {
    const shard = await writeShard(archive, "bench", join(folder, `rows-${format}`), count);
    await times(count, (i) => shard.add(rowOf(`${i}.jpg`, "0".repeat(64), imageTokens(features), "features", "cls")));
    await shard.finish();
    await shard.close();
  });
  return { writing: round(writing / count), bytes: Math.round(bytes / 240) };
}

/** Milliseconds by the clock of a commit: sync, link, sync of the folder. */
async function commitTime() {
  const store = openFolderStore(join(folder, "commits"));
  const each = [];
  await times(50, async (i) => {
    const start = performance.now();
    await store.create(`shards/${i}`, new Uint8Array(1000));
    each.push(performance.now() - start);
  });
  return { milliseconds: round(median(each)) };
}

/** A worker that finds nothing to do: start of the process, the model, the comparison. */
function startTime() {
  const args = ["archive", "resume", join(folder, "format-safetensors"), "--threads", "1", "--quiet"];
  const script = `TIMEFORMAT='%U %S'; time "$@" >/dev/null 2>&1`;
  const seconds = Array.from({ length: 5 }, () => {
    const all = ["-c", script, "bash", process.execPath, join(root, "dist/cli/main.js"), ...args];
    const [user, system] = spawnSync("bash", all, { encoding: "utf8" }).stderr.trim().split(" ").map(Number);
    return user + system;
  });
  return { cpuSeconds: round(median(seconds)) };
}

/** Microseconds of the processor for a job that does nothing: here, and in Redis. */
async function queueTimes() {
  const redis = await openRedis(mkdtempSync(join(folder, "redis-")));
  const count = 2000;
  const used = () => {
    const text = execFileSync("redis-cli", ["-u", redis.url, "info", "cpu"], { encoding: "utf8" });
    return ["user", "sys"].reduce(
      (sum, kind) => sum + 1e6 * Number(new RegExp(`^used_cpu_${kind}:(\\S+)`, "m").exec(text)[1]),
      0,
    );
  };
  const connection = { url: redis.url, maxRetriesPerRequest: null };
  const queue = new Queue("bench", { connection });
  const jobs = Array.from({ length: count }, (_, i) => ({
    name: "shard",
    data: { id: `${i}`, images: 1000 },
    opts: { jobId: `j${i}`, removeOnComplete: true },
  }));
  const before = used();
  const add = await cpu(() => queue.addBulk(jobs));
  const between = used();
  const work = await cpu(async () => {
    let done = 0;
    const worker = new Worker("bench", async () => {}, { connection });
    await new Promise((resolve) => worker.on("completed", () => ++done === count && resolve()));
    await worker.close();
  });
  const after = used();
  await queue.close();
  await redis.kill();
  const each = (value) => Math.round(value / count);
  return {
    jobs: count,
    add: each(1000 * add),
    addInRedis: each(between - before),
    work: each(1000 * work),
    workInRedis: each(after - between),
  };
}

/**
 * Two workers of one thread each against one, in turn: photos a second by the clock, and how many times as many two free cores would do by the
 * processor's time of a photo, which a busy machine hardly changes.
 */
/** Options of a process that runs on one core alone, with its preparation and its model. */
function onCore(core) {
  return { execPath: "/usr/bin/taskset", execArgv: ["-c", String(core), process.execPath] };
}

/** One worker leaves the second core to preparation, unless each worker is bound to a core. */
async function workersRatio(optionsOf = () => ({})) {
  const workers = await Promise.all(
    [0, 1].map(async (core) => {
      const worker = fork(join(root, "bench/archive-worker.mjs"), optionsOf(core));
      await new Promise((resolve) => worker.once("message", resolve));
      return worker;
    }),
  );
  const photos = 120;
  const found = { one: [], two: [], cpuOfOne: [], cpuOfTwo: [] };
  for (let turn = 0; turn < 3; turn++)
    for (const count of turn % 2 === 0 ? [1, 2] : [2, 1]) {
      const store = mkdtempSync(join(folder, "workers-"));
      const half = [join(folder, "small/00*.jpg"), join(folder, "small/010*.jpg"), join(folder, "small/011*.jpg")];
      await addToArchive(store, half, { model, shardSize: 6, extraction: { scales: [1, 2] } });
      const ended = await Promise.all(
        workers.slice(0, count).map((worker) => {
          worker.send(store);
          return new Promise((resolve) => worker.once("message", resolve));
        }),
      );
      const span = Math.max(...ended.map(({ last }) => last)) - Math.min(...ended.map(({ first }) => first));
      found[count === 1 ? "one" : "two"].push(round((photos * 1000) / span));
      found[count === 1 ? "cpuOfOne" : "cpuOfTwo"].push(round(ended.reduce((sum, each) => sum + each.cpu, 0) / photos));
    }
  for (const worker of workers) worker.kill();
  const ratio = round(median(found.two) / median(found.one));
  return { ...found, ratio, ratioByCpu: round((2 * median(found.cpuOfOne)) / median(found.cpuOfTwo)) };
}
