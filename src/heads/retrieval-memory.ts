/** Vectors in memory, searched one by one: exact, without a database, also in a browser; as 8-bit integers in a quarter of the memory. */
import { S2Error } from "../core/index.ts";
import {
  type PhotoVectors,
  readSafetensors,
  type StoredTensor,
  type VectorHit,
  type VectorStore,
  type VectorTable,
  writeSafetensors,
} from "../tensors/index.ts";

/** Rows of equal length. As integers, a number is `data · scales[row]`: each row's largest becomes 127 (symmetric scalar quantisation). */
type Rows = { readonly data: Float32Array } | { readonly data: Int8Array; readonly scales: Float32Array };

interface Entry extends Pick<PhotoVectors, "path" | "mark" | "size"> {
  readonly photos: Rows;
  readonly regions: Rows;
  /** [regions, 4] */
  readonly boxes: Float32Array;
}

/** A store that can be written down as one safetensors file. */
export interface MemoryVectors extends VectorStore {
  save(): Uint8Array;
}

export interface MemoryOptions {
  /** "int8": the stored vectors are rounded, queries are not; default "float32". */
  precision?: "float32" | "int8";
  /** What `save` gave. Its precision stays. */
  from?: Uint8Array;
}

/** @throws S2Error "safetensors" or "index" for a file that is not `save`'s. */
export function memoryVectors({ precision = "float32", from }: MemoryOptions = {}): MemoryVectors {
  const kept = from && readFile(from);
  const pack = (kept?.precision ?? precision) === "int8" ? toInt8 : (data: Float32Array): Rows => ({ data });
  const entries = new Map<string, Entry>(kept?.entries.map((entry) => [entry.path, entry]));
  let label = kept?.label;
  return {
    label: async () => label,
    begin: async (text) => void (label = text),
    photos: async () => new Map([...entries.values()].map(({ path, mark }) => [path, mark])),
    async channels(table) {
      const first = entries.values().next().value;
      return (
        first &&
        (table === "photos" ? first.photos.data.length : first.regions.data.length / (first.boxes.length / 4) || undefined)
      );
    },
    async put(photos) {
      for (const { path, mark, size, vector, regions } of photos) {
        const channels = regions.vectors.length / (regions.boxes.length / 4);
        const packed = { photos: pack(vector, vector.length), regions: pack(regions.vectors, channels) };
        entries.set(path, { path, mark, size, boxes: regions.boxes, ...packed });
      }
    },
    async remove(paths) {
      for (const path of paths) entries.delete(path);
    },
    nearest: async (table, vector, count) => nearest(entries.values(), table, vector, count),
    close: async () => {},
    save: () => writeFile([...entries.values()], label ?? "", kept?.precision ?? precision),
  };
}

function nearest(entries: Iterable<Entry>, table: VectorTable, vector: Float32Array, count: number): VectorHit[] {
  const scores: number[] = [];
  const found: { entry: Entry; row: number }[] = [];
  for (const entry of entries) {
    const rows = entry[table];
    const length = rows.data.length / vector.length;
    for (let row = 0; row < length; row++) {
      const score = dot(rows, row, vector);
      if (scores.length === count && score <= scores[count - 1]) continue;
      // Equal scores keep the order in which they were put.
      let at = scores.length;
      while (at > 0 && scores[at - 1] < score) at--;
      scores.splice(at, 0, score);
      found.splice(at, 0, { entry, row });
      if (scores.length > count) {
        scores.pop();
        found.pop();
      }
    }
  }
  return found.map(({ entry: { path, size, boxes }, row }, i) => {
    const [left, top, width, height] = table === "photos" ? [0, 0, size[1], size[0]] : boxes.subarray(4 * row, 4 * row + 4);
    return { photo: path, size, box: { left, top, width, height }, score: scores[i] };
  });
}

function dot(rows: Rows, row: number, vector: Float32Array): number {
  const { data } = rows;
  let sum = 0;
  for (let c = 0, at = row * vector.length; c < vector.length; c++, at++) sum += data[at] * vector[c];
  return "scales" in rows ? sum * rows.scales[row] : sum;
}

function toInt8(data: Float32Array, channels: number): Rows {
  const rounded = new Int8Array(data.length);
  const scales = new Float32Array(data.length / channels || 0);
  for (let row = 0; row < scales.length; row++) {
    let largest = 0;
    for (let at = row * channels; at < (row + 1) * channels; at++) largest = Math.max(largest, Math.abs(data[at]));
    scales[row] = largest / 127;
    if (largest > 0)
      for (let at = row * channels; at < (row + 1) * channels; at++) rounded[at] = Math.round((data[at] / largest) * 127);
  }
  return { data: rounded, scales };
}

const format = "s2-vision vectors 1";

function writeFile(entries: readonly Entry[], label: string, precision: string): Uint8Array {
  const tensors: Record<string, StoredTensor> = {
    boxes: {
      dtype: "F32",
      ...joined(
        entries.map(({ boxes }) => boxes),
        Float32Array,
      ),
    },
  };
  for (const table of ["photos", "regions"] as const) {
    const rows = entries.map((entry) => entry[table]);
    if (precision === "float32")
      tensors[table] = {
        dtype: "F32",
        ...joined(
          rows.map(({ data }) => data as Float32Array),
          Float32Array,
        ),
      };
    else {
      tensors[table] = {
        dtype: "I8",
        ...joined(
          rows.map(({ data }) => data as Int8Array),
          Int8Array,
        ),
      };
      tensors[`${table}.scales`] = {
        dtype: "F32",
        ...joined(
          rows.map((each) => ("scales" in each ? each.scales : new Float32Array())),
          Float32Array,
        ),
      };
    }
  }
  const photos = entries.map(({ path, mark, size, boxes }) => ({ path, mark, size, regions: boxes.length / 4 }));
  return writeSafetensors(tensors, { format, label, precision, photos: JSON.stringify(photos) });
}

function joined<T extends Float32Array | Int8Array>(
  parts: readonly T[],
  array: { new (length: number): T },
): { dims: number[]; data: T } {
  const data = new array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return { dims: [data.length], data };
}

function readFile(bytes: Uint8Array): { entries: Entry[]; label: string | undefined; precision: "float32" | "int8" } {
  const { tensors, metadata } = readSafetensors(bytes);
  if (metadata.format !== format) {
    throw new S2Error(
      "index",
      `The file is no index of vectors (format ${metadata.format ?? "none"}); expected one that s2-vision wrote.`,
    );
  }
  const photos = JSON.parse(metadata.photos) as { path: string; mark: string; size: [number, number]; regions: number }[];
  const total = photos.reduce((sum, { regions }) => sum + regions, 0);
  const channels = { photos: tensors.photos.dims[0] / (photos.length || 1), regions: tensors.regions.dims[0] / (total || 1) };
  const take = (table: VectorTable, from: number, count: number): Rows => {
    const data = tensors[table].data.slice(from * channels[table], (from + count) * channels[table]);
    if (data instanceof Float32Array) return { data };
    return { data: data as Int8Array, scales: (tensors[`${table}.scales`].data as Float32Array).slice(from, from + count) };
  };
  let region = 0;
  const entries = photos.map(({ path, mark, size, regions }, i): Entry => {
    const from = region;
    region += regions;
    const boxes = (tensors.boxes.data as Float32Array).slice(4 * from, 4 * region);
    return { path, mark, size, photos: take("photos", i, 1), regions: take("regions", from, regions), boxes };
  });
  return { entries, label: metadata.label || undefined, precision: metadata.precision as "float32" | "int8" };
}
