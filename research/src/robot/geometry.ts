/** Shapes of the scene, and where poses of their bodies put them. */

import { rotate, type Vector } from "./vectors.ts";

export type Shape = "plane" | "sphere" | "capsule" | "cylinder" | "box";

/**
 * A shape on a body: MuJoCo's half extents in m, sRGB color from 0 to 1, position and quaternion (w, x, y, z) in the body's frame. Its name is the body's,
 * or that of the shape itself on body 0, which stands still.
 */
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

/** Multiplies quaternions: the turn of the second, then that of the first. */
export function multiply([a, b, c, d]: readonly number[], [w, x, y, z]: readonly number[]): number[] {
  return [
    a * w - b * x - c * y - d * z,
    a * x + b * w + c * z - d * y,
    a * y - b * z + c * w + d * x,
    a * z + b * y - c * x + d * w,
  ];
}

/** Returns the row-major matrix of a quaternion of length 1. */
export const rotationOf = ([w, x, y, z]: readonly number[]) =>
  Float64Array.of(
    ...[1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
    ...[2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
    ...[2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
  );

/** Returns the half extents of the box around a shape that has an end, in its frame. */
export function halfExtents({ shape, size: [a, b, c] }: Geometry): Vector {
  if (shape === "sphere") return [a, a, a];
  if (shape === "cylinder") return [a, a, b];
  if (shape === "capsule") return [a, a, a + b];
  return [a, b, c];
}

/** Returns the radius of the sphere around a shape that has an end. */
export function boundingRadius({ shape, size: [a, b, c] }: Geometry): number {
  if (shape === "sphere") return a;
  if (shape === "cylinder") return Math.hypot(a, b);
  if (shape === "capsule") return a + b;
  return Math.hypot(a, b, c);
}
