/** A model's folder: its graph, its config files, and its weights where a graph is to be built. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { S2Error } from "../../core/index.ts";
import { type Configs, parseConfig, readConfigs } from "../config-files.ts";
import { refusalOf } from "../foreign-files.ts";
import type { JsonObject } from "../hub-config.ts";
import { hasWeights, insteadOf, readWeights } from "./folder-weights.ts";
import { readHead, readWhole } from "./read-file.ts";

/** The path of the folder's ONNX file; undefined where it has none under the names of the hub. */
export function findGraph(folder: string): string | undefined {
  return ["onnx/model.onnx", "model.onnx"].map((name) => join(folder, name)).find((file) => existsSync(file));
}

/** Reads the folder's config files. @throws S2Error "model-file" for what is not JSON. */
export function readFolderConfigs(folder: string): Configs {
  return readConfigs((name) => readIfThere(join(folder, name)));
}

/** Parses a JSON file; undefined where there is none. */
export const readIfThere = (path: string): JsonObject | undefined => (existsSync(path) ? readJson(path) : undefined);

/** @throws S2Error "model-not-found" when there is no such file, "model-file" when it is not a JSON object. */
export const readJson = (path: string): JsonObject => parseConfig(readWhole(path), path);

export interface HubFolder extends Configs {
  readonly config: JsonObject;
  readonly weights: readonly Uint8Array[];
}

/**
 * Reads what a graph is built from: a folder's config.json, its weights, and how its images are prepared where that is said.
 * @throws S2Error "model-not-found" where a file is missing, "model-file" or "safetensors" for one that cannot be read.
 */
export function readHubFolder(folder: string): HubFolder {
  const { config, preprocessor } = readFolderConfigs(folder);
  if (config) return { config, ...(preprocessor && { preprocessor }), weights: readWeights(folder) };
  const why = isOpenClip(folder)
    ? openClip
    : `; expected a hub folder with config.json and model.safetensors${hasWeights(folder) ? ". Download config.json too." : insteadOf(folder)}`;
  throw new S2Error("model-not-found", `${folder} has no config.json${why}`);
}

/** The refusal of a folder with neither graph nor weights, which names what it has instead. */
export function refuseFolder(folder: string): S2Error {
  const graphs = [folder, join(folder, "onnx")].flatMap(onnxFiles);
  const expected = `${folder} has neither onnx/model.onnx nor model.onnx nor model.safetensors`;
  if (graphs.length > 0)
    return new S2Error("model-not-found", `${expected}; give one of its files itself: ${graphs.slice(0, 10).join(", ")}.`);
  return new S2Error("model-not-found", `${expected}${isOpenClip(folder) ? openClip : insteadOf(folder)}`);
}

const isOpenClip = (folder: string): boolean => existsSync(join(folder, "open_clip_config.json"));
const openClip =
  "; it is an OpenCLIP model (open_clip_config.json), whose layout is not built here: take the same model in transformers' layout (config.json and model.safetensors), or export its image tower to ONNX.";

/** Refuses a file that is known to be no ONNX model before ONNX Runtime is started for it. */
export function refuseForeign(path: string): void {
  const refusal = refusalOf(path, readHead(path));
  if (refusal) throw new S2Error("model-file", refusal);
}

function onnxFiles(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".onnx"))
    .map((name) => join(folder, name));
}
