/**
 * Retrieval: what each index type of LanceDB and 8-bit integers lose against comparing all vectors, with size, build and search time, on
 * features of images by DeiT-Tiny at 1x. Every tenth image only asks. Features are kept in features/bench for the next run.
 */

import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadImage, loadModel, openStore, openVectors } from "s2-vision/node";
import { addImages, memoryVectors, openIndex, regionVectors, search } from "s2-vision/retrieval";
import { extractImages, imageVector } from "s2-vision/tasks";
import { deitTiny, missing, root } from "./paths.mjs";
import { finish, skipIf } from "./result.mjs";
import { median, round } from "./timing.mjs";

const images = join(dirname(dirname(deitTiny)), "data/photos");
skipIf(missing(deitTiny, images, join(root, "node_modules/@lancedb/lancedb")));

/** 7 x 7 regions of 2 x 2 tokens an image. */
const windows = { window: 2, stride: 2 };
const label = { model: "DeiT-Tiny", modelHash: "", plan: "1x", pooling: "cls", regions: windows };
const top = 10;
const { version: lancedb } = JSON.parse(readFileSync(join(root, "node_modules/@lancedb/lancedb/package.json"), "utf8"));

const all = await vectorsOfAll();
const asking = all.filter((_, i) => i % 10 === 0);
const kept = all.filter((_, i) => i % 10 !== 0);
const queries = { images: asking.map(({ vector }) => ({ image: vector })), regions: asking.flatMap(someRegions) };

const folder = mkdtempSync(join(tmpdir(), "s2-bench-retrieval-"));
const stores = {};
const facts = {};
try {
  await build();
  const { found, times } = await askAll();
  const rows = Object.fromEntries(
    Object.entries(facts).map(([name, fact]) => [name, { ...fact, ...evaluated(name, found, times) }]),
  );
  finish(
    "retrieval",
    Object.entries(rows).flatMap(([name, { lost }]) =>
      name === "exact" ? [] : [{ name: `recall@10 lost in regions by ${name}`, value: lost.regions, unit: "%" }],
    ),
    {
      lancedb,
      images: kept.length,
      regions: kept.length * 49,
      channels: kept[0].vector.length,
      queries: counts(queries),
      recall: rows,
    },
  );
} finally {
  for (const { store } of Object.values(stores)) await store.close();
  rmSync(folder, { recursive: true, force: true });
}

async function vectorsOfAll() {
  const names = readdirSync(images, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".webp"));
  const model = await loadModel(deitTiny, { threads: 1 });
  const options = {
    ...{ model, modelName: "deit_tiny", version: "bench", extraction: { scales: [1], fit: "squash" } },
    modelHash: createHash("sha256")
      .update(readFileSync(join(deitTiny, "onnx/model.onnx")))
      .digest("hex"),
    store: openStore(join(root, "features/bench")),
    read: async (name) => new Uint8Array(readFileSync(join(images, name))),
    decode: (bytes) => loadImage(bytes),
  };
  const vectors = [];
  for await (const { image, tokens, issue } of extractImages(names.sort(), options)) {
    if (issue) throw new Error(`${image}: ${issue}`);
    const regions = regionVectors(tokens, windows);
    vectors.push({ path: image, contentHash: "", size: tokens.size, vector: imageVector(tokens, "cls"), regions });
  }
  await model.dispose();
  return vectors;
}

/** Two of an image's regions, other ones of each. */
function someRegions({ vector: { length }, regions: { vectors } }, i) {
  return [(i * 7) % 49, (i * 7 + 24) % 49].map((at) => ({ region: vectors.subarray(at * length, (at + 1) * length) }));
}

async function build() {
  await add("exact", () => memoryVectors());
  await add("int8", () => memoryVectors({ precision: "int8" }));
  for (const name of ["exact", "int8"]) facts[name].megabytes = round(stores[name].store.save().length / 1e6);
  await add("LanceDB, no index", () => openVectors(join(folder, "none")));
  facts["LanceDB, no index"].megabytes = round(megabytesOf(join(folder, "none")));
  for (const type of ["IVF_FLAT", "IVF_PQ", "IVF_HNSW_SQ"]) {
    const path = join(folder, type);
    cpSync(join(folder, "none"), path, { recursive: true });
    const store = await openVectors(path);
    const start = performance.now();
    for (const table of ["images", "regions"]) await store.build(table, type);
    const seconds = round((performance.now() - start) / 1000);
    facts[type] = { megabytes: round(megabytesOf(path)), seconds };
    stores[type] = { store, index: await openIndex(store, label) };
    if (type === "IVF_FLAT") continue;
    const refined = await openVectors(path, { refine: 10 });
    stores[`${type}, refined`] = { store: refined, index: await openIndex(refined, label) };
    facts[`${type}, refined`] = facts[type];
    console.log(`  ${type} built in ${seconds} s`);
  }
}

async function add(name, open) {
  const store = await open();
  const index = await openIndex(store, label);
  const start = performance.now();
  for (let i = 0; i < kept.length; i += 64) await addImages(index, kept.slice(i, i + 64));
  facts[name] = { seconds: round((performance.now() - start) / 1000) };
  stores[name] = { store, index };
}

function megabytesOf(path) {
  const files = readdirSync(path, { recursive: true, encoding: "utf8" }).map((name) => statSync(join(path, name)));
  return files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0) / 1e6;
}

/** Every query goes to all in turn, each time another one first. */
async function askAll() {
  const names = Object.keys(stores);
  const empty = () => Object.fromEntries(names.map((name) => [name, { images: [], regions: [] }]));
  const [found, times] = [empty(), empty()];
  for (const [table, asked] of Object.entries(queries)) {
    for (const [i, query] of asked.entries()) {
      for (let turn = 0; turn < names.length; turn++) {
        const name = names[(turn + i) % names.length];
        const start = performance.now();
        const hits = await search(stores[name].index, query, { top, everyRegion: true });
        times[name][table].push(performance.now() - start);
        found[name][table].push(hits.map(({ image, box }) => `${image} ${Math.round(box.left)} ${Math.round(box.top)}`));
      }
    }
  }
  return { found, times };
}

/** Percentage of the ten exact neighbors that a search misses, and its median time. */
function evaluated(name, found, times) {
  const lost = {};
  const ms = {};
  for (const table of ["images", "regions"]) {
    const missed = found[name][table].map((hits, i) => found.exact[table][i].filter((hit) => !hits.includes(hit)).length);
    lost[table] = round((100 * missed.reduce((sum, count) => sum + count, 0)) / (top * missed.length));
    ms[table] = round(median(times[name][table]));
  }
  return { lost, ms };
}

function counts(asked) {
  return Object.fromEntries(Object.entries(asked).map(([table, list]) => [table, list.length]));
}
