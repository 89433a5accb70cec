/** Hostile data: features, stores, heads, indexes, checkpoints, views and data sets of each layout, with something in them damaged. */
import { dirname, join } from "node:path";
import { type DataSet, openDataSet } from "s2-vision/datasets";
import { readHead } from "s2-vision/heads";
import { openFolder, openGraph, openStore } from "s2-vision/node";
import { memoryVectors, openIndex, search } from "s2-vision/retrieval";
import { imageVector } from "s2-vision/tasks";
import { makeShards, shardBatches, studentValues, teacherStatistics } from "s2-vision/train";
import { stateOf } from "../../src/runtimes/node/feature-file.ts";
import { readWhole } from "../../src/runtimes/node/read-file.ts";
import { readFeatures } from "../../src/store/index.ts";
import { loadHead, openPredictor, type TaskHead } from "../../src/tasks/index.ts";
import { type Corpus, randomOf } from "./corpus.ts";
import { damageFiles } from "./damage-files.ts";
import { validData } from "./valid-data.ts";
import { fingerprint, indexLabel, tokens } from "./valid-features.ts";
import { fitOnce, views } from "./valid-training.ts";

const loaders: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  features: (path) => stateOf(path, fingerprint),
  async store(path) {
    const found = await readFeatures(openStore(dirname(path)), "photo.safetensors", fingerprint);
    if ("tokens" in found) imageVector(found.tokens, "mean");
  },
  head: async (folder) => tell(await loadHead(openStore(folder), folder)),
  async "head files"(folder) {
    const read = (name: string) => readWhole(join(folder, name));
    await tell(readHead(Buffer.from(read("head.json")).toString(), read("head.safetensors")) as TaskHead);
  },
  async index(path) {
    const store = memoryVectors({ from: readWhole(path) });
    const index = await openIndex(store, indexLabel);
    await search(index, { image: Float32Array.of(1, 2, 3, 4) });
    await search(index, { region: Float32Array.of(1, 2, 3, 4) });
  },
  checkpoint: (path) => fitOnce(openStore(dirname(path))),
  async views(folder) {
    const store = openStore(folder);
    const shards = await makeShards({ ...views, store });
    await teacherStatistics(store, shards[0]);
    const batches = shardBatches(store, shards, { views: 2, cells: 2, patchSize: 8, color: 0, seed: 1 })(0);
    await batches.next();
  },
  student: async (path) => studentValues(readWhole(path)),
  "data set": (folder) => readSet(folder, {}),
  "data set of depth": (folder) => readSet(folder, { metersPerUnit: 0.001 }),
  "data set by list": (folder) => readSet(folder, { list: "list.csv" }),
};

async function tell(head: TaskHead): Promise<void> {
  const opened = await openPredictor(head, openGraph);
  try {
    await opened.predict(tokens);
  } finally {
    await opened.close();
  }
}

/** Opens a data set, and reads every mask and depth map of it. */
async function readSet(folder: string, options: object): Promise<void> {
  const set: DataSet = await openDataSet(openFolder(folder), options);
  for (const item of Object.values<readonly object[]>(set.splits).flat()) {
    if ("mask" in item) await (item.mask as () => Promise<unknown>)();
    if ("depth" in item) await (item.depth as () => Promise<unknown>)();
    if ("objects" in item) await (item.objects as () => Promise<unknown>)();
  }
}

export const data: Corpus = {
  name: "data",
  load: async (path, reader) => loaders[reader!](path),
  async make(seed, i) {
    const all = await validData();
    const random = randomOf(seed, i);
    const valid = random.pick(all);
    const { files, ...rest } = await damageFiles(valid, random, random.pick(all));
    const { name = "" } = valid;
    const beside = Object.fromEntries(Object.entries(files).map(([path, bytes]) => [join("data", path), bytes]));
    return { name: join("data", name), bytes: files[name], beside, ...rest };
  },
};
