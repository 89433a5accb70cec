/** Textures of the table, drawn by code: wood, checkers, cloth. */

/** Writes the factors of red, green and blue at a point of the table, in m. */
export type Texture = (x: number, y: number, factors: Float64Array) => void;

function wood(x: number, y: number, factors: Float64Array): void {
  const fiber = layers(3 * x + 7.1, 40 * y, 4);
  const ring = layers(1.3 * x + 3 * fiber + 3.3, 9 * y, 3);
  const plank = Math.floor(y / 0.12);
  const gap = Math.abs(y / 0.12 - plank - 0.5) > 0.485 ? 0.6 : 1;
  const tone = gap * (0.6 + 0.35 * fiber + 0.3 * ring + 0.12 * (hash(plank, 1) - 0.5));
  factors[0] = tone;
  factors[1] = 0.97 * tone;
  factors[2] = 0.92 * tone;
}

function checkers(x: number, y: number, factors: Float64Array): void {
  const isDark = (Math.floor(x / 0.05) + Math.floor(y / 0.05)) & 1;
  factors.fill((isDark ? 0.62 : 1.1) * (0.92 + 0.15 * layers(30 * x, 30 * y, 4)));
}

function cloth(x: number, y: number, factors: Float64Array): void {
  const thread = Math.floor(x / 0.012 + 0.5 * layers(20 * x, 20 * y, 2)) + Math.floor(y / 0.012);
  const tone = (0.6 + 0.7 * layers(25 * x + 1, 25 * y, 4)) * (thread & 1 ? 0.88 : 1.08);
  factors[0] = tone * (0.75 + 0.5 * noise(14 * x + 1, 14 * y));
  factors[1] = tone * (0.75 + 0.5 * noise(14 * x + 50, 14 * y));
  factors[2] = tone * (0.75 + 0.5 * noise(14 * x, 14 * y + 90));
}

/** The textures in the order of their numbers. */
export const TEXTURES: readonly Texture[] = [wood, checkers, cloth];

/** Sums layers of noise, each of half the size and weight of the one before; about 0 to 1. */
export function layers(x: number, y: number, count: number): number {
  let [sum, weight] = [0, 0.5];
  for (let k = 0; k < count; k++, weight /= 2) {
    sum += weight * noise(x, y);
    x *= 2.03;
    y *= 2.03;
  }
  return sum;
}

/** Interpolates random values of whole points, 0 to 1. */
function noise(x: number, y: number): number {
  const [i, j] = [Math.floor(x), Math.floor(y)];
  const [u, v] = [smooth(x - i), smooth(y - j)];
  return (hash(i, j) * (1 - u) + hash(i + 1, j) * u) * (1 - v) + (hash(i, j + 1) * (1 - u) + hash(i + 1, j + 1) * u) * v;
}

const smooth = (value: number) => value * value * (3 - 2 * value);

function hash(x: number, y: number): number {
  let h = Math.imul(x, 374761393) ^ Math.imul(y, 668265263);
  h = Math.imul(h ^ (h >>> 13), 1274126177);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}
