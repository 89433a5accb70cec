/** Vectors and rotations of three dimensions. */

export type Vector = [number, number, number];

export const dot = (a: Readonly<Vector>, b: Readonly<Vector>): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

export const subtract = (a: Readonly<Vector>, b: Readonly<Vector>): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];

/** Scales a vector to length 1. */
export function unit(v: Readonly<Vector>): Vector {
  const length = Math.hypot(...v);
  return [v[0] / length, v[1] / length, v[2] / length];
}

/** Rotates a vector by a row-major matrix. */
export const rotate = (m: Float64Array, [x, y, z]: Readonly<Vector>): Vector => [
  m[0] * x + m[1] * y + m[2] * z,
  m[3] * x + m[4] * y + m[5] * z,
  m[6] * x + m[7] * y + m[8] * z,
];

/** Rotates a vector by the inverse of a row-major rotation. */
export const rotateBack = (m: Float64Array, [x, y, z]: Readonly<Vector>): Vector => [
  m[0] * x + m[3] * y + m[6] * z,
  m[1] * x + m[4] * y + m[7] * z,
  m[2] * x + m[5] * y + m[8] * z,
];
