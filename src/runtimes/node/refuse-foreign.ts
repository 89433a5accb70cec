/** The rule for output files: a file that exists is replaced only if this package wrote it or the user named exactly this file. */
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { S2Error } from "../../core/index.ts";
import { foreignFile, isOwnJson, isTaggedPng } from "../../tensors/index.ts";

export interface Output {
  readonly path: string;
  /** The user named this file, not its folder alone. */
  readonly named?: boolean;
  /** Another output that this one always accompanies, for formats without room for a mark: this one is ours where that one is. */
  readonly beside?: string;
}

/** Checks outputs before anything runs. @throws S2Error "write" for the first one that would replace a file of someone else. */
export function refuseForeign(outputs: readonly Output[]): void {
  for (const { path, named, beside } of outputs) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found || found.size === 0) continue; // replacing it loses nothing
    if (found.isDirectory()) throw new S2Error("write", `${path} is a folder; expected a file to write. Choose another path.`);
    if (named || isOurs(path) || (beside !== undefined && existsSync(beside) && isOurs(beside))) continue;
    throw foreignFile(path);
  }
}

/** Outputs of writing one .onnx file, which the user names; large weights go into a second file. */
export const onnxOutputs = (path: string): Output[] => [
  { path, named: true },
  { path: `${path}.data`, beside: path },
];

/** Returns true for a file with the mark of this package: `s2_vision` in JSON and safetensors metadata, the producer in ONNX, a text chunk in PNG. */
function isOurs(path: string): boolean {
  const start = readStart(path, 4096);
  if (path.endsWith(".png")) return isTaggedPng(start);
  if (path.endsWith(".onnx")) return start.subarray(0, 64).includes("\x12\x09s2-vision"); // field 2 of a ModelProto
  if (/\.(geo)?json$/.test(path)) return isOwnJson(readFileSync(path, "utf8"));
  if (!path.endsWith(".safetensors") || start.length < 8) return false;
  const length = Number(start.readBigUInt64LE());
  if (length >= MOST_HEADER) return false;
  const header = readStart(path, 8 + length).subarray(8);
  return isOwnJson(header.toString(), "__metadata__");
}

/** Bytes of a safetensors header at most: the limit of the reference library. */
const MOST_HEADER = 100_000_000;

function readStart(path: string, length: number): Buffer {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(file, bytes, 0, length, 0));
  } finally {
    closeSync(file);
  }
}
