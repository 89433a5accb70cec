/** The lab of `s2 experiment`: models by onnxruntime on one thread, data sets in folders, features kept in a store. */

import { existsSync } from "node:fs";
import { cp, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { S2Error } from "../core/index.ts";
import type { Folder } from "../datasets/index.ts";
import type { ExperimentContext, ExperimentModel, ModelVariant, Result } from "../eval/index.ts";
import type { ImageTokens } from "../features/index.ts";
import { hashModelFiles, loadImage, openFolder, openGraph, openLoop, openStore } from "../node.ts";
import { makeFolder, readVersion } from "../runtimes/node/index.ts";
import { type ExtractionConfig, extractImages, modelFingerprint } from "../store/index.ts";
import { sha256 } from "../tensors/index.ts";
import { type Built, buildFolder } from "./build-folder.ts";
import type { ExperimentFlags } from "./command-flags.ts";
import { stopSignal } from "./interrupt.ts";
import { writeMessage } from "./output.ts";
import { openModel } from "./plan-flags.ts";
import { openProgress } from "./progress.ts";

export interface OpenedContext extends ExperimentContext {
  /** The models that were given, by their weights. */
  readonly models: Result["models"];
  close(): Promise<void>;
}

export async function openContext(experiment: string, flags: ExperimentFlags): Promise<OpenedContext> {
  const { data, out, store, json, quiet } = flags;
  const threads = flags.threads ?? 1;
  const running = new Map<string, Built>();
  const open = async (which: ModelVariant): Promise<Built> => {
    const key = JSON.stringify(which);
    if (!running.has(key)) running.set(key, await openWhich(which, { ...flags, threads }));
    return running.get(key)!;
  };
  const problems: ExperimentContext["problems"] = [];
  const say = (step: string) => void (quiet || json || writeMessage(`${step}\n`));
  const given = async (which: "model" | "larger" | "other") => {
    const path = flags[which];
    return path === undefined ? undefined : labModel(await open(which), await weightsOf(path));
  };
  const [model, larger, other] = [(await given("model"))!, await given("larger"), await given("other")];
  return {
    data: (set) => ({ ...openFolder(join(data, set)), name: set }),
    features: async (folder, images, look, which = "model") =>
      collect(await open(which), folder, images, look, { store: join(store, folder.name), problems, quiet: quiet || json }),
    ...{ model, larger, other, problems, say },
    openGraph: (file) => openGraph(file, { threads }),
    openLoop: (file, state) => openLoop(file, state, { threads }),
    checkpoints: (name) => openStore(join(store, name)),
    signal: stopSignal,
    async keepImage(folder, image, name) {
      const to = join(out, "images", experiment, name);
      makeFolder(dirname(to));
      await cp(join(data, folder.name, image), to);
    },
    models: [model, larger, other].filter((each) => each !== undefined).map(({ name, sha256 }) => ({ name, sha256 })),
    async close() {
      for (const each of running.values()) await each.model.dispose();
    },
  };
}

const labModel = ({ name, model: { traits } }: Built, sha256: string): ExperimentModel => ({
  ...{ name, sha256 },
  side: traits.imageSize?.[0] ?? 224,
});

/** A folder with weights is built, so that images may have another side; anything else is loaded as it is. */
async function openWhich(which: ModelVariant, flags: ExperimentFlags): Promise<Built> {
  const { threads } = flags;
  if (typeof which === "object" && "middleOf" in which) return buildFolder(flags[which.middleOf]!, { threads, middle: true });
  const path = which === "larger" || which === "other" ? flags[which]! : flags.model!;
  const imageSize = typeof which === "object" ? which.imageSize : undefined;
  if (existsSync(join(path, "model.safetensors"))) return buildFolder(path, { threads, imageSize });
  if (imageSize)
    throw new S2Error(
      "experiment",
      `${path} is a finished graph, and this experiment interpolates its positions to ${imageSize} px; give a folder with config.json and model.safetensors.`,
    );
  const model = await openModel({ ...flags, model: path });
  return { model, name: basename(path, ".onnx"), hash: await hashModelFiles(model.source) };
}

/** SHA-256 of the file of a model's weights. */
async function weightsOf(path: string): Promise<string> {
  const weights = join(path, "model.safetensors");
  const file = existsSync(weights) ? weights : existsSync(path) && path.endsWith(".onnx") ? path : undefined;
  return file ? await sha256(new Uint8Array(await readFile(file))) : "unknown";
}

async function collect(
  { model, name, hash: files }: Built,
  folder: Folder,
  images: readonly string[],
  extraction: ExtractionConfig,
  { store, problems, quiet }: { store: string; problems: ExperimentContext["problems"]; quiet?: boolean },
): Promise<ReadonlyMap<string, ImageTokens>> {
  const features = new Map<string, ImageTokens>();
  const bar = await openProgress(images.length, { quiet });
  try {
    const modelHash = await modelFingerprint({ ...model, files });
    const found = extractImages(images, {
      ...{ model, modelName: name, modelHash, version: readVersion(), extraction, store: openStore(store), signal: stopSignal },
      read: (path) => folder.read(path),
      decode: (bytes) => loadImage(bytes),
    });
    for await (const each of found) {
      if ("tokens" in each) features.set(each.image, each.tokens);
      else if (!problems.some(({ path }) => path === `${folder.name}/${each.image}`))
        problems.push({ path: `${folder.name}/${each.image}`, reason: each.problem });
      bar.update(features.size);
    }
  } finally {
    bar.stop();
  }
  return features;
}
