/** Finds a model: a folder, a file, bytes or a hub name, with the config files that belong to it. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { nearest, S2Error } from "../../core/index.ts";
import { buildModel } from "../../models/index.ts";
import { type ModelProto, readOnnx } from "../../onnx/index.ts";
import type { Configs } from "../config-files.ts";
import { refusalOf } from "../foreign-files.ts";
import { isHubName } from "../hub-files.ts";
import type { ModelOptions } from "../model.ts";
import { findNamedModel, NAMED_MODELS } from "../named-models.ts";
import { checkGraph, emptyFolderError, findGraph, hasWeights, readFolderConfigs, readHubFolder } from "./model-folder.ts";
import { openOnnx } from "./onnx-files.ts";
import { isFolder } from "./write-whole.ts";

/** Folder of the model that comes with this package (models/MODEL_CARD.md). */
export const bundledModel = fileURLToPath(new URL("../../../models/s2-tiny", import.meta.url));

export interface LocateOptions extends Pick<ModelOptions, "imageSize" | "offline" | "onProgress"> {
  readonly cacheDir?: string;
}

export interface LocatedModel extends Configs {
  readonly model: string | Uint8Array;
  /** Name for messages and for files' metadata. */
  readonly source: string;
}

/** Finds the ONNX file and reads the config files; a hub name is downloaded first when no local path has that name. */
export async function locateModel(source: string | Uint8Array | undefined, options: LocateOptions): Promise<LocatedModel> {
  if (source === undefined || source === "") return fromFolder(bundledModel, options);
  if (typeof source !== "string") {
    const refusal = refusalOf("The model given as bytes", source.subarray(0, 48));
    if (refusal) throw new S2Error("model-file", refusal);
    return { model: source, source: "bytes" };
  }
  if (existsSync(source)) return isFolder(source) ? fromFolder(source, options) : fromFile(source);
  const named = findNamedModel(source);
  if (named) return fromFolder(named.hub ? await download(named.hub, options) : bundledModel, options);
  if (isHubName(source)) return fromFolder(await download(source, options), options);
  const hint = didYouMean(source) ?? "give an existing folder or .onnx file, a hub name (owner/name), or a name of `s2 models`.";
  throw new S2Error("model-not-found", `There is no model at ${source}; ${hint}`);
}

/** Finds the folder of a model, which is downloaded for a hub name. @throws S2Error "model-not-found", and those of the download. */
export async function locateFolder(source: string | undefined, options: LocateOptions): Promise<string> {
  if (source === undefined || source === "") return bundledModel;
  if (isFolder(source)) return source;
  if (!existsSync(source) && isHubName(source)) return download(source, options);
  throw new S2Error(
    "model-not-found",
    `There is no folder of a model at ${source}; give an existing folder or a hub name (owner/name).`,
  );
}

/** Reads the graph, with all weights, of a source as `loadModel` takes it. */
export async function openModelSource(source: string | undefined, options: LocateOptions = {}): Promise<ModelProto> {
  const { model } = await locateModel(source, options);
  return typeof model === "string" ? openOnnx(model) : readOnnx(model);
}

/** Downloads a model of the hub, by its short name or owner/name, and returns its folder in the cache with the bytes of its files. */
export async function fetchModel(source: string, options: LocateOptions): Promise<{ folder: string; bytes: number }> {
  const named = findNamedModel(source);
  if (!named && !isHubName(source)) {
    const hint = didYouMean(source) ?? "give a name of `s2 models`, or owner/name on the hub.";
    throw new S2Error("hub-name", `Got the model name "${source}"; ${hint}`);
  }
  const folder = named && !named.hub ? bundledModel : await download(named?.hub ?? source, options);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => statSync(join(folder, name)));
  return { folder, bytes: files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0) };
}

/** Downloads a model. A mistyped path may look like a hub name: errors say how it was taken. */
async function download(source: string, { offline, cacheDir, onProgress }: LocateOptions): Promise<string> {
  const { downloadModel } = await import("./hub.ts");
  try {
    return await downloadModel(source, { offline, cacheDir, onProgress });
  } catch (error) {
    if (!(error instanceof S2Error) || !/^(hub-(name|not-found|denied|network)|offline)$/.test(error.code)) throw error;
    const hint = didYouMean(source);
    const taken = `There is no folder ${source} here, in ${process.cwd()}${hint ? ` (${hint})` : ""}, so it was taken as a hub name`;
    throw new S2Error(error.code, `${taken}: ${error.message}`, { cause: error });
  }
}

/** Finds a folder's graph; builds it from the weights where there is none or another image size is requested. */
function fromFolder(folder: string, { imageSize }: LocateOptions): LocatedModel {
  const graph = findGraph(folder);
  const canBuild = hasWeights(folder);
  if (graph && !(imageSize && canBuild)) {
    checkGraph(graph);
    return { model: resolve(graph), source: graph, ...readFolderConfigs(folder) };
  }
  if (!canBuild) throw emptyFolderError(folder);
  const { weights, ...configs } = readHubFolder(folder);
  return { model: buildModel(configs.config, weights, { imageSize }), source: folder, ...configs };
}

function fromFile(file: string): LocatedModel {
  checkGraph(file);
  const folder = dirname(resolve(file));
  const parent = basename(folder) === "onnx" ? readFolderConfigs(dirname(folder)) : {};
  return { model: resolve(file), source: file, ...parent, ...readFolderConfigs(folder) };
}

/** Suggests a short name of a model, or a path whose last name is nearly that of `source`. */
function didYouMean(source: string): string | undefined {
  const named = nearest(
    source,
    NAMED_MODELS.map(({ name }) => name),
  );
  if (named) return `did you mean ${named}?`;
  const folder = dirname(resolve(source));
  // Three letters apart is near for a long name only.
  const near = basename(source).length > 6 && isFolder(folder) ? nearest(basename(source), readdirSync(folder)) : undefined;
  return near && `did you mean ${join(dirname(source), near)}?`;
}
