/** A pinhole camera for square pictures, and a shape as the camera sees it. */
import { type PosedGeometry, rotate, rotateBack, type Vector } from "../geometry.ts";
import { linear } from "./light.ts";

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

/** A shape in its own frame for one camera: the ray of pixel (x, y) is `start + t * (first + x * across + y * down)`, t the depth. */
export interface SeenShape {
  readonly posed: PosedGeometry;
  /** Linear color. */
  readonly color: Vector;
  readonly start: Vector;
  readonly first: Vector;
  readonly across: Vector;
  readonly down: Vector;
  /** Box of pixels around the shape; the upper bounds are exclusive. */
  readonly box: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
}

/** Prepares a shape for a camera. */
export function seeShape(posed: PosedGeometry, camera: Camera): SeenShape {
  const { origin, forward, right, up, pixel, side } = camera;
  const toFrame = (v: Vector) => rotateBack(posed.rotation, v);
  const corner = (side / 2) * pixel;
  const first = forward.map((f, i) => f - corner * right[i] + corner * up[i]) as Vector;
  return {
    posed,
    color: posed.geometry.color.map(linear) as Vector,
    start: toFrame(subtract(origin, posed.center)),
    first: toFrame(first),
    across: toFrame(right.map((r) => pixel * r) as Vector),
    down: toFrame(up.map((u) => -pixel * u) as Vector),
    box: pixelBox(posed, camera),
  };
}

function pixelBox({ geometry, center, rotation }: PosedGeometry, camera: Camera): SeenShape["box"] {
  const { origin, forward, right, up, pixel, side } = camera;
  const whole = { left: 0, right: side, top: 0, bottom: side };
  if (geometry.shape === "plane") return whole;
  const extent = halfExtents(geometry.shape, geometry.size);
  let [left, last, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < 8; i++) {
    const corner = extent.map((e, k) => ((i >> k) & 1 ? e : -e)) as Vector;
    const offset = subtract(rotate(rotation, corner), subtract(origin, center));
    const depth = dot(offset, forward);
    if (depth < 0.05) return whole;
    const [x, y] = [side / 2 + dot(offset, right) / depth / pixel, side / 2 - dot(offset, up) / depth / pixel];
    [left, last, top, bottom] = [Math.min(left, x), Math.max(last, x), Math.min(top, y), Math.max(bottom, y)];
  }
  const clamp = (value: number) => Math.min(side, Math.max(0, value));
  return {
    left: clamp(Math.floor(left)),
    right: clamp(Math.ceil(last) + 1),
    top: clamp(Math.floor(top)),
    bottom: clamp(Math.ceil(bottom) + 1),
  };
}

function halfExtents(shape: PosedGeometry["geometry"]["shape"], [a, b, c]: Vector): Vector {
  if (shape === "sphere") return [a, a, a];
  if (shape === "cylinder") return [a, a, b];
  if (shape === "capsule") return [a, a, a + b];
  return [a, b, c];
}

/** Radius of the sphere around a shape that has an end. */
export const boundingRadius = ({ geometry }: PosedGeometry): number =>
  geometry.shape === "capsule"
    ? geometry.size[0] + geometry.size[1]
    : geometry.shape === "sphere"
      ? geometry.size[0]
      : Math.hypot(...halfExtents(geometry.shape, geometry.size).slice(geometry.shape === "cylinder" ? 1 : 0));

export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

const subtract = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];

export function unit(v: Vector): Vector {
  const length = Math.hypot(...v);
  return [v[0] / length, v[1] / length, v[2] / length];
}
