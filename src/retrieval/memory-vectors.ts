/** Vectors in memory with exact search, without a database, also in a browser; as 8-bit integers in a quarter of the memory. */
import { S2Error } from "../core/index.ts";
import type { VectorHit, VectorStore, VectorTable } from "../tensors/index.ts";
import { type Entry, type Precision, type Rows, readEntries, writeEntries } from "./index-file.ts";

/** A store that can be saved as one safetensors file. */
export interface MemoryVectors extends VectorStore {
  /** Returns the file, for `from` of `memoryVectors`. */
  save(): Uint8Array;
}

/** Options of `memoryVectors`. */
export interface MemoryOptions {
  /** "int8" rounds the stored vectors, not queries; default "float32". */
  precision?: Precision;
  /** A file of `save`, whose precision is kept. */
  from?: Uint8Array;
}

/** Makes a store of vectors in memory. @throws S2Error "safetensors" or "index" for a file that is not of `save`. */
export function memoryVectors({ precision = "float32", from }: MemoryOptions = {}): MemoryVectors {
  const kept = from && readEntries(from);
  const pack = (kept?.precision ?? precision) === "int8" ? toInt8 : (data: Float32Array): Rows => ({ data });
  const entries = new Map<string, Entry>(kept?.entries.map((entry) => [entry.path, entry]));
  let label = kept?.label;
  return {
    config: async () => label,
    begin: async (text) => void (label = text),
    images: async () => new Map([...entries.values()].map(({ path, contentHash }) => [path, contentHash])),
    async channels(table) {
      const first = entries.values().next().value;
      return (
        first &&
        (table === "images" ? first.images.data.length : first.regions.data.length / (first.boxes.length / 4) || undefined)
      );
    },
    async put(images) {
      for (const { path, contentHash, size, vector, regions } of images) {
        const channels = regions.vectors.length / (regions.boxes.length / 4);
        const packed = { images: pack(vector, vector.length), regions: pack(regions.vectors, channels) };
        entries.set(path, { path, contentHash, size, boxes: regions.boxes, ...packed });
      }
    },
    async remove(paths) {
      for (const path of paths) entries.delete(path);
    },
    nearest: async (table, vector, count) => nearest(entries.values(), table, vector, count),
    close: async () => {},
    save: () => writeEntries([...entries.values()], label, kept?.precision ?? precision),
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
      // NaN is neither above nor below another score: all that follow would be compared with it.
      if (!Number.isFinite(score))
        throw new S2Error(
          "index",
          `The score of ${entry.path} is ${score}: its vector in the index, or the query, has numbers that are not finite. Remove the image and add it again.`,
        );
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
    const [left, top, width, height] = table === "images" ? [0, 0, size[1], size[0]] : boxes.subarray(4 * row, 4 * row + 4);
    return { image: path, size, box: { left, top, width, height }, score: scores[i] };
  });
}

/** Scalar product in four independent sums: a single one would wait for each addition. */
function dot({ data, scales }: Rows, row: number, vector: Float32Array): number {
  const inFours = vector.length - (vector.length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  let at = row * vector.length;
  for (let i = 0; i < inFours; i += 4, at += 4) {
    a += data[at] * vector[i];
    b += data[at + 1] * vector[i + 1];
    c += data[at + 2] * vector[i + 2];
    d += data[at + 3] * vector[i + 3];
  }
  for (let i = inFours; i < vector.length; i++, at++) a += data[at] * vector[i];
  return (a + b + c + d) * (scales ? scales[row] : 1);
}

/** Rounds to integers, each row's largest number to 127 (symmetric scalar quantization). */
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
