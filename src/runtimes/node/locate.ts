/** Where a model lies: a folder, a file, bytes or a hub name, and the config files that belong to it. */

import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { nearest, S2Error } from "../../core/index.ts";
import { buildModel } from "../../models/index.ts";
import { type ModelProto, readOnnx } from "../../onnx/index.ts";
import type { Configs } from "../config-files.ts";
import { refusalOf } from "../foreign-files.ts";
import type { ModelOptions } from "../model.ts";
import { hasWeights } from "./folder-weights.ts";
import { findGraph, readFolderConfigs, readHubFolder, refuseFolder, refuseForeign } from "./model-folder.ts";
import { openOnnx } from "./onnx-files.ts";

/** The model that comes with this package (models/MODEL_CARD.md). */
export const bundledModel = fileURLToPath(new URL("../../../models/s2-tiny", import.meta.url));

export interface LocateOptions extends Pick<ModelOptions, "imageSize" | "offline" | "onProgress"> {
  readonly cacheDir?: string;
}

export interface LocatedModel extends Configs {
  readonly model: string | Uint8Array;
  /** For people and for files' metadata. */
  readonly source: string;
}

/** Finds the ONNX file and reads the config files; a hub name is downloaded first when no local path has that name. */
export async function locateModel(source: string | Uint8Array | undefined, options: LocateOptions): Promise<LocatedModel> {
  if (source === undefined || source === "") return fromFolder(bundledModel, options);
  if (typeof source !== "string") return fromBytes(source);
  if (existsSync(source)) return statSync(source).isDirectory() ? fromFolder(source, options) : fromFile(source);
  if (!isHubName(source)) throw notFound(source);
  return fromFolder(await download(source, options), options);
}

/** The graph, with all weights, of what `loadModel` takes: an .onnx file, a folder, a hub name, or nothing for the bundled model. */
export async function openModelSource(source: string | undefined): Promise<ModelProto> {
  const { model } = await locateModel(source, {});
  return typeof model === "string" ? openOnnx(model) : readOnnx(model);
}

/** `owner/name`, and nothing that must be a path. */
function isHubName(source: string): boolean {
  return /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/.test(source) && !source.endsWith(".onnx");
}

/** A mistyped path may look like a hub name: a refusal says how it was taken. */
async function download(source: string, { offline, cacheDir, onProgress }: LocateOptions): Promise<string> {
  const { downloadModel } = await import("./hub.ts");
  try {
    return await downloadModel(source, { offline, cacheDir, onProgress });
  } catch (error) {
    if (!(error instanceof S2Error) || !/^(hub-(name|not-found|denied|network)|offline)$/.test(error.code)) throw error;
    const near = nearBy(source);
    const hint = near ? ` (did you mean ${near}?)` : "";
    const taken = `There is no folder ${source} here, in ${process.cwd()}${hint}, so it was taken as a hub name`;
    throw new S2Error(error.code, `${taken}: ${error.message}`, { cause: error });
  }
}

/** A folder's graph, or what is built from its weights: where there is no graph, or where it is another image size that is asked for. */
function fromFolder(folder: string, { imageSize }: LocateOptions): LocatedModel {
  const found = findGraph(folder);
  const weights = hasWeights(folder);
  if (found && !(imageSize && weights)) {
    refuseForeign(found);
    return { model: resolve(found), source: found, ...readFolderConfigs(folder) };
  }
  if (!weights) throw refuseFolder(folder);
  const { weights: files, ...configs } = readHubFolder(folder);
  return { model: buildModel(configs.config, files, { imageSize }), source: folder, ...configs };
}

function fromFile(file: string): LocatedModel {
  refuseForeign(file);
  const folder = dirname(resolve(file));
  const beside = readFolderConfigs(folder);
  const parent = basename(folder) === "onnx" ? readFolderConfigs(dirname(folder)) : {};
  return { model: resolve(file), source: file, ...parent, ...beside };
}

function fromBytes(model: Uint8Array): LocatedModel {
  const refusal = refusalOf("The model given as bytes", model.subarray(0, 48));
  if (refusal) throw new S2Error("model-file", refusal);
  return { model, source: "bytes" };
}

function notFound(source: string): S2Error {
  const near = nearBy(source);
  const hint = near ? `did you mean ${near}?` : "give an existing folder or .onnx file, or a hub name (owner/name).";
  return new S2Error("model-not-found", `There is no model at ${source}; ${hint}`);
}

/** A path whose last name is nearly that of `source`. */
function nearBy(source: string): string | undefined {
  const folder = dirname(resolve(source));
  const names = existsSync(folder) && statSync(folder).isDirectory() ? readdirSync(folder) : [];
  // Three letters apart is near for a long name only.
  const near = basename(source).length > 6 ? nearest(basename(source), names) : undefined;
  return near && join(dirname(source), near);
}
