/** The lab of `s2 experiment`: models by onnxruntime on one thread, data sets in folders, features kept in a store. */
import { existsSync } from "node:fs";
import { cp, mkdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { S2Error } from "../core/index.ts";
import {
  collectFeatures,
  type Folder,
  hash,
  type Lab,
  type LabModel,
  type Look,
  type Result,
  type Which,
} from "../eval/index.ts";
import type { PhotoTokens } from "../heads/index.ts";
import { readPreprocessing } from "../images/index.ts";
import { buildModel } from "../models/index.ts";
import { loadImage, loadModel, type Model, openFolder, openGraph, openLoop, openStore } from "../node.ts";
import { readHubFolder } from "../runtimes/node/index.ts";
import type { ExperimentFlags } from "./command-flags.ts";
import { failingWith, status } from "./errors.ts";
import { stopSignal } from "./interrupt.ts";
import { openMiddle } from "./middle.ts";
import { openModel } from "./plan-flags.ts";
import { openBar } from "./report.ts";
import { readVersion } from "./version.ts";

export interface OpenedLab extends Lab {
  /** The models that were given, by their weights. */
  readonly models: Result["models"];
  close(): Promise<void>;
}

/** A model that runs, and what names its features. */
interface Running {
  readonly model: Model;
  readonly name: string;
  readonly hash: string;
}

export async function openLab(experiment: string, flags: ExperimentFlags): Promise<OpenedLab> {
  const { data, out, store, json, quiet } = flags;
  const threads = flags.threads ?? 1;
  const running = new Map<string, Running>();
  const open = async (which: Which): Promise<Running> => {
    const key = JSON.stringify(which);
    if (!running.has(key)) running.set(key, await openWhich(which, { ...flags, threads }));
    return running.get(key)!;
  };
  const problems: Lab["problems"] = [];
  const say = (step: string) => void (quiet || json || process.stderr.write(`${step}\n`));
  const given = async (which: "model" | "larger" | "other") => {
    const path = flags[which];
    return path === undefined ? undefined : labModel(await open(which), await weightsOf(path));
  };
  const [model, larger, other] = [(await given("model"))!, await given("larger"), await given("other")];
  return {
    data: (set) => ({ ...openFolder(join(data, set)), name: set }),
    features: async (folder, photos, look, which = "model") =>
      collect(await open(which), folder, photos, look, { store: join(store, folder.name), problems, quiet: quiet || json }),
    ...{ model, larger, other, problems, say },
    openGraph: (file) => openGraph(file, { threads }),
    openLoop: (file, state) => openLoop(file, state, { threads }),
    checkpoints: (name) => openStore(join(store, name)),
    signal: stopSignal,
    async keepPhoto(folder, photo, name) {
      const to = join(out, "photos", experiment, name);
      await mkdir(dirname(to), { recursive: true });
      await cp(join(data, folder.name, photo), to);
    },
    models: [model, larger, other].filter((each) => each !== undefined).map(({ name, sha256 }) => ({ name, sha256 })),
    async close() {
      for (const each of running.values()) await each.model.dispose();
    },
  };
}

const labModel = ({ name, model: { traits } }: Running, sha256: string): LabModel => ({
  ...{ name, sha256 },
  side: traits.imageSize?.[0] ?? 224,
});

/** A folder with weights is built, so that images may have another side; anything else is loaded as it is. */
async function openWhich(which: Which, flags: ExperimentFlags): Promise<Running> {
  if (typeof which === "object" && "middleOf" in which) return openMiddle(flags[which.middleOf]!, flags);
  const path = which === "larger" || which === "other" ? flags[which]! : flags.model!;
  const imageSize = typeof which === "object" ? which.imageSize : undefined;
  const name = `${basename(path, ".onnx")}${imageSize ? `-${imageSize}` : ""}`;
  if (existsSync(join(path, "model.safetensors"))) {
    const { config, preprocessor, weights } = readHubFolder(path);
    const preprocessing = readPreprocessing({ config, preprocessor });
    return failingWith(status.model, async () => {
      const file = buildModel(config, weights, { imageSize, preprocessing });
      return { model: await loadModel(file, { threads: flags.threads }), name, hash: await hash(file) };
    });
  }
  if (imageSize)
    throw new S2Error(
      "experiment",
      `${path} is a finished graph, and this experiment interpolates its positions to ${imageSize} px; give a folder with config.json and model.safetensors.`,
    );
  const model = await openModel({ ...flags, model: path });
  return { model, name, hash: await hash(new Uint8Array(await readFile(model.source))) };
}

/** SHA-256 of the file of a model's weights. */
async function weightsOf(path: string): Promise<string> {
  const weights = join(path, "model.safetensors");
  const file = existsSync(weights) ? weights : existsSync(path) && path.endsWith(".onnx") ? path : undefined;
  return file ? await hash(new Uint8Array(await readFile(file))) : "unknown";
}

async function collect(
  { model, name, hash: modelHash }: Running,
  folder: Folder,
  photos: readonly string[],
  look: Look,
  { store, problems, quiet }: { store: string; problems: Lab["problems"]; quiet?: boolean },
): Promise<ReadonlyMap<string, PhotoTokens>> {
  const features = new Map<string, PhotoTokens>();
  const bar = process.stderr.isTTY && !quiet ? await openBar(photos.length) : undefined;
  try {
    const found = collectFeatures(photos, {
      ...{ model, modelName: name, modelHash, version: readVersion(), look, store: openStore(store), signal: stopSignal },
      read: (path) => folder.read(path),
      decode: (bytes) => loadImage(bytes),
    });
    for await (const each of found) {
      if ("tokens" in each) features.set(each.photo, each.tokens);
      else if (!problems.some(({ path }) => path === `${folder.name}/${each.photo}`))
        problems.push({ path: `${folder.name}/${each.photo}`, reason: each.problem });
      bar?.update(features.size);
    }
  } finally {
    bar?.stop();
  }
  return features;
}
