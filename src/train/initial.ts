/** First values of a ViT's parameters: timm's, and those with which it learns from few images. */
import { makeRandom, truncatedNormal } from "../tensors/index.ts";
import type { VitShape } from "./vit.ts";

/** Returns a parameter's first values as timm: normal with deviation 0.02, norms 1, biases 0. */
export function initialValue(name: string, dims: readonly number[], seed: number): Float32Array {
  const data = new Float32Array(dims.reduce((product, size) => product * size, 1));
  if (name.endsWith(".bias")) return data;
  if (/norm\d?\.weight$/.test(name)) return data.fill(1);
  const random = sequence(name, seed);
  return data.map(() => truncatedNormal(random, 0.02));
}

/**
 * Returns first values with positions as sines (Vaswani et al., arXiv 1706.03762, §3.5, over rows and columns), and attention as trained ViTs have it: keys like
 * queries, the projection against the values (Trockman and Kolter, arXiv 2305.09828); all else as `initialValue`.
 */
export function mimeticValue(name: string, dims: readonly number[], seed: number, shape: VitShape): Float32Array {
  if (name === "pos_embed") return sines(initialValue(name, dims, seed), shape);
  const [, block, layer] = /^blocks\.(\d+)\.attn\.(qkv|proj)\.weight$/.exec(name) ?? [];
  if (!layer) return initialValue(name, dims, seed);
  const { dim } = shape;
  const values = gaussian(`${block}.values`, seed, dim, 1);
  if (layer === "proj") return transposed(values, dim).map((value) => -valueScale * value);
  const queries = gaussian(`${block}.queries`, seed, dim, 1);
  const noise = gaussian(`${block}.noise`, seed, dim, 0.5);
  const qkv = new Float32Array(3 * dim * dim);
  const keys = queries.map((query, i) => query + noise[i]);
  for (const [i, matrix] of [queries, keys, values.map((value) => valueScale * value)].entries()) qkv.set(matrix, i * dim * dim);
  return qkv;
}

/** Fraction of a token that attention subtracts at first. */
const valueScale = 0.6;
/** Amplitude of the sines. */
const amplitude = 0.3;

/** Writes sine and cosine of the row, sine and cosine of the column, a quarter of the channels each. */
function sines(table: Float32Array, { imageSize, patchSize, dim }: VitShape): Float32Array {
  const side = imageSize / patchSize;
  const quarter = dim / 4;
  for (let cell = 0; cell < side * side; cell++) {
    const token = table.subarray((1 + cell) * dim, (2 + cell) * dim);
    [Math.floor(cell / side), cell % side].forEach((position, axis) => {
      for (let i = 0; i < quarter; i++) {
        const angle = position / 10000 ** (i / quarter);
        token[2 * axis * quarter + i] = amplitude * Math.sin(angle);
        token[(2 * axis + 1) * quarter + i] = amplitude * Math.cos(angle);
      }
    });
  }
  return table;
}

/** Draws a normal matrix [dim, dim] with deviation `scale`/√dim. */
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

/** Makes a sequence for each name, so that another layer does not change the values of the others. */
const sequence = (name: string, seed: number) =>
  makeRandom([...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), seed));
