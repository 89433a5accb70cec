/** A pinhole camera for square pictures. */
import { dot, subtract, unit, type Vector } from "../vectors.ts";

export interface Camera {
  readonly origin: Vector;
  readonly forward: Vector;
  readonly right: Vector;
  readonly up: Vector;
  /** Side of a pixel at distance 1. */
  readonly pixel: number;
  /** Side of the picture in pixels. */
  readonly side: number;
}

/** Aims a camera from one point at another; the field of view is in degrees. */
export function aimCamera(from: Vector, at: Vector, fieldOfView: number, side: number): Camera {
  const forward = unit(subtract(at, from));
  const right = unit([forward[1], -forward[0], 0]);
  const up: Vector = [
    right[1] * forward[2] - right[2] * forward[1],
    right[2] * forward[0] - right[0] * forward[2],
    right[0] * forward[1] - right[1] * forward[0],
  ];
  return { origin: from, forward, right, up, pixel: (2 * Math.tan((fieldOfView * Math.PI) / 360)) / side, side };
}

/** The camera of the experiment sees the whole arm from its side, as the paper's does. */
export const experimentCamera = (side: number): Camera => aimCamera([1.35, 0.55, 0.85], [0.33, 0, 0.18], 44, side);

/** Projects a point of the world: its position in the picture in pixels, and its depth. */
export function project({ origin, forward, right, up, pixel, side }: Camera, point: Vector): Vector {
  const offset = subtract(point, origin);
  const depth = dot(offset, forward);
  return [side / 2 + dot(offset, right) / depth / pixel, side / 2 - dot(offset, up) / depth / pixel, depth];
}

/** Returns the point of the world that a position in the picture shows at a depth. */
export function unproject({ origin, forward, right, up, pixel, side }: Camera, x: number, y: number, depth: number): Vector {
  const a = (x - side / 2) * pixel;
  const b = (side / 2 - y) * pixel;
  return [
    origin[0] + depth * (forward[0] + a * right[0] + b * up[0]),
    origin[1] + depth * (forward[1] + a * right[1] + b * up[1]),
    origin[2] + depth * (forward[2] + a * right[2] + b * up[2]),
  ];
}
