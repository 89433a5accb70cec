/** The safetensors format against its specification: damaged files are refused by the name of what is wrong, never half read. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSafetensors, type StoredTensor, writeSafetensors } from "../../src/tensors/index.ts";

const arrays = {
  ...{ F64: Float64Array, F32: Float32Array, F16: Uint16Array, BF16: Uint16Array, I64: BigInt64Array },
  ...{ I32: Int32Array, I16: Int16Array, I8: Int8Array, U8: Uint8Array, BOOL: Uint8Array },
};

/** A file of this header and so many bytes of data. */
function fileOf(header: unknown, data = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + data);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}
const entry = (begin: number, end: number, shape = [end - begin], dtype = "U8") => ({ dtype, shape, data_offsets: [begin, end] });

const tensor = fc
  .record({
    dtype: fc.constantFrom(...(Object.keys(arrays) as (keyof typeof arrays)[])),
    dims: fc.array(fc.nat(3), { maxLength: 3 }),
  })
  .map(({ dtype, dims }): StoredTensor => {
    const length = dims.reduce((product, dim) => product * dim, 1);
    const values = Array.from({ length }, (_, i) => i + 1);
    const data = dtype === "I64" ? BigInt64Array.from(values.map(BigInt)) : new arrays[dtype as "F32"](values);
    return { dtype, dims, data } as StoredTensor;
  });

describe("what was written", () => {
  it("is read again, whatever the names, types and shapes, from any place in memory", () => {
    const all = fc.dictionary(
      fc.string().filter((name) => name !== "__metadata__"),
      tensor,
      { maxKeys: 5 },
    );
    fc.assert(
      fc.property(all, fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }), fc.nat(7), (tensors, metadata, shift) => {
        const written = writeSafetensors(tensors, metadata);
        const moved = new Uint8Array(written.length + shift);
        moved.set(written, shift);
        const read = readSafetensors(moved.subarray(shift));
        expect(Object.keys(read.tensors).sort()).toEqual(Object.keys(tensors).sort());
        for (const [name, { dtype, dims, data }] of Object.entries(read.tensors)) {
          expect([dtype, dims]).toEqual([tensors[name].dtype, tensors[name].dims]);
          expect(data).toEqual(tensors[name].data);
        }
        expect({ ...read.metadata }).toEqual({ ...metadata });
      }),
    );
  });

  it("has wider types first and then names in order, a header padded to eight bytes with spaces, and no gaps", () => {
    const file = writeSafetensors({
      b: { dtype: "U8", dims: [3], data: Uint8Array.of(7, 8, 9) },
      d: { dtype: "F32", dims: [1], data: Float32Array.of(1) },
      a: { dtype: "U8", dims: [1], data: Uint8Array.of(6) },
      c: { dtype: "F32", dims: [], data: Float32Array.of(2) },
    });
    const start = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
    expect(start % 8).toBe(0);
    const text = new TextDecoder().decode(file.subarray(8, start));
    expect(text).toMatch(/^\{.*\} {0,7}$/);
    expect(JSON.parse(text)).toEqual({
      c: { dtype: "F32", shape: [], data_offsets: [0, 4] },
      d: { dtype: "F32", shape: [1], data_offsets: [4, 8] },
      a: { dtype: "U8", shape: [1], data_offsets: [8, 9] },
      b: { dtype: "U8", shape: [3], data_offsets: [9, 12] },
    });
    expect(Object.keys(JSON.parse(text))).toEqual(["c", "d", "a", "b"]);
    expect([...file.subarray(start + 8)]).toEqual([6, 7, 8, 9]);
    expect(file).toHaveLength(start + 12);
  });

  it("of nothing, of eight bytes and a header of none, is still too short to be one", () => {
    expect(() => readSafetensors(new Uint8Array(8))).toThrow("header is not JSON");
  });

  it("has metadata only where there is some", () => {
    const header = (metadata?: Record<string, string>) =>
      new TextDecoder().decode(writeSafetensors({}, metadata).subarray(8)).trim();
    expect([header(), header({}), header({ a: "b" })]).toEqual(["{}", "{}", '{"__metadata__":{"a":"b"}}']);
    expect(readSafetensors(writeSafetensors({})).metadata).toEqual({});
  });

  it("is a view where the file is aligned, and a copy where not", () => {
    const file = writeSafetensors({ a: { dtype: "F32", dims: [2], data: Float32Array.of(1, 2) } });
    expect(readSafetensors(file).tensors.a.data.buffer).toBe(file.buffer);
    const moved = new Uint8Array(file.length + 1);
    moved.set(file, 1);
    const { data } = readSafetensors(moved.subarray(1)).tensors.a;
    expect([...(data as Float32Array)]).toEqual([1, 2]);
    expect(data.buffer).not.toBe(moved.buffer);
  });
});

describe("what cannot be written is refused", () => {
  it.each<[string, Record<string, StoredTensor>, RegExp]>([
    ["the name that the format keeps", { __metadata__: { dtype: "U8", dims: [0], data: new Uint8Array(0) } }, /cannot be named/],
    [
      "dims that do not fit",
      { a: { dtype: "F32", dims: [2, 2], data: new Float32Array(3) } },
      /Got 3 numbers for tensor "a" of dims \[2, 2\]/,
    ],
    ["dims below 0", { a: { dtype: "F32", dims: [-1, -3], data: new Float32Array(3) } }, /dims \[-1, -3\]/],
    ["dims that are not whole", { a: { dtype: "F32", dims: [1.5, 2], data: new Float32Array(3) } }, /dims \[1.5, 2\]/],
    [
      "another array",
      { a: { dtype: "F16", dims: [1], data: new Float32Array(1) } as never },
      /"a" is F16 but its data is a Float32Array/,
    ],
    ["another dtype", { a: { dtype: "F8", dims: [1], data: new Uint8Array(1) } as never }, /"a" is F8/],
  ])("%s", (_, tensors, says) => {
    const dtypeIsKnown = Object.values(tensors).every(({ dtype }) => dtype in arrays);
    const refusal = dtypeIsKnown ? expect.objectContaining({ code: "safetensors", message: expect.stringMatching(says) }) : Error;
    expect(() => writeSafetensors(tensors)).toThrow(refusal);
  });
});

describe("a damaged file is refused", () => {
  it.each<[string, Uint8Array, RegExp]>([
    ["no header", new Uint8Array(7), /has 7 bytes, and the header's length alone takes 8/],
    ["a header cut short", fileOf({}).subarray(0, 9), /should have 2 bytes, but 1 follow/],
    ["another format", new TextEncoder().encode("this is a text"), /but 6 follow/],
    ["no JSON", fileOf("{"), /not JSON/],
    ["no UTF-8", Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0xff), /not JSON/],
    ["a list", fileOf([]), /not an object/],
    ["null", fileOf("null"), /not an object/],
    ["an entry of null", fileOf({ a: null }), /"a" has no dtype, shape and data_offsets/],
    ["an entry that is a list", fileOf({ a: [] }), /"a" has no dtype/],
    ["an unknown dtype", fileOf({ a: entry(0, 1, [1], "F8") }, 1), /"a" is "F8"; expected one of F64, F32/],
    ["a dtype of Object.prototype", fileOf({ a: entry(0, 1, [1], "toString") }, 1), /is "toString"/],
    ["a dtype that is no string", fileOf({ a: { ...entry(0, 1), dtype: 1 } }, 1), /is 1;/],
    ["a shape that is none", fileOf({ a: { ...entry(0, 1), shape: "1" } }, 1), /shape of tensor "a"/],
    ["a shape below 0", fileOf({ a: entry(0, 1, [-1]) }, 1), /shape of tensor "a"/],
    ["a shape that is not whole", fileOf({ a: entry(0, 1, [0.5, 2]) }, 1), /shape of tensor "a"/],
    ["three offsets", fileOf({ a: { ...entry(0, 1), data_offsets: [0, 1, 1] } }, 1), /data_offsets of tensor "a"/],
    ["no offsets", fileOf({ a: { ...entry(0, 1), data_offsets: undefined } }, 1), /data_offsets of tensor "a"/],
    ["offsets that go back", fileOf({ a: entry(1, 0, [1]) }, 1), /data_offsets of tensor "a"/],
    ["offsets of another size", fileOf({ a: entry(0, 4, [2], "F32") }, 4), /takes 8 bytes, but its data_offsets span 4/],
    ["data cut short", fileOf({ a: entry(0, 4) }, 3), /ends at byte 4 of the data, but the file has 3/],
    ["two tensors in one place", fileOf({ a: entry(0, 2), b: entry(1, 3) }, 3), /"b" begins at byte 1 and overlaps/],
    ["a gap", fileOf({ a: entry(0, 1), b: entry(2, 3) }, 3), /bytes 1 to 2, before tensor "b"/],
    ["a gap at the start", fileOf({ a: entry(1, 2) }, 2), /bytes 0 to 1/],
    ["bytes too many", fileOf({ a: entry(0, 1) }, 2), /the last 1 bytes belong to no tensor/],
    ["metadata that is no string", fileOf({ __metadata__: { a: 1 } }), /__metadata__ are not strings/],
    ["metadata of which one is no string", fileOf({ __metadata__: { a: "b", c: 1 } }), /__metadata__ are not strings/],
    ["a name that is no UTF-8", fileOf({ a: entry(0, 0) }).map((byte) => (byte === 97 ? 0xff : byte)), /not JSON/],
    [
      "offsets that do not begin at 0",
      fileOf({ a: entry(0, 1), b: { ...entry(1, 3), shape: [3] } }, 3),
      /takes 3 bytes, .* span 2/,
    ],
    ["metadata that is a list", fileOf({ __metadata__: ["a"] }), /__metadata__ are not strings/],
  ])("%s", (_, file, says) => {
    expect(() => readSafetensors(file)).toThrow(
      expect.objectContaining({ code: "safetensors", message: expect.stringMatching(says) }),
    );
  });

  it("but tensors in any order, empty ones anywhere between, and spaces after the header are read", () => {
    const { tensors } = readSafetensors(
      fileOf(`${JSON.stringify({ b: entry(1, 2), e: entry(1, 1), a: entry(0, 1), z: entry(2, 2) })}   `, 2),
    );
    expect(Object.fromEntries(Object.entries(tensors).map(([name, { dims }]) => [name, dims]))).toEqual({
      a: [1],
      b: [1],
      e: [0],
      z: [0],
    });
  });
});
