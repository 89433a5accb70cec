/** Where a model lies: a folder, a file, bytes or a hub name, and the config files that belong to it. */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { nearest, S2Error } from "../../core/index.ts";
import { buildModel } from "../../models/index.ts";
import { type ModelProto, readOnnx } from "../../onnx/index.ts";
import type { JsonObject } from "../hub-config.ts";
import type { ModelOptions } from "../model.ts";
import { openOnnx, readHubFolder } from "./onnx-files.ts";

/** The model that comes with this package (models/MODEL_CARD.md). */
export const bundledModel = fileURLToPath(new URL("../../../models/s2-tiny", import.meta.url));

export interface LocateOptions extends Pick<ModelOptions, "imageSize" | "offline" | "onProgress"> {
  readonly cacheDir?: string;
}

export interface LocatedModel {
  readonly model: string | Uint8Array;
  /** For people and for files' metadata. */
  readonly source: string;
  readonly config?: JsonObject;
  readonly preprocessor?: JsonObject;
}

/** Finds the ONNX file and reads the config files; a hub name is downloaded first when no local path has that name. */
export async function locateModel(source: string | Uint8Array | undefined, options: LocateOptions): Promise<LocatedModel> {
  if (source === undefined || source === "") return fromFolder(bundledModel, options);
  if (typeof source !== "string") return { model: source, source: "bytes" };
  if (existsSync(source)) return statSync(source).isDirectory() ? fromFolder(source, options) : fromFile(source);
  if (!isHubName(source)) throw notFound(source);
  const { downloadModel } = await import("./hub.ts");
  const { offline, cacheDir, onProgress } = options;
  return fromFolder(await downloadModel(source, { offline, cacheDir, onProgress }), options);
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

/** A folder's graph, or what is built from its weights: where there is no graph, or where it is another image size that is asked for. */
function fromFolder(folder: string, options: LocateOptions): LocatedModel {
  const found = ["onnx/model.onnx", "model.onnx"].map((name) => join(folder, name)).find((file) => existsSync(file));
  const hasWeights = existsSync(join(folder, "model.safetensors"));
  if (found && !(options.imageSize && hasWeights)) return { model: resolve(found), source: found, ...readConfigs(folder) };
  if (hasWeights) {
    const { config, weights } = readHubFolder(folder);
    const model = buildModel(config, weights, { imageSize: options.imageSize });
    return { model, source: folder, ...readConfigs(folder) };
  }
  const others = [...onnxFiles(folder), ...onnxFiles(join(folder, "onnx"))];
  const advice =
    others.length > 0 ? `give one of its files itself: ${others.join(", ")}` : "give a folder that does, or an .onnx file";
  throw new S2Error("model-not-found", `${folder} holds neither onnx/model.onnx nor model.onnx; ${advice}.`);
}

function fromFile(file: string): LocatedModel {
  const folder = dirname(resolve(file));
  const beside = readConfigs(folder);
  const parent = basename(folder) === "onnx" ? readConfigs(dirname(folder)) : {};
  return { model: resolve(file), source: file, ...parent, ...beside };
}

function readConfigs(folder: string): { config?: JsonObject; preprocessor?: JsonObject } {
  const config = readJson(join(folder, "config.json"));
  const preprocessor = readJson(join(folder, "preprocessor_config.json"));
  return { ...(config && { config }), ...(preprocessor && { preprocessor }) };
}

function readJson(file: string): JsonObject | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
    throw new Error("it is not an object");
  } catch (error) {
    const reason = (error as Error).message;
    throw new S2Error("model-file", `${file} is not a JSON object (${reason}); mend it, download it again, or move it away.`, {
      cause: error,
    });
  }
}

function notFound(source: string): S2Error {
  const folder = dirname(resolve(source));
  const names = existsSync(folder) && statSync(folder).isDirectory() ? readdirSync(folder) : [];
  // Three letters apart is near for a long name only.
  const near = basename(source).length > 6 ? nearest(basename(source), names) : undefined;
  const hint = near
    ? `did you mean ${join(dirname(source), near)}?`
    : "give an existing folder or .onnx file, or a hub name (owner/name).";
  return new S2Error("model-not-found", `There is no model at ${source}; ${hint}`);
}

function onnxFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".onnx"))
    .map((name) => join(folder, name));
}
