/** Headers that Python's safetensors 0.8 reads are read here, and those that it refuses are refused: files of either side go to the other. */
import { describe, expect, it } from "vitest";
import { readHeader, readHeaderLength, readSafetensors } from "../../src/tensors/index.ts";

const one = '"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}';
const tensor = (dtype: string, shape: string, offsets: string) =>
  `{"a":{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}}`;

function fileOf(header: string, bytes: number, length?: number): Uint8Array {
  const json = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + json.length + bytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(length ?? json.length), true);
  file.set(json, 8);
  return file;
}

describe("read", () => {
  it.each([
    ["spaces after it", `{${one}}    `, 4],
    ["other white space after it", `{${one}}\n\t\r`, 4],
    ["no metadata", `{"__metadata__":null,${one}}`, 4],
    ["metadata last", `{${one},"__metadata__":{"a":"b"}}`, 4],
    ["no tensor", "{}", 0],
    ["a scalar", tensor("F32", "[]", "[0,4]"), 4],
    ["a tensor of nothing", `{"z":{"dtype":"F32","shape":[0,5],"data_offsets":[0,0]},${one}}`, 4],
    ["a tensor of nothing at the end", `{"z":{"dtype":"F32","shape":[0],"data_offsets":[4,4]},${one}}`, 4],
    ["another order than the data's", `{"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},${one}}`, 8],
    ["a field that is not known", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}', 4],
    ["escapes in names", '{"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4],
    ...["F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "BOOL", "U8"].map(
      (dtype) => [dtype, tensor(dtype, "[8]", "[0,8]"), 8] as const,
    ),
    ["U16", tensor("U16", "[8]", "[0,16]"), 16],
    ["U32", tensor("U32", "[8]", "[0,32]"), 32],
    ["U64", tensor("U64", "[8]", "[0,64]"), 64],
    ["C64", tensor("C64", "[8]", "[0,64]"), 64],
    ["F4", tensor("F4", "[8]", "[0,4]"), 4],
    ["F6", tensor("F6_E2M3", "[16]", "[0,12]"), 12],
  ] as const)("%s", (_, header, bytes) => {
    expect(Object.keys(readSafetensors(fileOf(header, bytes)).tensors).length).toBe(header.split('"dtype"').length - 1);
  });
});

describe("refused", () => {
  it.each([
    ["a byte order mark", `\uFEFF{${one}}`, 4],
    ["zeros after it", `{${one}}\0`, 4],
    ["a list", "[]", 0],
    ["nothing", "", 0],
    ["metadata that are no strings", `{"__metadata__":{"a":1},${one}}`, 4],
    ["null among the metadata", `{"__metadata__":{"a":null},${one}}`, 4],
    ["a field that stands twice", '{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4],
    ["a tensor that stands twice", `{${one},${one}}`, 4],
    ["a hole", `{"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},${one}}`, 12],
    ["an overlap", `{"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]},${one}}`, 6],
    ["bytes at the end", `{${one}}`, 8],
    ["too few bytes", `{${one}}`, 3],
    ["a tensor of nothing within another", `{"z":{"dtype":"F32","shape":[0],"data_offsets":[2,2]},${one}}`, 4],
    ["an absurd shape", tensor("F32", "[4294967296,4294967296,4294967296]", "[0,4]"), 4],
    ["half a byte", tensor("F4", "[7]", "[0,4]"), 4],
    ["an unknown dtype", tensor("X9", "[4]", "[0,4]"), 4],
    ["no entry", '{"a":null}', 0],
    ["three offsets", tensor("F32", "[1]", "[0,4,4]"), 4],
  ])("%s", (_, header, bytes) => {
    expect(() => readSafetensors(fileOf(header, bytes))).toThrow(expect.objectContaining({ code: "safetensors" }));
  });
  it("a Git LFS pointer, by the file's name where it is known", () => {
    const pointer = new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\n");
    expect(() => readHeaderLength(pointer, 130, "a.safetensors")).toThrow(/^a\.safetensors is a Git LFS pointer/);
    expect(() => readHeaderLength(pointer, 130)).toThrow(/^The safetensors file is a Git LFS pointer/);
  });

  it("with the file's name where it is known, and with the cause", () => {
    const bytes = (text: string) => new TextEncoder().encode(text);
    expect(() => readHeader(bytes("[]"), 0, "a.safetensors")).toThrow(
      /read: a\.safetensors: its header is JSON but not an object\.$/,
    );
    expect(() => readHeader(bytes("[]"), 0)).toThrow(/read: its header is JSON but not an object\.$/);
    expect(() => readHeader(bytes("null"), 0)).toThrow(/read: its header is JSON but not an object\.$/);
    expect(() => readHeader(bytes(`{${one},${one}}`), 4)).toThrow(/read: a name stands twice in its header\.$/);
    expect(() => readHeader(bytes("{"), 0)).toThrow(expect.objectContaining({ cause: expect.any(SyntaxError) }));
  });

  it("a header above 100 MB, before it is read", () => {
    const file = new Uint8Array(100_000_010);
    new DataView(file.buffer).setBigUint64(0, 100_000_001n, true);
    expect(() => readSafetensors(file)).toThrow(/at most 100000000/);
  });
});
