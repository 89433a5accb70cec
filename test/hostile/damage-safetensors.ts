/** Damage to safetensors files that leaves them well-formed: other dtypes, dims, names, numbers and metadata, with a checksum that is right. */

import { checksumEntry, withChecksum } from "../../src/tensors/checksum.ts";
import { readSafetensors, type StoredTensor, writeSafetensors } from "../../src/tensors/index.ts";
import type { Random } from "./corpus.ts";
import { damageJson } from "./damage-json.ts";

type Tensors = Record<string, StoredTensor>;

const wholes = {
  I8: Int8Array,
  U8: Uint8Array,
  F16: Uint16Array,
  F32: Float32Array,
  F64: Float64Array,
  I64: BigInt64Array,
} as const;

function tensorOf(dtype: keyof typeof wholes, dims: readonly number[]): StoredTensor {
  const size = dims.reduce((a, b) => a * b, 1);
  return { dtype, dims, data: new wholes[dtype](size) } as StoredTensor;
}

const edits: readonly ((tensors: Tensors, name: string, random: Random) => unknown)[] = [
  (tensors, name) => delete tensors[name],
  (tensors, name, random) => {
    tensors[name] = tensorOf(random.pick(Object.keys(wholes) as (keyof typeof wholes)[]), tensors[name].dims);
  },
  (tensors, name, random) => {
    const { dims } = tensors[name];
    const other = dims.map((dim) => (random.below(2) ? dim : random.pick([0, 1, 2, dim + 1])));
    tensors[name] = tensorOf("F32", random.pick([other, [...dims].reverse(), [...dims, 1], [1, ...dims], dims.slice(1), []]));
  },
  (tensors, name, random) => {
    const { dims, data, ...rest } = tensors[name];
    tensors[name] = { ...rest, data, dims: random.pick([[data.length], [1, data.length], [data.length, 1]]) } as StoredTensor;
  },
  (tensors, name, random) => {
    const copy = (tensors[name].data as Float32Array).slice();
    if (typeof copy[0] === "number")
      copy[random.below(copy.length)] = random.pick([Number.NaN, Number.POSITIVE_INFINITY, 3e38, -1]);
    tensors[name] = { ...tensors[name], data: copy } as StoredTensor;
  },
  (tensors, name, random) => {
    const to = random.pick([
      "__proto__",
      "constructor",
      "x",
      `module.${name}`,
      name.toUpperCase(),
      random.pick(Object.keys(tensors)),
    ]);
    const tensor = tensors[name];
    delete tensors[name];
    Object.defineProperty(tensors, to, { value: tensor, enumerable: true, configurable: true, writable: true });
  },
];

/** A safetensors file with some tensors or metadata changed; undefined for one that cannot be read. */
export async function editSafetensors(file: Uint8Array, random: Random): Promise<Uint8Array> {
  const { tensors, metadata } = readSafetensors(new Uint8Array(file));
  const fields = { ...metadata };
  const names = Object.keys(tensors);
  for (let n = 1 + random.below(2); n > 0 && names.length > 0; n--) {
    const name = random.pick(names);
    if (tensors[name]) random.pick(edits)(tensors, name, random);
  }
  const keys = Object.keys(fields).filter((key) => key !== "sha256");
  if (keys.length > 0 && random.below(2)) {
    const key = random.pick(keys);
    if (random.below(5) === 0) delete fields[key];
    else if (/^[[{]/.test(fields[key])) fields[key] = damageJson(Buffer.from(fields[key]), random).toString("utf8");
    else fields[key] = random.pick(["", "x", "[]", "{}", "null", "1e999"]);
  }
  if (!("sha256" in metadata)) return writeSafetensors(tensors, fields);
  return withChecksum(writeSafetensors(tensors, { ...fields, ...checksumEntry }));
}
