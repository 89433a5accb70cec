/** ONNX files on disk: read whole, written piece by piece, with a second file for weights where one does not hold them. */
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { S2Error } from "../../core/index.ts";
import { buildProto } from "../../models/index.ts";
import { largestFile, type ModelProto, onnxPieces, readMetadata, readOnnx, withExternalData } from "../../onnx/index.ts";
import { writeTogether } from "./write-whole.ts";

/** All bytes of a file, beyond the 2 GB that `readFileSync` takes too. */
export function readWhole(path: string): Uint8Array {
  const file = openSync(path, "r");
  try {
    const bytes = new Uint8Array(fstatSync(file).size);
    for (let at = 0, read = 1; at < bytes.length && read > 0; at += read) {
      read = readSync(file, bytes, at, Math.min(bytes.length - at, 2 ** 30), at);
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}

/** What an ONNX file's metadata say; of a file on disk nothing else is read. */
export function readOwnMetadata(model: string | Uint8Array): Record<string, string> {
  if (typeof model !== "string") return readMetadata((at, length) => model.subarray(at, at + length), model.length);
  const file = openSync(model, "r");
  try {
    const read = (at: number, length: number) => {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, at));
    };
    return readMetadata(read, fstatSync(file).size);
  } finally {
    closeSync(file);
  }
}

/** The ONNX file with its weights, those in files beside it included. */
export function openOnnx(path: string): ModelProto {
  return readOnnx(readWhole(path), (location) => readWhole(join(dirname(path), location)));
}

/**
 * Writes a model under its name when it is whole. Above `largest` bytes (1.9 GB) the weights go into `<name>.data` beside it.
 * @returns the files that were written.
 * @throws S2Error "write" when the place cannot be written; nothing half-written is left.
 */
export function saveOnnx(path: string, model: ModelProto, largest = largestFile): { path: string; bytes: number }[] {
  const whole = onnxPieces(model);
  const files = whole.length <= largest ? [{ path, pieces: whole }] : inTwo(path, model);
  writeTogether(files);
  return files.map(({ path: file, pieces }) => ({ path: file, bytes: pieces.length }));
}

function inTwo(path: string, model: ModelProto) {
  const split = withExternalData(model, `${basename(path)}.data`);
  return [
    { path: `${path}.data`, pieces: split.data },
    { path, pieces: onnxPieces(split.model) },
  ];
}

/**
 * Writes files into a folder, which is made where it is not there; they get their names when all of them are whole.
 * @throws S2Error "write".
 */
export function saveFiles(folder: string, files: Readonly<Record<string, Uint8Array>>): void {
  const each = Object.entries(files).map(([name, bytes]) => ({
    path: join(folder, name),
    pieces: { length: bytes.length, parts: [bytes] },
  }));
  writeTogether(each);
}

/** A folder's config.json and model.safetensors, and preprocessor_config.json where it has one. */
export function readHubFolder(folder: string): HubFolder {
  const path = join(folder, "config.json");
  const weights = join(folder, "model.safetensors");
  for (const needed of [path, weights]) {
    if (existsSync(needed)) continue;
    const sharded = existsSync(`${weights}.index.json`)
      ? " The folder's weights are in several files; join them into one first."
      : "";
    throw new S2Error(
      "model-not-found",
      `${folder} has no ${basename(needed)}; expected a hub folder with config.json and model.safetensors.${sharded}`,
    );
  }
  const pixels = join(folder, "preprocessor_config.json");
  return {
    config: readJson(path),
    ...(existsSync(pixels) && { preprocessor: readJson(pixels) }),
    weights: readWhole(weights),
  };
}

interface HubFolder {
  readonly config: Record<string, unknown>;
  readonly preprocessor?: Record<string, unknown>;
  readonly weights: Uint8Array;
}

/** @throws S2Error "model-not-found" when there is no such file, "model-file" when it is no JSON. */
export function readJson(path: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new S2Error("model-not-found", `There is no ${path}; give a folder of the hub's layout.`, { cause: error });
    if (!(error instanceof SyntaxError)) throw error;
    throw new S2Error("model-file", `${path} is not JSON (${error.message}); download it again.`, { cause: error });
  }
}

/**
 * The ONNX file of a model with all its weights: an .onnx file, a folder's, or one that is built from the folder's weights.
 * @throws S2Error "model-not-found" when there is none.
 */
export function openModelFile(source: string): ModelProto {
  if (!existsSync(source))
    throw new S2Error("model-not-found", `There is no model at ${source}; give a folder or an .onnx file.`);
  if (!statSync(source).isDirectory()) return openOnnx(source);
  const found = ["onnx/model.onnx", "model.onnx"].map((name) => join(source, name)).find((file) => existsSync(file));
  if (found) return openOnnx(found);
  const { config, weights } = readHubFolder(source);
  return buildProto(config, weights);
}
