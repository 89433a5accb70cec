/** A model's folder: its graph, its config files, and the weights that a graph is built from. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { object, record, string } from "valibot";
import { S2Error } from "../../core/index.ts";
import { readHeader, readHeaderLength, writeHeader } from "../../tensors/index.ts";
import { parseJson } from "../../tensors/json.ts";
import { type Configs, parseConfig, readConfigs } from "../config-files.ts";
import { foreignName, refusalOf } from "../foreign-files.ts";
import type { JsonObject } from "../hub-config.ts";
import { GRAPHS, WEIGHTS } from "../hub-files.ts";
import { besideFile, readHead, readWhole, withFile } from "./read-file.ts";
import { isFolder } from "./write-whole.ts";

/** Returns the path of the folder's ONNX file; undefined where it has none under the names of the hub. */
export function findGraph(folder: string): string | undefined {
  return GRAPHS.map((name) => join(folder, name)).find((file) => existsSync(file));
}

/** Refuses a file of another format before ONNX Runtime is started for it. @throws S2Error "model-file". */
export function checkGraph(path: string): void {
  const refusal = refusalOf(path, readHead(path));
  if (refusal) throw new S2Error("model-file", refusal);
}

/** Reads the folder's config files. @throws S2Error "model-file" for one that is not JSON. */
export function readFolderConfigs(folder: string): Configs {
  return readConfigs((name) => readIfThere(join(folder, name)));
}

/** Parses a JSON file; undefined where there is none. */
export const readIfThere = (path: string): JsonObject | undefined => (existsSync(path) ? readJson(path) : undefined);

/** @throws S2Error "model-not-found" when there is no such file, "model-file" when it is not a JSON object. */
export const readJson = (path: string): JsonObject => parseConfig(readWhole(path), path);

/**
 * Reads the files that a graph is built from: a folder's config.json, its weights and its preprocessing config.
 * @throws S2Error "model-not-found" where a file is missing, "model-file" or "safetensors" for one that cannot be read.
 */
export function readHubFolder(folder: string) {
  const { config, preprocessor } = readFolderConfigs(folder);
  if (config) return { config, ...(preprocessor && { preprocessor }), weights: readWeights(folder) };
  const isOpenClip = existsSync(join(folder, "open_clip_config.json"));
  const found = hasWeights(folder) && !isOpenClip ? ". Download config.json too." : insteadOf(folder);
  throw new S2Error(
    "model-not-found",
    `${folder} has no config.json; expected a hub folder with config.json and ${WEIGHTS[0]}${found}`,
  );
}

/** Returns the error for a folder with neither graph nor weights; it names what the folder has instead. */
export function emptyFolderError(folder: string): S2Error {
  const graphs = [folder, join(folder, "onnx")].flatMap(onnxFiles).slice(0, 10);
  const found = graphs.length > 0 ? `; give one of its files itself: ${graphs.join(", ")}.` : insteadOf(folder);
  return new S2Error("model-not-found", `${folder} has neither ${[...GRAPHS, WEIGHTS[0]].join(" nor ")}${found}`);
}

function onnxFiles(folder: string): string[] {
  const names = isFolder(folder) ? readdirSync(folder) : [];
  return names.filter((name) => name.endsWith(".onnx")).map((name) => join(folder, name));
}

/** Ends an error with the model files of other formats that the folder has, or with advice. */
function insteadOf(folder: string): string {
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const foreign = names.find((name) => foreignName(name));
  if (foreign) return `; it has ${foreign}, which is ${foreignName(foreign)}.`;
  const others = names.filter((name) => name.endsWith(".safetensors"));
  if (others.length > 0) return `; it has ${others.slice(0, 5).join(", ")}: if that is the model, rename it to ${WEIGHTS[0]}.`;
  return "; download it, or where a repository has pytorch_model.bin alone, save the model again with save_pretrained.";
}

/** Returns true if the folder has weights that can be read. */
export const hasWeights = (folder: string): boolean => WEIGHTS.some((name) => existsSync(join(folder, name)));

/**
 * Reads the weights of a folder as the bytes of safetensors files: model.safetensors, or the shards that its index lists.
 * @param wanted chooses tensors by name; the files then have these alone.
 * @throws S2Error "model-not-found" where there are none, with what is there instead; "model-file" or "safetensors" for a damaged file.
 */
export function readWeights(folder: string, wanted?: (name: string) => boolean): Uint8Array[] {
  const read = (path: string) => (wanted ? readTensors(path, wanted) : readChecked(path));
  const [single, index] = WEIGHTS.map((name) => join(folder, name));
  if (existsSync(single)) return [read(single)];
  if (existsSync(index)) return shardsOf(index, wanted).map(read);
  throw new S2Error("model-not-found", `${folder} has neither ${WEIGHTS.join(" nor ")}${insteadOf(folder)}`);
}

function shardsOf(index: string, wanted: (name: string) => boolean = () => true): string[] {
  const schema = object({ weight_map: record(string(), string()) });
  const source = { code: "model-file" as const, name: index, advice: "Download it again." };
  const { weight_map: files } = parseJson(schema, readWhole(index), source);
  const names = Object.entries(files).flatMap(([name, file]) => (wanted(name) ? [file] : []));
  return [...new Set(names)].map((file) => besideFile(index, file));
}

function readChecked(path: string): Uint8Array {
  const bytes = readWhole(path);
  readEntries((at, length) => bytes.subarray(at, at + length), bytes.length, path);
  return bytes;
}

/** Reads and checks the header here, where the file's name is known. */
function readEntries(readAt: (at: number, length: number) => Uint8Array, size: number, path: string) {
  const start = 8 + readHeaderLength(readAt(0, Math.min(48, size)), size, path);
  return { start, entries: readHeader(readAt(8, start - 8), size - start, path).entries };
}

/** Reads the wanted tensors of a file as a file of these alone. */
function readTensors(path: string, wanted: (name: string) => boolean): Uint8Array {
  return withFile(path, (readAt, size) => {
    const { start, entries } = readEntries(readAt, size, path);
    const chosen = entries.filter(({ name }) => wanted(name)).sort((a, b) => a.begin - b.begin);
    let end = 0;
    const moved = chosen.map((entry) => ({ ...entry, begin: end, end: (end += entry.end - entry.begin) }));
    const header = writeHeader(moved);
    const file = new Uint8Array(header.length + end);
    file.set(header);
    moved.forEach(({ begin }, i) => {
      file.set(readAt(start + chosen[i].begin, chosen[i].end - chosen[i].begin), header.length + begin);
    });
    return file;
  });
}
