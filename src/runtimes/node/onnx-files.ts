/** ONNX files on disk: read whole, written piece by piece, with a second file for weights where one does not hold them. */
import { basename, join } from "node:path";
import { largestFile, type ModelProto, onnxPieces, readMetadata, readOnnx, withExternalData } from "../../onnx/index.ts";
import { besideFile, readWhole, withFile } from "./read-file.ts";
import { writeTogether } from "./write-whole.ts";

/** Reads the metadata of an ONNX file, and of a file on disk nothing else. */
export function readOwnMetadata(model: string | Uint8Array): Record<string, string> {
  if (typeof model !== "string") return readMetadata((at, length) => model.subarray(at, at + length), model.length);
  return withFile(model, readMetadata);
}

/** The ONNX file with its weights, those in files beside it included. */
export function openOnnx(path: string): ModelProto {
  return readOnnx(readWhole(path), (location) => readWhole(besideFile(path, location)));
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
