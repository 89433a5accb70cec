/**
 * The two passes of a resize of RGB pixels in AssemblyScript, which scripts/simd/build.mjs compiles. Weights are in fixed point as in
 * src/images/filter-weights.ts, each split into its upper bits and its lower 11, so that both are int16 and one instruction multiplies and adds two taps:
 * sum of (upper << 11) + lower. Weights come in pairs of taps: [upper, upper, lower, lower], 8 bytes a pair.
 */

/**
 * Filters `rows` rows along x, a multiple of 4: at `source`, `stride` bytes apart, to `out`, `outStride` bytes apart. `first` has the byte in a row
 * where each output's taps begin. Writes one byte beyond each row.
 */
export function filterRows(
  source: usize,
  stride: usize,
  rows: i32,
  first: usize,
  outputs: i32,
  weights: usize,
  pairs: i32,
  out: usize,
  outStride: usize,
): void {
  const half = i32x4.splat(1 << 21);
  const zero = i32x4.splat(0);
  for (let y = 0; y < rows; y += 4) {
    let w = weights;
    let to = out;
    for (let x = 0; x < outputs; x++) {
      let a = source + load<u32>(first + ((<usize>x) << 2));
      let b = a + stride;
      let c = b + stride;
      let d = c + stride;
      let aUpper = zero;
      let bUpper = zero;
      let cUpper = zero;
      let dUpper = zero;
      let aLower = half;
      let bLower = half;
      let cLower = half;
      let dLower = half;
      for (const end = w + ((<usize>pairs) << 3); w < end; w += 8) {
        const upper = v128.load32_splat(w);
        const lower = v128.load32_splat(w, 4);
        let taps = pairOf(a);
        aUpper = i32x4.add(aUpper, i32x4.dot_i16x8_s(taps, upper));
        aLower = i32x4.add(aLower, i32x4.dot_i16x8_s(taps, lower));
        taps = pairOf(b);
        bUpper = i32x4.add(bUpper, i32x4.dot_i16x8_s(taps, upper));
        bLower = i32x4.add(bLower, i32x4.dot_i16x8_s(taps, lower));
        taps = pairOf(c);
        cUpper = i32x4.add(cUpper, i32x4.dot_i16x8_s(taps, upper));
        cLower = i32x4.add(cLower, i32x4.dot_i16x8_s(taps, lower));
        taps = pairOf(d);
        dUpper = i32x4.add(dUpper, i32x4.dot_i16x8_s(taps, upper));
        dLower = i32x4.add(dLower, i32x4.dot_i16x8_s(taps, lower));
        a += 6;
        b += 6;
        c += 6;
        d += 6;
      }
      const bytes = toBytes(
        rounded(aUpper, aLower),
        rounded(bUpper, bLower),
        rounded(cUpper, cLower),
        rounded(dUpper, dLower),
      );
      v128.store32_lane(to, bytes, 0);
      v128.store32_lane(to + outStride, bytes, 1);
      v128.store32_lane(to + 2 * outStride, bytes, 2);
      v128.store32_lane(to + 3 * outStride, bytes, 3);
      to += 3;
    }
    source += stride << 2;
    out += outStride << 2;
  }
}

/** Filters rows of `stride` bytes, a multiple of 16, along y to one row at `out`. */
export function filterColumns(source: usize, stride: usize, weights: usize, pairs: i32, out: usize): void {
  const half = i32x4.splat(1 << 21);
  const zero = i32x4.splat(0);
  const end = weights + ((<usize>pairs) << 3);
  for (let i: usize = 0; i < stride; i += 16) {
    let from = source + i;
    let upper0 = zero;
    let upper1 = zero;
    let upper2 = zero;
    let upper3 = zero;
    let lower0 = half;
    let lower1 = half;
    let lower2 = half;
    let lower3 = half;
    for (let w = weights; w < end; w += 8) {
      const upper = v128.load32_splat(w);
      const lower = v128.load32_splat(w, 4);
      const above = v128.load(from);
      const below = v128.load(from + stride);
      const left = i8x16.shuffle(above, below, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const right = i8x16.shuffle(above, below, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      let taps = i16x8.extend_low_i8x16_u(left);
      upper0 = i32x4.add(upper0, i32x4.dot_i16x8_s(taps, upper));
      lower0 = i32x4.add(lower0, i32x4.dot_i16x8_s(taps, lower));
      taps = i16x8.extend_high_i8x16_u(left);
      upper1 = i32x4.add(upper1, i32x4.dot_i16x8_s(taps, upper));
      lower1 = i32x4.add(lower1, i32x4.dot_i16x8_s(taps, lower));
      taps = i16x8.extend_low_i8x16_u(right);
      upper2 = i32x4.add(upper2, i32x4.dot_i16x8_s(taps, upper));
      lower2 = i32x4.add(lower2, i32x4.dot_i16x8_s(taps, lower));
      taps = i16x8.extend_high_i8x16_u(right);
      upper3 = i32x4.add(upper3, i32x4.dot_i16x8_s(taps, upper));
      lower3 = i32x4.add(lower3, i32x4.dot_i16x8_s(taps, lower));
      from += stride << 1;
    }
    const bytes = toBytes(
      rounded(upper0, lower0),
      rounded(upper1, lower1),
      rounded(upper2, lower2),
      rounded(upper3, lower3),
    );
    v128.store(out + i, bytes);
  }
}

/** Two neighboring RGB pixels as int16: r r g g b b 0 0. */
function pairOf(at: usize): v128 {
  return i8x16.swizzle(v128.load64_zero(at), i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
}

function rounded(upper: v128, lower: v128): v128 {
  return i32x4.shr_s(i32x4.add(i32x4.shl(upper, 11), lower), 22);
}

/** Clamps sixteen int32 to bytes. */
function toBytes(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}
