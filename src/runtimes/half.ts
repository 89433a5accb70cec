/** Output tensors' values as float32, whatever float they are. Platform-free. */

/** The part of onnxruntime's and transformers.js's tensors that is read. */
export interface FloatTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

/** float16 comes as its bits in a Uint16Array where there is no Float16Array (Node 20): so its bits are read everywhere. */
export function toFloat32({ type, dims, data }: FloatTensor): { dims: readonly number[]; data: Float32Array } {
  if (type === "float32") return { dims, data: data as Float32Array };
  const { buffer, byteOffset, length } = data as Uint16Array;
  return { dims, data: Float32Array.from(new Uint16Array(buffer, byteOffset, length), half) };
}

/** The number that 16 bits mean: 1 sign, 5 exponent, 10 fraction (IEEE 754 binary16). */
export function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
