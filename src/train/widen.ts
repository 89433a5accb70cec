/**
 * Gives a student's patch embedding the fine detail that it never learnt: pixels of photos vary a thousand times more slowly than finely, and
 * gradients follow the slow ones, so that after thousands of steps an embedding may still give little but soft colours.
 */

export interface Embedding {
  /** [dim, pixels]. */
  readonly weight: Float32Array;
  /** [dim]. */
  readonly bias: Float32Array;
}

/** Directions below this part of the strongest's deviation count as unused. */
const unused = 0.05;
/** How far used from there on, of the strongest's deviation. */
const share = 0.2;
/** Principal components of less variance than this are raised less, for they are noise. */
const floor = 0.18;

/**
 * The directions of the embedding in use stay; the others give whitened principal components of what those leave out. A patch of mean pixels gives the same token.
 * @param patches normalised pixels [n, pixels] of photos, in the weight's order.
 */
export function widened({ weight, bias }: Embedding, patches: Float32Array): Embedding & { readonly kept: number } {
  const dim = bias.length;
  const pixels = weight.length / dim;
  const { mean, covariance } = momentsOf(patches, pixels);
  const before = Float64Array.from(weight);
  const spread = product(product(before, covariance, dim, pixels, pixels), transposed(before, dim, pixels), dim, pixels, dim);
  const own = eigen(spread, dim);
  const kept = own.values.filter((value) => Math.sqrt(Math.max(0, value)) > unused * Math.sqrt(own.values[0])).length;
  const used = product(own.vectors.slice(0, kept * dim), before, kept, dim, pixels);
  // What the kept directions tell of the pixels is taken away: C - C·Wᵀ·(W·C·Wᵀ)⁻¹·W·C, where W·C·Wᵀ is diagonal.
  const told = product(used, covariance, kept, pixels, pixels);
  const scaled = told.map((value, i) => value / own.values[Math.floor(i / pixels)]);
  const explained = product(transposed(told, kept, pixels), scaled, pixels, kept, pixels);
  const rest = eigen(
    covariance.map((value, i) => value - explained[i]),
    pixels,
  );
  const added = dim - kept;
  const components = rest.vectors.slice(0, added * pixels);
  const shadow = product(product(components, transposed(scaled, kept, pixels), added, pixels, kept), used, added, kept, pixels);
  const raised = components.map((value, i) => {
    const variance = Math.max(0, rest.values[Math.floor(i / pixels)]);
    return ((value - shadow[i]) * share * Math.sqrt(own.values[0])) / Math.sqrt(variance + floor);
  });
  const rows = new Float64Array(dim * pixels);
  rows.set(used);
  rows.set(raised, kept * pixels);
  const after = product(transposed(own.vectors, dim, dim), rows, dim, dim, pixels);
  const moved = product(
    before.map((value, i) => value - after[i]),
    mean,
    dim,
    pixels,
    1,
  );
  return { weight: Float32Array.from(after), bias: bias.map((value, i) => value + moved[i]), kept };
}

function momentsOf(rows: Float32Array, width: number) {
  const count = rows.length / width;
  const mean = new Float64Array(width);
  for (let i = 0; i < rows.length; i++) mean[i % width] += rows[i] / count;
  const centred = Float64Array.from(rows, (value, i) => value - mean[i % width]);
  const sums = product(transposed(centred, count, width), centred, width, count, width);
  return { mean, covariance: sums.map((sum) => sum / (count - 1)) };
}

/** [m, k]·[k, n]. */
function product(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    const row = out.subarray(i * n, (i + 1) * n);
    for (let j = 0; j < k; j++) {
      const factor = a[i * k + j];
      const other = b.subarray(j * n, (j + 1) * n);
      for (let x = 0; x < n; x++) row[x] += factor * other[x];
    }
  }
  return out;
}

function transposed(a: Float64Array, rows: number, cols: number): Float64Array {
  return a.map((_, i) => a[(i % rows) * cols + Math.floor(i / rows)]);
}

/** Values and vectors (as rows) of a symmetric matrix, largest first, by Jacobi's rotations of pairs of rows and columns. */
function eigen(matrix: Float64Array, size: number): { values: Float64Array; vectors: Float64Array } {
  const a = matrix.slice();
  const vectors = new Float64Array(size * size);
  for (let i = 0; i < size; i++) vectors[i * size + i] = 1;
  const norm = a.reduce((sum, value) => sum + value * value, 0);
  for (let sweep = 0; sweep < 30 && offDiagonal(a, size) > 1e-20 * norm; sweep++)
    for (let p = 0; p < size - 1; p++)
      for (let q = p + 1; q < size; q++) {
        const off = a[p * size + q];
        if (off === 0) continue;
        const ratio = (a[q * size + q] - a[p * size + p]) / (2 * off);
        const tangent = Math.sign(ratio || 1) / (Math.abs(ratio) + Math.hypot(1, ratio));
        const cos = 1 / Math.hypot(1, tangent);
        const sin = cos * tangent;
        turn(a, p, q, size, size, cos, sin);
        turn(a, p * size, q * size, 1, size, cos, sin);
        turn(vectors, p * size, q * size, 1, size, cos, sin);
      }
  const order = Array.from({ length: size }, (_, i) => i).sort((i, j) => a[j * size + j] - a[i * size + i]);
  const sorted = new Float64Array(size * size);
  order.forEach((from, to) => {
    sorted.set(vectors.subarray(from * size, (from + 1) * size), to * size);
  });
  return { values: Float64Array.from(order, (i) => a[i * size + i]), vectors: sorted };
}

/** Two rows or columns of `size` values, `stride` apart, turned into each other. */
function turn(a: Float64Array, p: number, q: number, stride: number, size: number, cos: number, sin: number): void {
  for (let i = 0, at = 0; i < size; i++, at += stride) {
    const x = a[p + at];
    const y = a[q + at];
    a[p + at] = cos * x - sin * y;
    a[q + at] = sin * x + cos * y;
  }
}

function offDiagonal(a: Float64Array, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) sum += 2 * a[i * size + j] ** 2;
  return sum;
}
