/** An index in memory as one safetensors file, for example to ship it to a browser. */
import { array, integer, minValue, number, object, pipe, string, tuple } from "valibot";
import { S2Error } from "../core/index.ts";
import {
  checksumEntry,
  type ImageVectors,
  readSafetensors,
  type StoredTensor,
  type VectorTable,
  writeSafetensors,
} from "../tensors/index.ts";
import { joinArrays } from "../tensors/join-arrays.ts";
import { parseJson } from "../tensors/json.ts";

/** Number type of stored vectors. */
export type Precision = "float32" | "int8";

/** Vectors of equal length, row by row; with integers, a number is `data · scales[row]`. */
export interface Rows {
  readonly data: Float32Array | Int8Array;
  readonly scales?: Float32Array;
}

/** The vectors of one image. */
export interface Entry extends Pick<ImageVectors, "path" | "contentHash" | "size"> {
  readonly images: Rows;
  readonly regions: Rows;
  /** [regions, 4] */
  readonly boxes: Float64Array;
}

const format = "s2-vision vectors 1";

/** Writes tensors "images" [n, c], "regions" [m, c], "boxes" [m, 4], of integers also "images.scales" [n] and "regions.scales" [m]; the rest is metadata. */
export function writeEntries(entries: readonly Entry[], label: string | undefined, precision: Precision): Uint8Array {
  const eachBoxes = entries.map(({ boxes }) => boxes);
  const boxes = joinArrays(Float64Array, eachBoxes);
  const counts = { images: entries.length, regions: boxes.length / 4 };
  const tensors: Record<string, StoredTensor> = { boxes: { dtype: "F64", dims: [counts.regions, 4], data: boxes } };
  for (const table of ["images", "regions"] as const) {
    const rows = entries.map((entry) => entry[table]);
    const vectors = rows.map(({ data }) => data);
    const data = precision === "int8" ? joinArrays(Int8Array, vectors) : joinArrays(Float32Array, vectors);
    const dims = [counts[table], counts[table] > 0 ? data.length / counts[table] : 0];
    tensors[table] = { dtype: precision === "int8" ? "I8" : "F32", dims, data } as StoredTensor;
    if (precision === "float32") continue;
    const scales = rows.map((each) => each.scales!);
    tensors[`${table}.scales`] = { dtype: "F32", dims: [counts[table]], data: joinArrays(Float32Array, scales) };
  }
  const images = entries.map(({ path, contentHash, size, boxes }) => ({ path, contentHash, size, regions: boxes.length / 4 }));
  return writeSafetensors(tensors, {
    ...{ format, precision, images: JSON.stringify(images), s2_vision: "index" },
    ...checksumEntry, // for `withChecksum`, where the file is written to disk
    ...(label !== undefined && { label }),
  });
}

/** Reads the file of `writeEntries`. @throws S2Error "safetensors" for a damaged file, "index" for another one. */
export function readEntries(bytes: Uint8Array): { entries: Entry[]; label?: string; precision: Precision } {
  const { tensors, metadata } = readSafetensors(bytes);
  if (metadata.format !== format) {
    throw new S2Error(
      "index",
      `The file is no index of vectors (its format is ${metadata.format ?? "not given"}); expected one that s2-vision wrote.`,
    );
  }
  const advice = "It is damaged; make the index anew.";
  const images = parseJson(imageList, metadata.images ?? "", { code: "index", name: "The index's list of images", advice });
  const precision = metadata.precision === "int8" ? "int8" : "float32";
  checkTensors(tensors, images, precision);
  const take = (table: VectorTable, from: number, to: number): Rows => {
    const { dims, data } = tensors[table];
    const scales = tensors[`${table}.scales`]?.data as Float32Array | undefined;
    const rows = (data as Rows["data"]).slice(from * dims[1], to * dims[1]);
    return { data: rows, ...(scales && { scales: scales.slice(from, to) }) };
  };
  let end = 0;
  const entries = images.map(({ regions, ...image }, i): Entry => {
    const from = end;
    end += regions;
    const boxes = (tensors.boxes.data as Float64Array).slice(4 * from, 4 * end);
    return { ...image, images: take("images", i, i + 1), regions: take("regions", from, end), boxes };
  });
  return { entries, label: metadata.label, precision };
}

const wholeNumber = pipe(number(), integer(), minValue(0));
const imageList = array(
  object({ path: string(), contentHash: string(), size: tuple([wholeNumber, wholeNumber]), regions: wholeNumber }),
);

/** Checks counts and types as `writeEntries` writes them, and that numbers are finite. */
function checkTensors(tensors: Record<string, StoredTensor>, images: readonly { regions: number }[], precision: Precision): void {
  const regions = images.reduce((sum, each) => sum + each.regions, 0);
  const dtype = precision === "int8" ? "I8" : "F32";
  const expected: Record<string, [string, number, number]> = {
    ...{ images: [dtype, 2, images.length], regions: [dtype, 2, regions], boxes: ["F64", 2, regions] },
    ...(precision === "int8" && { "images.scales": ["F32", 1, images.length], "regions.scales": ["F32", 1, regions] }),
  };
  for (const [name, [type, rank, rows]] of Object.entries(expected)) {
    const found = tensors[name];
    const fits = found?.dtype === type && found.dims.length === rank && found.dims[0] === rows;
    if (fits && (name !== "boxes" || found.dims[1] === 4) && (found.data as Float32Array).every(Number.isFinite)) continue;
    throw new S2Error(
      "index",
      `The index has ${name} as ${found ? `${found.dtype} [${found.dims.join(", ")}]` : "nothing"}; expected ${type} with ${rows} rows of finite numbers. ` +
        "The file is damaged; make the index anew.",
    );
  }
}
