/** Reads and writes ONNX files, with a second file for weights where one cannot hold them. */
import { basename, join } from "node:path";
import { largestFile, type ModelProto, onnxPieces, readMetadata, readOnnx, withExternalData } from "../../onnx/index.ts";
import { besideFile, readWhole, withFile } from "./read-file.ts";
import { writeTogether } from "./write-whole.ts";

/** Reads the metadata of an ONNX file, and of a file on disk nothing else. */
export function readFileMetadata(model: string | Uint8Array): Record<string, string> {
  if (typeof model !== "string") return readMetadata((at, length) => model.subarray(at, at + length), model.length);
  return withFile(model, readMetadata);
}

/** Reads an ONNX file with its weights, those in files beside it included. */
export function openOnnx(path: string): ModelProto {
  return readOnnx(readWhole(path), (location) => readWhole(besideFile(path, location)));
}

/**
 * Writes a model. Above `largest` bytes (1.9 GB) the weights go into `<name>.data` beside it.
 * @returns the files that were written.
 * @throws S2Error "write" when the files cannot be written; nothing half-written is left.
 */
export function saveOnnx(path: string, model: ModelProto, largest = largestFile): { path: string; bytes: number }[] {
  let files = [{ path, pieces: onnxPieces(model) }];
  if (files[0].pieces.length > largest) {
    const split = withExternalData(model, `${basename(path)}.data`);
    files = [
      { path: `${path}.data`, pieces: split.data },
      { path, pieces: onnxPieces(split.model) },
    ];
  }
  writeTogether(files);
  return files.map(({ path: file, pieces }) => ({ path: file, bytes: pieces.length }));
}

/** Writes files that belong together into a folder, making it. @throws S2Error "write". */
export function saveFiles(folder: string, files: Readonly<Record<string, Uint8Array>>): void {
  const pieces = (bytes: Uint8Array) => ({ length: bytes.length, parts: [bytes] });
  writeTogether(Object.entries(files).map(([name, bytes]) => ({ path: join(folder, name), pieces: pieces(bytes) })));
}
