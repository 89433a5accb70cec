/** The context of an experiment in Node: models by onnxruntime on one thread, data sets in folders, features in a store. */
import { existsSync, readdirSync } from "node:fs";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import type { Folder } from "s2-vision/datasets";
import { type ImageTokens, imageTokens } from "s2-vision/heads";
import { extract, hashModelFiles, loadImage, loadModel, openFolder, openGraph, openLoop, openStore } from "s2-vision/node";
import { type ExtractionConfig, extractImages, modelFingerprint } from "s2-vision/tasks";
import { type BuiltModel, buildFolder, buildStudent, readVit, sha256 } from "./build-folder.ts";
import type { ExperimentContext, ExperimentModel, ModelVariant } from "./context.ts";
import { ResearchError } from "./error.ts";
import { type ModelStages, openStages } from "./model-stages.ts";
import type { Result } from "./result.ts";
import { cacheTiles } from "./tile-cache.ts";

/** The package's version, for pages and stored features. */
export const version: string = createRequire(import.meta.url)("s2-vision/package.json").version;

export interface ContextOptions {
  /** A folder, an .onnx file or a hub name. */
  readonly model: string;
  readonly larger?: string;
  readonly other?: string;
  /** Folders of the ladder's models. */
  readonly models?: readonly string[];
  /** Folder of the data sets. */
  readonly data: string;
  /** Folder where features and checkpoints are kept from run to run. */
  readonly store: string;
  /** Folder of the results. */
  readonly out: string;
  /** Threads of a model; default: one, so that figures do not depend on the machine. */
  readonly threads?: number;
  readonly prefixTokens?: number;
  readonly patchSize?: number;
  readonly quiet?: boolean;
  /** When aborted, extraction and training stop; a further run resumes them. */
  readonly signal?: AbortSignal;
}

export interface OpenedContext extends Omit<ExperimentContext, "publish"> {
  /** Names and weights of the models, for the page. */
  readonly models: Result["models"];
  close(): Promise<void>;
}

export async function openContext(experiment: string, options: ContextOptions): Promise<OpenedContext> {
  const { data, out, store, quiet, threads = 1, signal } = options;
  const running = new Map<string, BuiltModel>();
  const open = async (variant: ModelVariant): Promise<BuiltModel> => {
    const key = JSON.stringify(variant);
    if (!running.has(key)) running.set(key, await openVariant(variant, { ...options, threads }));
    return running.get(key)!;
  };
  const stages = new Map<string, ModelStages>();
  const issues: ExperimentContext["issues"] = [];
  let tiles: { readonly key: string; readonly model: ReturnType<typeof cacheTiles> } | undefined;
  const describeBuilt = async (built: BuiltModel, path: string): Promise<ExperimentModel> => ({
    ...{ name: built.name, sha256: await hashWeights(path), ...shapeOf(built), model: built.model },
  });
  const describe = async (name: "model" | "larger" | "other"): Promise<ExperimentModel | undefined> => {
    const path = options[name];
    return path === undefined ? undefined : describeBuilt(await open(name), path);
  };
  const [model, larger, other] = [(await describe("model"))!, await describe("larger"), await describe("other")];
  const models = [model, larger, other].filter((each) => each !== undefined).map(({ name, sha256 }) => ({ name, sha256 }));
  const list = ({ name, sha256 }: Pick<ExperimentModel, "name" | "sha256">) => {
    if (!models.some((each) => each.sha256 === sha256)) models.push({ name, sha256 });
  };
  return {
    data: (set) => ({ ...openFolder(join(data, set)), name: set }),
    hasData: (set) => existsSync(join(data, set)),
    features: async (folder, images, extraction, variant = "model") =>
      extractAll(await open(variant), folder, images, extraction, { store: join(store, folder.name), issues, signal }),
    async planned(folder, images, planOf, variant = "model") {
      const cached = async (variant: "model" | "other") => {
        const { model: running, name } = await open(variant);
        const key = `${name} ${folder.name}`;
        if (tiles?.key !== key) tiles = { key, model: cacheTiles(running) };
        return tiles.model;
      };
      const model = typeof variant === "string" ? await cached(variant) : variant;
      const features = new Map<string, ImageTokens>();
      for (const image of images) {
        signal?.throwIfAborted();
        const photo = await loadImage(await folder.read(image));
        features.set(image, imageTokens(await extract(model, photo, planOf(photo, image))));
      }
      return features;
    },
    async vitWeights(variant) {
      const { traits, preprocessing } = (await open(variant)).model;
      return { ...readVit(options[variant]!), traits, preprocessing };
    },
    async kept(name, make) {
      const file = join(store, experiment, `${name.replaceAll(/[^\w.-]+/g, "-")}.json`);
      if (existsSync(file)) return JSON.parse(await readFile(file, "utf8"));
      const made = await make();
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, JSON.stringify(made));
      return made;
    },
    ...{ model, larger, other, issues, signal, models },
    async openModel(path, imageSize) {
      const found = locateModel(options.models, path);
      if (!found || (imageSize && !existsSync(join(found, "model.safetensors")))) return undefined;
      const built = await open({ path, ...(imageSize && { imageSize }) });
      const described = await describeBuilt(built, found);
      list(described);
      return described;
    },
    async openStages(path) {
      const found = locateModel(options.models, path);
      if (!found) return undefined;
      const { prefixTokens, patchSize } = options;
      if (!stages.has(path)) {
        const described = { name: basename(path), sha256: await hashWeights(found) };
        stages.set(path, { ...described, stages: await openStages(found, { threads, prefixTokens, patchSize }) });
        list(described);
      }
      return stages.get(path);
    },
    buildStudent: (files) => buildStudent(files, threads),
    async removeFeatures(folder, path) {
      const kept = join(store, folder.name);
      const isOf = (name: string) => name.replace(/-\d+$/, "") === basename(path, ".onnx"); // built for another size: NAME-448
      for (const name of existsSync(kept) ? readdirSync(kept).filter(isOf) : []) await rm(join(kept, name), { recursive: true });
    },
    say: (step) => void (quiet || process.stderr.write(`${step}\n`)),
    openGraph: (file) => openGraph(file, { threads }),
    openLoop: (file, state) => openLoop(file, state, { threads }),
    checkpoints: (name) => openStore(join(store, name)),
    async keepImage(folder, image, name) {
      const to = join(out, "images", experiment, name);
      await mkdir(dirname(to), { recursive: true });
      await cp(join(data, folder.name, image), to);
    },
    async close() {
      for (const { model } of [...running.values(), ...[...stages.values()].flatMap(({ stages }) => stages)])
        await model.dispose();
    },
  };
}

const shapeOf = ({ model: { traits } }: BuiltModel) => ({ side: traits.imageSize?.[0] ?? 224, patch: traits.patchSize ?? 0 });

/** Builds a folder with weights, so that images may have another size; loads anything else as it is. */
async function openVariant(variant: ModelVariant, options: ContextOptions): Promise<BuiltModel> {
  const { threads, prefixTokens, patchSize } = options;
  if (typeof variant === "object" && "middleOf" in variant)
    return buildFolder(options[variant.middleOf]!, { threads, fraction: 0.5 });
  const path = pathOf(variant, options);
  const imageSize = typeof variant === "object" ? variant.imageSize : undefined;
  if (existsSync(join(path, "model.safetensors"))) return buildFolder(path, { threads, imageSize });
  if (imageSize)
    throw new ResearchError(
      `${path} is a finished graph, and this experiment interpolates its positions to ${imageSize} px; give a folder with config.json and model.safetensors.`,
    );
  const model = await loadModel(path, { threads, prefixTokens, patchSize });
  return { model, name: basename(path, ".onnx"), hash: await hashModelFiles(model.source) };
}

function pathOf(variant: Exclude<ModelVariant, { readonly middleOf: string }>, options: ContextOptions): string {
  if (variant === "larger" || variant === "other") return options[variant]!;
  return typeof variant === "object" && "path" in variant ? locateModel(options.models, variant.path)! : options.model;
}

/** Finds a model of the ladder in the first folder that has it. */
export const locateModel = (folders: readonly string[] = [], path: string): string | undefined =>
  folders.map((folder) => join(folder, path)).find((each) => existsSync(each));

/** SHA-256 of the file of a model's weights. */
async function hashWeights(path: string): Promise<string> {
  const files = [join(path, "model.safetensors"), join(path, "onnx/model.onnx"), ...(path.endsWith(".onnx") ? [path] : [])];
  const file = files.find((each) => existsSync(each));
  return file ? sha256(await readFile(file)) : "unknown";
}

async function extractAll(
  { model, name, hash: files }: BuiltModel,
  folder: Folder,
  images: readonly string[],
  extraction: ExtractionConfig,
  { store, issues, signal }: { store: string; issues: ExperimentContext["issues"]; signal?: AbortSignal },
): Promise<ReadonlyMap<string, ImageTokens>> {
  const features = new Map<string, ImageTokens>();
  const modelHash = await modelFingerprint({ ...model, files });
  const extracted = extractImages(images, {
    ...{ model, modelName: name, modelHash, version, extraction, store: openStore(store), signal },
    read: (path) => folder.read(path),
    decode: (bytes) => loadImage(bytes),
  });
  for await (const each of extracted) {
    const path = `${folder.name}/${each.image}`;
    if ("tokens" in each) features.set(each.image, each.tokens);
    else if (!issues.some((issue) => issue.path === path)) issues.push({ path, reason: each.issue });
  }
  return features;
}
