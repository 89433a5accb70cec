/** Features as NumPy reads them. */
import { checkDims, rawBytes } from "./safetensors.ts";

/** A NumPy .npy file, version 1.0, byte for byte as `np.save` writes it: float32, or float16 from its bits. */
export function writeNpy(dims: readonly number[], data: Float32Array | Uint16Array): Uint8Array {
  checkDims("npy", "the array", dims, data.length);
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(", ")})`;
  const descr = data instanceof Float32Array ? "<f4" : "<f2";
  // np.save leaves room for the first dimension to grow to 21 digits in place.
  const room = dims.length > 0 ? " ".repeat(21 - String(dims[0]).length) : "";
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }${room}`;
  const start = Math.ceil((10 + dict.length + 1) / 64) * 64;
  const file = new Uint8Array(start + data.byteLength);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]); // "\x93NUMPY", version 1.0
  new DataView(file.buffer).setUint16(8, start - 10, true);
  file.fill(0x20, 10, start - 1);
  file.set(new TextEncoder().encode(dict), 10);
  file[start - 1] = 0x0a;
  file.set(rawBytes(data), start);
  return file;
}
