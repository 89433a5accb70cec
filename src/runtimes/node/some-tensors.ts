/** Some tensors of a folder's safetensors files: of a language model's many gigabytes only the tower and the projector are read. */
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { S2Error } from "../../core/index.ts";
import { readJson } from "./onnx-files.ts";

type Wanted = (name: string) => boolean;

/** The wanted tensors of `model.safetensors`, or of the parts that `model.safetensors.index.json` names, as files of these alone. */
export function readSomeTensors(folder: string, wanted: Wanted): Uint8Array[] {
  const index = join(folder, "model.safetensors.index.json");
  const whole = join(folder, "model.safetensors");
  if (existsSync(whole)) return [readPart(whole, wanted)];
  if (!existsSync(index)) {
    throw new S2Error(
      "model-not-found",
      `${folder} has neither model.safetensors nor model.safetensors.index.json; download the weights, or convert pytorch_model.bin to safetensors.`,
    );
  }
  const { weight_map: parts } = readJson(index) as { weight_map?: Record<string, string> };
  const files = new Set(Object.entries(parts ?? {}).flatMap(([name, file]) => (wanted(name) ? [file] : [])));
  return [...files].map((file) => readPart(join(folder, file), wanted));
}

interface Entry {
  readonly data_offsets: readonly [begin: number, end: number];
}

function readPart(path: string, wanted: Wanted): Uint8Array {
  const file = openSync(path, "r");
  try {
    const length = new DataView(readAt(file, path, 0, 8).buffer).getBigUint64(0, true);
    if (length > 1e9) throw damaged(path);
    const start = 8 + Number(length);
    const header = JSON.parse(new TextDecoder().decode(readAt(file, path, 8, start - 8))) as Record<string, Entry>;
    const chosen = Object.entries(header).filter(([name]) => name !== "__metadata__" && wanted(name));
    chosen.sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
    const data = chosen.map(
      ([
        ,
        {
          data_offsets: [begin, end],
        },
      ]) => readAt(file, path, start + begin, end - begin),
    );
    return joined(chosen, data);
  } catch (error) {
    throw error instanceof SyntaxError ? damaged(path) : error;
  } finally {
    closeSync(file);
  }
}

/** A safetensors file of these entries, whose data now follow on one another. */
function joined(entries: readonly (readonly [string, Entry])[], data: readonly Uint8Array[]): Uint8Array {
  let at = 0;
  const moved = entries.map(([name, entry], i) => [name, { ...entry, data_offsets: [at, (at += data[i].length)] }] as const);
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(moved)));
  const start = 8 + Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(start + at);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  file.fill(0x20, 8, start);
  file.set(json, 8);
  data.forEach((part, i) => {
    file.set(part, start + moved[i][1].data_offsets[0]);
  });
  return file;
}

function readAt(file: number, path: string, from: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0, read = 1; at < length; at += read) {
    read = readSync(file, bytes, at, Math.min(length - at, 2 ** 30), from + at);
    if (read === 0) throw damaged(path);
  }
  return bytes;
}

const damaged = (path: string): S2Error =>
  new S2Error("safetensors", `Not a safetensors file that can be read: ${path} is cut short or damaged; download it again.`);
