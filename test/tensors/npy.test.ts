/** .npy files byte for byte as `np.save` writes them (NumPy 2.3). */
import { expect, it } from "vitest";
import { writeNpy } from "../../src/tensors/index.ts";

it.each<[readonly number[], Float32Array | Uint16Array, string]>([
  [[2, 3], new Float32Array(6), "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"],
  [[12], new Uint16Array(12), "{'descr': '<f2', 'fortran_order': False, 'shape': (12,), }"],
  [[], new Float32Array(1), "{'descr': '<f4', 'fortran_order': False, 'shape': (), }"],
  [[1, 4, 8, 16], new Float32Array(512), "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 4, 8, 16), }"],
])("an array of shape %j", (dims, values, dict) => {
  const data = values.map((_, i) => i + 1) as typeof values;
  const file = writeNpy(dims, data);
  expect([...file.subarray(0, 8)]).toEqual([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0]);
  const length = new DataView(file.buffer).getUint16(8, true);
  expect((10 + length) % 64).toBe(0);
  const header = new TextDecoder().decode(file.subarray(10, 10 + length));
  expect(header.endsWith("\n")).toBe(true);
  expect(header.trimEnd()).toBe(dict);
  // np.save keeps room for the first dimension to grow to 21 digits.
  const room = dims.length > 0 ? 21 - String(dims[0]).length : 0;
  expect(10 + length).toBe(Math.ceil((10 + dict.length + room + 1) / 64) * 64);
  expect([...file.subarray(10 + length)]).toEqual([...new Uint8Array(data.buffer)]);
});

it("the header grows by 64 bytes where shape and room need it, whatever the rank", () => {
  for (let rank = 0; rank <= 30; rank++) {
    const file = writeNpy(new Array(rank).fill(1), Float32Array.of(5));
    const shape = rank === 1 ? "(1,)" : `(${new Array(rank).fill(1).join(", ")})`;
    const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`;
    const needed = 10 + dict.length + (rank > 0 ? 20 : 0) + 1;
    expect(file, `rank ${rank}`).toHaveLength(Math.ceil(needed / 64) * 64 + 4);
    expect(new TextDecoder("latin1").decode(file.subarray(10, -4))).toBe(`${dict.padEnd(file.length - 15, " ")}\n`);
  }
});

it("dims that do not describe the data are refused", () => {
  expect(() => writeNpy([2, 2], new Float32Array(3))).toThrow(
    expect.objectContaining({ code: "npy", message: expect.stringContaining("Got 3 numbers for the array of dims [2, 2]") }),
  );
});
