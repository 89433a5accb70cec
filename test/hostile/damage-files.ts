/** Damage to one file among several, by what kind of file it is: bytes, JSON fields, tensors, graph fields, text; or gone, empty, another's. */
import type { Files, HostileFile, Random } from "./corpus.ts";
import { damages } from "./damage.ts";
import { damageJson } from "./damage-json.ts";
import { editOnnx } from "./damage-onnx.ts";
import { editSafetensors } from "./damage-safetensors.ts";
import { damageText } from "./damage-text.ts";

/** A valid set of files and the reader that takes it: `name` is the file that it opens, or "" for the folder. */
export interface Valid {
  readonly reader: string;
  readonly name?: string;
  readonly files: Files;
  /** The files that are worth damage; default all. */
  readonly among?: RegExp;
}

const structured: readonly [RegExp, (file: Uint8Array, random: Random) => Uint8Array | Promise<Uint8Array>][] = [
  [/\.json$/, damageJson],
  [/\.safetensors$/, editSafetensors],
  [/\.onnx$/, editOnnx],
  [/\.(txt|csv|tsv|yaml|xml|names|data)$/, damageText],
];

/** One or two files of a valid set damaged. */
export async function damageFiles(
  valid: Valid,
  random: Random,
  other: Valid,
): Promise<Omit<HostileFile, "bytes" | "name"> & { files: Files }> {
  const files: Record<string, Uint8Array> = { ...valid.files };
  const kinds: string[] = [];
  for (let n = 1 + Number(random.below(5) === 0); n > 0; n--) {
    const names = Object.keys(files).filter((name) => valid.among?.test(name) ?? true);
    if (names.length === 0) break;
    const name = random.pick(names);
    const kind = await damageOne(files, name, random, other);
    kinds.push(`${name}: ${kind}`);
  }
  return { files, reader: valid.reader, kind: `${valid.reader}, ${kinds.join(", ")}` };
}

async function damageOne(files: Record<string, Uint8Array>, name: string, random: Random, other: Valid): Promise<string> {
  const edit = structured.find(([pattern]) => pattern.test(name))?.[1];
  const bytes = Buffer.from(files[name]);
  if (edit && bytes.length > 0 && random.below(5) < 3) {
    try {
      files[name] = await edit(bytes, random);
      return "edited";
    } catch {} // damaged before: bytes it is
  }
  const odds = random.below(12);
  if (odds === 0) delete files[name];
  else if (odds === 1) files[name] = Buffer.alloc(0);
  else if (odds === 2) files[name] = files[random.pick(Object.keys(files))];
  else if (odds === 3) files[name] = other.files[random.pick(Object.keys(other.files))];
  else if (odds === 4) files[name] = random.pick(foreign);
  else if (bytes.length > 0) {
    const kind = random.pick(Object.keys(damages));
    files[name] = damages[kind](bytes, random, Buffer.from(files[random.pick(Object.keys(files))] ?? bytes));
    return kind;
  }
  return ["gone", "empty", "swapped", "another set's", "foreign"][odds] ?? "empty";
}

const foreign: readonly Buffer[] = [
  Buffer.from("<!doctype html><title>404</title><p>Not found"),
  Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n"),
  Buffer.from("PK\x03\x04\x14\0\0\0", "latin1"),
  Buffer.from("\x80\x02}q\0.", "latin1"),
  Buffer.from("GGUF\x03\0\0\0", "latin1"),
  Buffer.alloc(4096),
];
