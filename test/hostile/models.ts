/** Hostile models: ONNX files, hub folders of each family, sharded weights, external data and LLaVA folders, with something in them damaged. */
import { join } from "node:path";
import { buildModel } from "s2-vision/models";
import { loadModel, loadTower, openOnnx } from "s2-vision/node";
import { readPreprocessing } from "../../src/images/index.ts";
import { exportProto, exportVisionEncoder } from "../../src/models/index.ts";
import { convertProto, inspectModel, inspectProto } from "../../src/onnx/index.ts";
import { readHints } from "../../src/runtimes/hub-config.ts";
import { readLlavaFolder } from "../../src/runtimes/node/llava-folder.ts";
import { readHubFolder } from "../../src/runtimes/node/model-folder.ts";
import { readWhole } from "../../src/runtimes/node/read-file.ts";
import { readSafetensors } from "../../src/tensors/index.ts";
import { type Corpus, randomOf } from "./corpus.ts";
import { damageFiles } from "./damage-files.ts";
import { validModels } from "./valid-models.ts";

type Loader = (path: string) => Promise<unknown> | unknown;

const loaders: Readonly<Record<string, Loader>> = {
  async "load model"(path) {
    const model = await loadModel(path, { threads: 1 });
    await model.dispose();
  },
  build(folder) {
    const { config, preprocessor, weights } = readHubFolder(folder);
    readHints(config, preprocessor);
    readPreprocessing({ preprocessor, config });
    return buildModel(config, weights as never);
  },
  inspect(path) {
    inspectModel(readWhole(path));
    inspectProto(openOnnx(path));
  },
  convert: (path) => convertProto(openOnnx(path)),
  export: (path) => exportProto(openOnnx(path), { imageSize: 48, scales: [1, 2] }),
  safetensors: (path) => readSafetensors(readWhole(path), path),
  async tower(folder) {
    const loaded = await loadTower(folder, { threads: 1 });
    await loaded.dispose();
  },
  llava(folder) {
    const { config, weights, preprocessor, processor } = readLlavaFolder(folder);
    return exportVisionEncoder(config, weights, { preprocessor, processor });
  },
};

/** Readers that start ONNX Runtime take long: they get every fourth file. */
const slow = /^(load model|tower)$/;

export const models: Corpus = {
  name: "models",
  load: async (path, reader) => loaders[reader!](path),
  async make(seed, i) {
    const all = await validModels();
    const random = randomOf(seed, i);
    const fitting = all.filter(({ reader }) => slow.test(reader) === (i % 4 === 0));
    const valid = random.pick(fitting);
    const { files, ...rest } = await damageFiles(valid, random, random.pick(all));
    const { name = "" } = valid;
    const beside = Object.fromEntries(Object.entries(files).map(([path, bytes]) => [join("model", path), bytes]));
    return { name: join("model", name), bytes: files[name], beside, ...rest };
  },
};
