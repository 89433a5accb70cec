/** Shapes of the scene, and where poses of their bodies put them. */

export type Vector = [number, number, number];

export type Shape = "plane" | "sphere" | "capsule" | "cylinder" | "box";

/** A shape on a body: MuJoCo's half extents in m, sRGB color from 0 to 1, position and quaternion (w, x, y, z) in the body's frame. */
export interface Geometry {
  readonly name: string;
  readonly body: number;
  readonly shape: Shape;
  readonly size: Vector;
  readonly color: Vector;
  readonly position: Vector;
  readonly quaternion: readonly number[];
}

/** A shape in the world: its center, and the row-major rotation from its own frame. */
export interface PosedGeometry {
  readonly geometry: Geometry;
  readonly center: Vector;
  readonly rotation: Float64Array;
}

/** Numbers of a body's pose: position, and quaternion (w, x, y, z). */
export const POSE = 7;

/** Puts shapes where their bodies are; poses are [bodies, 7]. */
export function poseGeometries(geometries: readonly Geometry[], poses: ArrayLike<number>): PosedGeometry[] {
  return geometries.map((geometry) => {
    const at = POSE * geometry.body;
    const body = [poses[at + 3], poses[at + 4], poses[at + 5], poses[at + 6]];
    const offset = rotate(rotationOf(body), geometry.position);
    return {
      geometry,
      center: [poses[at] + offset[0], poses[at + 1] + offset[1], poses[at + 2] + offset[2]],
      rotation: rotationOf(multiply(body, geometry.quaternion)),
    };
  });
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

function multiply([a, b, c, d]: readonly number[], [w, x, y, z]: readonly number[]): number[] {
  return [
    a * w - b * x - c * y - d * z,
    a * x + b * w + c * z - d * y,
    a * y - b * z + c * w + d * x,
    a * z + b * y - c * x + d * w,
  ];
}

const rotationOf = ([w, x, y, z]: readonly number[]) =>
  Float64Array.of(
    ...[1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
    ...[2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
    ...[2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
  );
