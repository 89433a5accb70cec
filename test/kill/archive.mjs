/**
 * Kills workers of an archive at every step, and Redis, and counts what is stored: node test/kill/archive.mjs [--images 5000] [--seed 1] [--rounds 4]
 * Writes bench/results/archive-kills.json. test/archive has the same with some hundreds of images.
 */
import { spawn, spawnSync } from "node:child_process";
import { createWriteStream, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { encode } from "fast-png";
import tar from "tar-stream";
import { addToArchive, archiveStatus, verifyArchive } from "../../dist/archive.js";
import { loadModel } from "../../dist/node.js";
import { makeRandom } from "../../dist/tensors/index.js";
import { openRedis } from "../archive/redis.mjs";

const { values } = parseArgs({ options: { images: { type: "string" }, seed: { type: "string" }, rounds: { type: "string" } } });
const [count, seed, rounds] = [Number(values.images ?? 5000), Number(values.seed ?? 1), Number(values.rounds ?? 4)];
const damaged = 5;
const plain = fileURLToPath(new URL("../cli/tiny/plain.onnx", import.meta.url));
const child = fileURLToPath(new URL("../archive/worker-child.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "s2-kill-archive-"));
const random = makeRandom(seed);
const steps = ["claimed", "image", "written", "linked", "committed"];

/** One shard of 100 images a tar, some members of which are no images. */
async function drawTars() {
  mkdirSync(join(folder, "tars"));
  for (let start = 0; start < count; start += 100) {
    const pack = tar.pack();
    for (let i = start; i < Math.min(count, start + 100); i++) {
      const data = Uint8Array.from({ length: 40 * 32 * 3 }, () => 256 * random());
      const bytes = i % (count / damaged) === 7 ? Buffer.from("no image") : encode({ width: 40, height: 32, data, channels: 3 });
      pack.entry({ name: `${i}.png` }, Buffer.from(bytes));
    }
    pack.finalize();
    await pipeline(pack, createWriteStream(join(folder, "tars", `${String(start).padStart(6, "0")}.tar`)));
  }
}

function work(store, options) {
  const worker = spawn(process.execPath, [child, JSON.stringify({ store, ...options })], { stdio: "ignore" });
  return new Promise((resolve) => worker.on("close", (status, signal) => resolve(signal ?? status)));
}

try {
  await drawTars();
  const model = await loadModel(plain, { patchSize: 8, prefixTokens: 1, threads: 1 });
  const loadOptions = { model: plain, patchSize: 8, prefixTokens: 1 };
  const results = {};
  for (const kind of ["claims", "queue"]) {
    const store = join(folder, kind);
    const sources = readdirSync(join(folder, "tars")).map((name) => join(folder, "tars", name));
    await addToArchive(store, sources, { model, loadOptions, shardSize: 100, extraction: { scales: [1] } });
    const redis = kind === "queue" ? await openRedis(mkdtempSync(join(folder, "redis-"))) : undefined;
    const options = { claimSeconds: 1, queue: redis?.url };
    const kills = Object.fromEntries([...steps, "redis", "redisWiped"].map((step) => [step, 0]));
    for (let round = 0; round < rounds; round++) {
      for (const type of steps) {
        const at = type === "image" ? 1 + Math.floor(150 * random()) : 1 + Math.floor(2 * random());
        if ((await work(store, { ...options, kill: { type, at } })) === "SIGKILL") kills[type]++;
      }
      if (!redis) continue;
      await redis.kill();
      kills.redis++;
      if (round % 2 === 1) {
        redis.wipe();
        kills.redisWiped++;
      }
      await redis.start();
    }
    const beforeLast = await archiveStatus(store);
    const ended = await Promise.all([work(store, options), work(store, options)]);
    await redis?.kill();
    const left = readdirSync(join(store, "tmp")).length;
    const { stored, reported, twice, damaged: broken, state } = await verifyArchive(store, { sweepAfter: 0 });
    results[kind] = {
      ...{ kills, committedBefore: beforeLast.images.committed, stored, reported: reported.length, twice: twice.length },
      ...{ damagedShards: broken.length, shardsLeft: state.remaining.length, shardsSetAside: state.failed.length },
      ...{ temporaryFiles: left, temporaryFilesAfterSweep: readdirSync(join(store, "tmp")).length, ended },
    };
    console.log(kind, JSON.stringify(results[kind]));
  }
  await model.dispose();
  const good = Object.values(results).every(
    (each) => each.stored === count - damaged && each.reported === damaged && each.twice + each.temporaryFilesAfterSweep + each.shardsLeft === 0,
  );
  const { stdout } = spawnSync("redis-server", ["--version"], { encoding: "utf8" });
  const result = { name: "archive-kills", date: new Date().toISOString().slice(0, 10), images: count, damaged, seed, redis: /v=(\S+)/.exec(stdout)?.[1], results };
  writeFileSync(fileURLToPath(new URL("../../bench/results/archive-kills.json", import.meta.url)), `${JSON.stringify(result, null, 2)}\n`);
  console.log(good ? "every image is stored once or reported" : "IMAGES ARE LOST OR DOUBLED");
  process.exitCode = good ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
