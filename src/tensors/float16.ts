/** Half-precision floats as their bits, which halve a file of features. */

/** Half-precision bits of each number: nearest, ties to even; too large becomes infinity, NaN stays NaN (as NumPy's float16). */
export function toFloat16(data: Float32Array): Uint16Array {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const halves = new Uint16Array(data.length);
  for (let i = 0; i < bits.length; i++) {
    const magnitude = bits[i] & 0x7fffffff;
    let half = 0;
    if (magnitude > 0x7f800000) {
      half = 0x7c00 | ((magnitude & 0x7fffff) >>> 13 || 1); // a payload that is lost must not turn NaN into infinity
    } else if (magnitude >= 0x47800000) {
      half = 0x7c00; // 65536 and more
    } else if (magnitude >= 0x38800000) {
      // Exponent bias 127 to 15; the carry of rounding runs into the exponent as it should, up to infinity.
      half = (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
    } else if (magnitude > 0x33000000) {
      // Above 2^-25: a multiple of 2^-24, the smallest half.
      const shift = 126 - (magnitude >>> 23);
      const significand = (magnitude & 0x7fffff) | 0x800000;
      half = significand >>> shift;
      half = (significand + (1 << (shift - 1)) - 1 + (half & 1)) >>> shift;
    }
    halves[i] = ((bits[i] >>> 16) & 0x8000) | half;
  }
  return halves;
}

/** The numbers that half-precision bits stand for; exact. */
export function fromFloat16(halves: Uint16Array): Float32Array {
  const data = new Float32Array(halves.length);
  const bits = new Uint32Array(data.buffer); // written as bits, because engines may change the payload of a NaN
  for (let i = 0; i < halves.length; i++) {
    const sign = (halves[i] & 0x8000) << 16;
    const exponent = (halves[i] >>> 10) & 31;
    const fraction = halves[i] & 0x3ff;
    if (exponent === 0) {
      data[i] = fraction * 2 ** -24;
      bits[i] |= sign;
    } else {
      bits[i] = sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13);
    }
  }
  return data;
}

/** The numbers that bfloat16 bits stand for: the upper halves of float32. */
export function fromBfloat16(halves: Uint16Array): Float32Array {
  const data = new Float32Array(halves.length);
  const bits = new Uint32Array(data.buffer);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
  return data;
}
