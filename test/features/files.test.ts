/** Files for other programs: byte for byte as safetensors 0.8 and NumPy 2.4 write them, and damage that is refused. */

import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { S2Error } from "../../src/core/index.ts";
import {
  fromFloat16,
  readSafetensors,
  type StoredTensor,
  toFloat16,
  writeNpy,
  writeSafetensors,
} from "../../src/tensors/index.ts";

const latin = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
const row = new Float32Array([1.5, -2]);
const halves = Uint16Array.of(0x3c00, 0xc000, 0x3800); // 1, -2, 0.5
const saved = () =>
  writeSafetensors({ b: { dtype: "F16", dims: [3], data: halves }, a: { dtype: "F32", dims: [1, 2], data: row } }, { k: "v" });

/** A file with this header (an object, or the text itself) and so many bytes of data. */
function fileOf(header: unknown, size: number): Uint8Array {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + size);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

describe("safetensors", () => {
  it("is byte for byte what safetensors.numpy.save writes, so that Python reads our features", () => {
    const header =
      '{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"b":{"dtype":"F16","shape":[3],"data_offsets":[8,14]}} ';
    expect(latin(saved())).toBe(`\x88\0\0\0\0\0\0\0${header}\0\0\xc0?\0\0\0\xc0\0<\0\xc0\x008`);
  });

  it("gives back any tensors, whatever they are named, wherever the file lies in memory", () => {
    const dims = fc.array(fc.nat(4), { maxLength: 4 });
    const tensor = fc.tuple(dims, fc.boolean(), fc.nat()).map(([shape, half, seed]): StoredTensor => {
      const count = shape.reduce((product, dim) => product * dim, 1);
      if (half) return { dtype: "F16", dims: shape, data: Uint16Array.from({ length: count }, (_, i) => seed + i * 977) };
      return { dtype: "F32", dims: shape, data: Float32Array.from({ length: count }, (_, i) => Math.fround(seed / (i + 1))) };
    });
    const name = fc
      .oneof(fc.string({ unit: "binary" }), fc.constantFrom("__proto__", "constructor", "0", "ä\n", "🦉"))
      .filter((n) => n !== "__metadata__");
    const texts = fc.dictionary(fc.string(), fc.string({ unit: "binary" }), { noNullPrototype: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, tensor), { maxLength: 5 }), texts, fc.nat(9), (list, metadata, shift) => {
        const tensors: Record<string, StoredTensor> = Object.fromEntries(list);
        const file = writeSafetensors(tensors, metadata);
        const moved = Buffer.alloc(file.length + shift).subarray(shift);
        moved.set(file);
        expect(readSafetensors(moved)).toEqual({ tensors, metadata });
        expect(new DataView(file.buffer).getUint32(0, true) % 8).toBe(0);
      }),
    );
  });

  it("keeps integers of any width, as hub files and our goldens have them", () => {
    const tensors: Record<string, StoredTensor> = {
      bytes: { dtype: "U8", dims: [3], data: Uint8Array.of(1, 2, 255) },
      long: { dtype: "I64", dims: [1], data: BigInt64Array.of(-(2n ** 62n)) },
    };
    expect(readSafetensors(writeSafetensors(tensors)).tensors).toEqual(tensors);
  });

  it("reads aligned tensors in place, so that a large file is not held twice", () => {
    const file = saved();
    const { tensors } = readSafetensors(file);
    expect(tensors.a.data.buffer).toBe(file.buffer);
    expect(tensors.b.data.buffer).toBe(file.buffer);
  });

  it("refuses every cut of a file, instead of giving features that are partly missing", () => {
    const file = saved();
    for (let length = 0; length < file.length; length++) expect(() => readSafetensors(file.slice(0, length))).toThrow(S2Error);
  });

  const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({ dtype: "F32", shape, data_offsets: [begin, end] });
  it.each<[string, unknown, number, RegExp]>([
    ["tensors that overlap", { a: f32(0, 8), b: f32(4, 12) }, 12, /"b" begins at byte 4 and overlaps/],
    ["bytes between tensors", { a: f32(0, 4), b: f32(8, 12) }, 12, /bytes 4 to 8, before tensor "b"/],
    ["bytes after the last", { a: f32(0, 4) }, 7, /last 3 bytes belong to no tensor/],
    ["a tensor beyond the end", { a: f32(0, 8) }, 4, /"a" ends at byte 8 of the data, but the file has 4/],
    ["a shape of another size", { a: f32(0, 8, [3]) }, 8, /shape \[3\] takes 12 bytes, but its data_offsets span 8/],
    ["a negative shape", { a: f32(0, 8, [-1, -2]) }, 8, /not a list of whole numbers/],
    ["offsets that run backwards", { a: f32(8, 0, [2]) }, 8, /not \[begin, end\]/],
    ["another dtype", { a: { ...f32(0, 4), dtype: "X9" } }, 4, /"a" is "X9"; expected one of F64, F32/],
    ["an entry that is none", { a: 5 }, 0, /"a" has no dtype/],
    ["metadata that are not strings", { __metadata__: { a: 1 } }, 0, /not strings/],
    ["a header that is not JSON", "{oh", 0, /not JSON/],
    ["a header that is a list", "[]", 0, /not an object/],
  ])("refuses %s", (_, header, size, message) => {
    expect(() => readSafetensors(fileOf(header, size))).toThrow(message);
    expect(() => readSafetensors(fileOf(header, size))).toThrow(
      expect.objectContaining({ name: "S2Error", code: "safetensors" }),
    );
  });

  it("survives any damage with a refusal: no other error, no endless allocation", () => {
    const file = saved();
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.nat(255), (at, value) => {
        const damaged = file.slice();
        damaged[at] = value;
        try {
          readSafetensors(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(S2Error);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("refuses to write what no reader could read", () => {
    const write = (name: string, tensor: StoredTensor) => () => writeSafetensors({ [name]: tensor });
    expect(write("__metadata__", { dtype: "F32", dims: [2], data: row })).toThrow(/keeps that name/);
    expect(write("a", { dtype: "F32", dims: [3], data: row })).toThrow(/Got 2 numbers for tensor "a" of dims \[3\]/);
    expect(write("a", { dtype: "F16", dims: [2], data: row })).toThrow(/F16 but its data is a Float32Array/);
    expect(write("a", { dtype: "F32", dims: [3], data: halves })).toThrow(/F32 but its data is a Uint16Array/);
  });
});

describe("npy", () => {
  const npy = (dict: string, data: string) => `\x93NUMPY\x01\0v\0${dict.padEnd(117)}\n${data}`;
  it.each<[string, readonly number[], Float32Array | Uint16Array, string]>([
    ["a matrix", [1, 2], row, npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }", "\0\0\xc0?\0\0\0\xc0")],
    ["a list of halves", [3], halves, npy("{'descr': '<f2', 'fortran_order': False, 'shape': (3,), }", "\0<\0\xc0\x008")],
    ["a number", [], new Float32Array([3]), npy("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "\0\0@@")],
  ])("is byte for byte what np.save writes for %s", (_, dims, data, expected) => {
    expect(latin(writeNpy(dims, data))).toBe(expected);
  });

  it("keeps the data on a multiple of 64, where NumPy maps it into memory", () => {
    for (let count = 0; count < 12; count++) {
      const dims = new Array<number>(count).fill(1);
      expect((writeNpy(dims, new Float32Array(1)).length - 4) % 64).toBe(0);
    }
  });

  it("refuses dims that are not the data's", () => {
    expect(() => writeNpy([3], row)).toThrow(expect.objectContaining({ code: "npy" }));
  });
});

describe("float16", () => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i);

  it("gives back every one of the 65536 halves, NaNs with their payload", () => {
    expect(toFloat16(fromFloat16(all))).toEqual(all);
  });

  it("means what IEEE 754 says it means", () => {
    const bits = Uint16Array.of(0x0000, 0x0001, 0x03ff, 0x0400, 0x3c00, 0x3555, 0x7bff, 0x7c00, 0x8000, 0xfc00, 0x7e00);
    const values = [0, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 1, 1365 * 2 ** -12, 65504, Infinity, -0, -Infinity, NaN];
    expect([...fromFloat16(bits)]).toEqual(values);
  });

  it("rounds to the nearest half and ties to even, between all neighbors", () => {
    const finite = fromFloat16(all.subarray(0, 0x7c00));
    const step = (value: number, by: number) =>
      new Float32Array(Uint32Array.of(new Uint32Array(Float32Array.of(value).buffer)[0] + by).buffer)[0];
    for (let h = 0; h < 0x7bff; h++) {
      const middle = (finite[h] + finite[h + 1]) / 2; // a float32 exactly
      const around = Float32Array.of(step(middle, -1), middle, step(middle, 1), -middle);
      const even = h + (h & 1);
      const got = toFloat16(around);
      if (got[0] !== h || got[1] !== even || got[2] !== h + 1 || got[3] !== (even | 0x8000))
        expect.fail(`around ${middle}: ${[...got]}`);
    }
  });

  it("makes what is too large infinite and what is too small zero, as NumPy does", () => {
    const values = Float32Array.of(65519.996, 65520, 1e38, -1e38, Infinity, 1e-8, -1e-8, 1e-45, 2 ** -25);
    expect([...toFloat16(values)]).toEqual([0x7bff, 0x7c00, 0x7c00, 0xfc00, 0x7c00, 0, 0x8000, 0, 0]);
  });

  it("keeps NaN a NaN though its payload is lost", () => {
    const small = new Float32Array(Uint32Array.of(0x7f800001, 0xff800001, 0x7fc00000).buffer);
    expect([...toFloat16(small)]).toEqual([0x7c01, 0xfc01, 0x7e00]);
  });
});
