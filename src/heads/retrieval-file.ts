/** Vectors in memory as one safetensors file, so that an index made once can be shipped, to a browser for example. */
import { S2Error } from "../core/index.ts";
import { type PhotoVectors, readSafetensors, type StoredTensor, type VectorTable, writeSafetensors } from "../tensors/index.ts";

export type Precision = "float32" | "int8";

/** Vectors of equal length, one after the other; as integers, a number is `data · scales[row]`. */
export interface Rows {
  readonly data: Float32Array | Int8Array;
  readonly scales?: Float32Array;
}

/** One photo. */
export interface Entry extends Pick<PhotoVectors, "path" | "mark" | "size"> {
  readonly photos: Rows;
  readonly regions: Rows;
  /** [regions, 4] */
  readonly boxes: Float64Array;
}

const format = "s2-vision vectors 1";

/** Tensors "photos" [n, c], "regions" [m, c], "boxes" [m, 4], of integers also "photos.scales" [n] and "regions.scales" [m]; the rest as metadata. */
export function writeEntries(entries: readonly Entry[], label: string | undefined, precision: Precision): Uint8Array {
  const boxes = joined(
    Float64Array,
    entries.map((entry) => entry.boxes),
  );
  const counts = { photos: entries.length, regions: boxes.length / 4 };
  const tensors: Record<string, StoredTensor> = { boxes: { dtype: "F64", dims: [counts.regions, 4], data: boxes } };
  for (const table of ["photos", "regions"] as const) {
    const rows = entries.map((entry) => entry[table]);
    const parts = rows.map(({ data }) => data);
    const data = precision === "int8" ? joined(Int8Array, parts) : joined(Float32Array, parts);
    const dims = [counts[table], counts[table] > 0 ? data.length / counts[table] : 0];
    tensors[table] = { dtype: precision === "int8" ? "I8" : "F32", dims, data } as StoredTensor;
    if (precision === "float32") continue;
    tensors[`${table}.scales`] = {
      dtype: "F32",
      dims: [counts[table]],
      data: joined(
        Float32Array,
        rows.map(({ scales }) => scales!),
      ),
    };
  }
  const photos = entries.map(({ path, mark, size, boxes }) => ({ path, mark, size, regions: boxes.length / 4 }));
  return writeSafetensors(tensors, { format, precision, photos: JSON.stringify(photos), ...(label !== undefined && { label }) });
}

function joined<T extends Float64Array | Float32Array | Int8Array>(
  array: new (length: number) => T,
  parts: readonly ArrayLike<number>[],
): T {
  const all = new array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** @throws S2Error "safetensors" for a damaged file, "index" for another one. */
export function readEntries(bytes: Uint8Array): { entries: Entry[]; label?: string; precision: Precision } {
  const { tensors, metadata } = readSafetensors(bytes);
  if (metadata.format !== format) {
    throw new S2Error(
      "index",
      `The file is no index of vectors (its format is ${metadata.format ?? "not said"}); expected one that s2-vision wrote.`,
    );
  }
  const photos: (Pick<Entry, "path" | "mark" | "size"> & { regions: number })[] = JSON.parse(metadata.photos);
  const take = (table: VectorTable, from: number, to: number): Rows => {
    const { dims, data } = tensors[table];
    const scales = tensors[`${table}.scales`]?.data as Float32Array | undefined;
    const rows = (data as Rows["data"]).slice(from * dims[1], to * dims[1]);
    return { data: rows, ...(scales && { scales: scales.slice(from, to) }) };
  };
  let end = 0;
  const entries = photos.map(({ regions, ...photo }, i): Entry => {
    const from = end;
    end += regions;
    const boxes = (tensors.boxes.data as Float64Array).slice(4 * from, 4 * end);
    return { ...photo, photos: take("photos", i, i + 1), regions: take("regions", from, end), boxes };
  });
  return { entries, label: metadata.label, precision: metadata.precision as Precision };
}
