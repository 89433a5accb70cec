/**
 * Search in archives: all vectors against LanceDB's index types, on clustered synthetic vectors of 576 numbers: node bench/archive-search.mjs [--count 1000000].
 * Build time by the clock and the processor, milliseconds of the processor for a query, and the fraction of the ten exact neighbors that is found.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as lance from "@lancedb/lancedb";
import { openVectors } from "s2-vision/node";
import { makeRandom } from "../dist/tensors/index.js";
import { finish } from "./result.mjs";
import { round } from "./timing.mjs";

const { values } = parseArgs({ options: { count: { type: "string", default: "1000000" } } });
const count = Number(values.count);
const [channels, clusters, asked, top, batch] = [576, Math.ceil(count / 250), 100, 10, 10_000];
const random = makeRandom(7);
const normal = () => random() + random() + random() - 1.5;
const folder = mkdtempSync(join(tmpdir(), "s2-bench-search-"));

const centers = Array.from({ length: clusters }, () => Float32Array.from({ length: channels }, normal));
/** A vector of length 1 near a center; the spread makes neighbors overlap between clusters. */
function draw() {
  const center = centers[Math.floor(clusters * random())];
  const vector = center.map((value) => value + 0.8 * normal());
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

async function timed(work) {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { result, seconds: round((performance.now() - start) / 1000), cpuSeconds: round((user + system) / 1e6) };
}

try {
  const db = await lance.connect(folder);
  let table;
  const queries = Array.from({ length: asked }, draw);
  const best = queries.map(() => []);
  let [exactSeconds, row] = [0, 0];
  const filled = await timed(async () => {
    while (row < count) {
      const rows = Array.from({ length: Math.min(batch, count - row) }, () => {
        const box = { height: 1, width: 1, left: 0, top: 0, boxWidth: 1, boxHeight: 1 };
        return { path: String(row++), at: 0, contentHash: "", ...box, vector: draw() };
      });
      const before = process.cpuUsage();
      for (const [q, query] of queries.entries()) compare(rows, query, best[q]);
      exactSeconds += (process.cpuUsage().user - before.user) / 1e6;
      if (table) await table.add(rows);
      else table = await db.createTable("s2_images", rows);
    }
    await table.optimize({ cleanupOlderThan: new Date() });
  });
  const truth = best.map((hits) => new Set(hits.map(({ path }) => path)));
  const rows = { "all vectors, in JavaScript": { cpuMilliseconds: round((1000 * exactSeconds) / asked), recall: 1 } };
  for (const type of ["none", "IVF_FLAT", "IVF_PQ", "IVF_HNSW_SQ"]) {
    const builder = await openVectors(folder);
    const { seconds, cpuSeconds } = await timed(() => builder.build("images", type));
    await builder.close();
    for (const [name, options] of variants(type)) {
      const store = await openVectors(folder, options);
      await store.nearest("images", queries[0], top);
      const {
        result,
        cpuSeconds: used,
        seconds: clock,
      } = await timed(async () => {
        let found = 0;
        for (const [q, query] of queries.entries())
          for (const { image } of await store.nearest("images", query, top)) if (truth[q].has(image)) found++;
        return found;
      });
      await store.close();
      const recall = round(result / (asked * top));
      const times = { cpuMilliseconds: round((1000 * used) / asked), milliseconds: round((1000 * clock) / asked) };
      rows[name] = { ...(type !== "none" && { buildSeconds: seconds, buildCpuSeconds: cpuSeconds }), ...times, recall };
      console.log(`  ${name}: ${JSON.stringify(rows[name])}`);
    }
  }
  const files = readdirSync(folder, { recursive: true }).map((name) => statSync(join(folder, name)));
  const megabytes = Math.round(files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0) / 1e6);
  const figures = Object.entries(rows).map(([name, { cpuMilliseconds }]) => ({
    name: `a query by ${name}`,
    value: cpuMilliseconds,
    unit: "ms of CPU",
  }));
  finish("archive-search", figures, {
    count,
    channels,
    clusters,
    queries: asked,
    top,
    fillSeconds: filled.seconds,
    megabytes,
    rows,
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function variants(type) {
  if (type === "none") return [["LanceDB, no index", {}]];
  return [
    [type, {}],
    [`${type}, 50 partitions, refined`, { probes: 50, refine: 10 }],
  ];
}

/** Keeps the rows of the highest cosines. */
function compare(rows, query, hits) {
  for (const { path, vector } of rows) {
    let score = 0;
    for (let c = 0; c < channels; c++) score += vector[c] * query[c];
    if (hits.length === top && score <= hits[top - 1].score) continue;
    hits.push({ path, score });
    hits.sort((a, b) => b.score - a.score);
    if (hits.length > top) hits.pop();
  }
}
