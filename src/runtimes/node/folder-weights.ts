/** The weights of a hub folder: model.safetensors, or the parts that its index lists; of a language model only the tensors that are wanted. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { object, record, string } from "valibot";
import { S2Error } from "../../core/index.ts";
import { readHeader, readHeaderLength, writeHeader } from "../../tensors/index.ts";
import { parseJson } from "../../tensors/json.ts";
import { foreignName } from "../foreign-files.ts";
import { besideFile, readWhole, withFile } from "./read-file.ts";

const WHOLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";

/** Returns true if the folder has weights that can be read. */
export const hasWeights = (folder: string): boolean => [WHOLE, INDEX].some((name) => existsSync(join(folder, name)));

/**
 * Reads the weights of a folder as the bytes of safetensors files.
 * @param wanted chooses tensors by name; the files then hold these alone.
 * @throws S2Error "model-not-found" where there are none, with what is there instead; "model-file" or "safetensors" for a damaged file.
 */
export function readWeights(folder: string, wanted?: (name: string) => boolean): Uint8Array[] {
  const read = (path: string) => (wanted ? readSome(path, wanted) : readAll(path));
  const whole = join(folder, WHOLE);
  if (existsSync(whole)) return [read(whole)];
  const index = join(folder, INDEX);
  if (existsSync(index)) return partsOf(index, wanted).map(read);
  throw new S2Error("model-not-found", `${folder} has neither ${WHOLE} nor ${INDEX}${insteadOf(folder)}`);
}

/** Model files of other formats that a folder has, for the refusal; a full stop where there are none. */
export function insteadOf(folder: string): string {
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const foreign = names.find((name) => foreignName(name));
  if (foreign) return `; it has ${foreign}, which is ${foreignName(foreign)}.`;
  const others = names.filter((name) => name.endsWith(".safetensors"));
  if (others.length > 0) return `; it has ${others.slice(0, 5).join(", ")}: if that is the model, rename it to ${WHOLE}.`;
  return "; download it, or where a repository has pytorch_model.bin alone, save the model again with save_pretrained.";
}

function partsOf(index: string, wanted: (name: string) => boolean = () => true): string[] {
  const schema = object({ weight_map: record(string(), string()) });
  const source = { code: "model-file" as const, name: index, advice: "Download it again." };
  const { weight_map: files } = parseJson(schema, readWhole(index), source);
  const names = Object.entries(files).flatMap(([name, file]) => (wanted(name) ? [file] : []));
  return [...new Set(names)].map((file) => besideFile(index, file));
}

function readAll(path: string): Uint8Array {
  const bytes = readWhole(path);
  readEntries((at, length) => bytes.subarray(at, at + length), bytes.length, path);
  return bytes;
}

/** Checks the header here, where the file's name is known. */
function readEntries(readAt: (at: number, length: number) => Uint8Array, size: number, path: string) {
  const start = 8 + readHeaderLength(readAt(0, Math.min(48, size)), size, path);
  return { start, entries: readHeader(readAt(8, start - 8), size - start, path).entries };
}

/** The wanted tensors of a file as a file of these alone. */
function readSome(path: string, wanted: (name: string) => boolean): Uint8Array {
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
