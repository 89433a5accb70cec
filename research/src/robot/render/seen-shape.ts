/** A shape in its own frame as a camera sees it, ready for the rays of pixels. */
import { halfExtents, type PosedGeometry } from "../geometry.ts";
import { rotate, rotateBack, subtract, type Vector } from "../vectors.ts";
import { type Camera, project } from "./camera.ts";
import { linear } from "./light.ts";

/** The ray of position (x, y) in the picture is `start + t * (first + x * across + y * down)`, t the depth. */
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

/** Returns the pixels that a shape may cover. */
function pixelBox({ geometry, center, rotation }: PosedGeometry, camera: Camera): SeenShape["box"] {
  const all = { left: 0, right: camera.side, top: 0, bottom: camera.side };
  if (geometry.shape === "plane") return all;
  const extents = halfExtents(geometry);
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < 8; i++) {
    const corner = rotate(rotation, extents.map((extent, k) => ((i >> k) & 1 ? extent : -extent)) as Vector);
    const [x, y, depth] = project(camera, [corner[0] + center[0], corner[1] + center[1], corner[2] + center[2]]);
    if (depth < 0.05) return all;
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
  }
  const clamp = (value: number) => Math.min(camera.side, Math.max(0, value));
  return {
    left: clamp(Math.floor(left)),
    right: clamp(Math.ceil(right)),
    top: clamp(Math.floor(top)),
    bottom: clamp(Math.ceil(bottom)),
  };
}
