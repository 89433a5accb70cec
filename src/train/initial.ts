/** A ViT's first values: timm's, and those with which it learns from few images. */
import { makeRandom, truncatedNormal } from "../tensors/index.ts";
import type { VitShape } from "./vit.ts";

/** As timm's: normal of deviation 0.02, norms one, biases zero. */
export function initialValue(name: string, dims: readonly number[], seed: number): Float32Array {
  const data = new Float32Array(dims.reduce((product, size) => product * size, 1));
  if (name.endsWith(".bias")) return data;
  if (/norm\d?\.weight$/.test(name)) return data.fill(1);
  const random = sequence(name, seed);
  return data.map(() => truncatedNormal(random, 0.02));
}

/**
 * Positions as sines (Vaswani et al., arXiv 1706.03762, §3.5, over rows and columns), and attention as trained ViTs have it: keys like
 * queries, the projection against the values (Trockman and Kolter, arXiv 2305.09828); all else as timm's.
 */
export function mimeticValue(name: string, dims: readonly number[], seed: number, shape: VitShape): Float32Array {
  if (name === "pos_embed") return sines(initialValue(name, dims, seed), shape);
  const [, block, part] = /^blocks\.(\d+)\.attn\.(qkv|proj)\.weight$/.exec(name) ?? [];
  if (!part) return initialValue(name, dims, seed);
  const { dim } = shape;
  const values = gaussian(`${block}.values`, seed, dim, 1);
  if (part === "proj") return transposed(values, dim).map((value) => -valueScale * value);
  const queries = gaussian(`${block}.queries`, seed, dim, 1);
  const noise = gaussian(`${block}.noise`, seed, dim, 0.5);
  const qkv = new Float32Array(3 * dim * dim);
  qkv.set(queries);
  qkv.set(
    queries.map((query, i) => query + noise[i]),
    dim * dim,
  );
  qkv.set(
    values.map((value) => valueScale * value),
    2 * dim * dim,
  );
  return qkv;
}

/** How much of a token attention takes away at first. */
const valueScale = 0.6;
/** The sines' height. */
const height = 0.3;

/** A quarter of the channels each: sine and cosine of the row, sine and cosine of the column. */
function sines(table: Float32Array, { imageSize, patchSize, dim }: VitShape): Float32Array {
  const side = imageSize / patchSize;
  const quarter = dim / 4;
  for (let cell = 0; cell < side * side; cell++) {
    const own = table.subarray((1 + cell) * dim, (2 + cell) * dim);
    [Math.floor(cell / side), cell % side].forEach((place, axis) => {
      for (let i = 0; i < quarter; i++) {
        const angle = place / 10000 ** (i / quarter);
        own[2 * axis * quarter + i] = height * Math.sin(angle);
        own[(2 * axis + 1) * quarter + i] = height * Math.cos(angle);
      }
    });
  }
  return table;
}

/** Normal, [dim, dim], of deviation `scale`/√dim. */
function gaussian(name: string, seed: number, dim: number, scale: number): Float32Array {
  const random = sequence(name, seed);
  const deviation = scale / Math.sqrt(dim);
  return Float32Array.from(
    { length: dim * dim },
    () => deviation * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  );
}

function transposed(matrix: Float32Array, dim: number): Float32Array {
  return matrix.map((_, i) => matrix[(i % dim) * dim + Math.floor(i / dim)]);
}

/** A sequence for each name, so that one layer more leaves the others as they were. */
const sequence = (name: string, seed: number) =>
  makeRandom([...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), seed));
