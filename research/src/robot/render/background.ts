/** The picture of what never moves: floor, wall and table. It is made once for a camera and a texture. */
import type { PosedGeometry } from "../geometry.ts";
import { rotate, type Vector } from "../vectors.ts";
import { type Camera, unproject } from "./camera.ts";
import { isInShadow, lightOn, makeCaster } from "./light.ts";
import { hit, normalAt } from "./rays.ts";
import { type SeenShape, seeShape } from "./seen-shape.ts";
import { mapPosition } from "./shadow-map.ts";
import { layers, TEXTURES } from "./textures.ts";

export interface Background {
  /** Linear colors, [side, side, 3]. */
  readonly color: Float32Array;
  readonly depth: Float32Array;
  /** Positions in the table's shadow map, [side, side, 2]; NaN off the table. */
  readonly table: Float32Array;
}

/** Samples of a pixel: four points of a rotated grid. */
export const SAMPLES: readonly (readonly [x: number, y: number])[] = [
  [0.125, 0.375],
  [0.375, 0.875],
  [0.625, 0.125],
  [0.875, 0.625],
];

const [normal, light, factors] = [new Float64Array(3), new Float64Array(2), new Float64Array(3)];

/** Draws shapes that stand still, four samples a pixel. */
export function drawBackground(posed: readonly PosedGeometry[], camera: Camera, texture: number): Background {
  const { side } = camera;
  const shapes = posed.map((each) => seeShape(each, camera));
  const casters = posed.filter(({ geometry }) => geometry.name === "table").map(makeCaster);
  const color = new Float32Array(3 * side * side);
  const depth = new Float32Array(side * side).fill(1e9);
  const table = new Float32Array(2 * side * side).fill(Number.NaN);
  for (let y = 0, i = 0; y < side; y++)
    for (let x = 0; x < side; x++, i++) {
      for (const [sx, sy] of SAMPLES) {
        const found = nearest(shapes, x + sx, y + sy);
        if (!found) continue;
        const point = unproject(camera, x + sx, y + sy, found.t);
        paint(found.shape, point, camera, texture, isInShadow(casters, found.shape.posed, ...point));
        for (let c = 0; c < 3; c++) color[3 * i + c] += factors[c] / SAMPLES.length;
      }
      const middle = nearest(shapes, x + 0.5, y + 0.5);
      if (!middle) continue;
      depth[i] = middle.t;
      if (middle.shape.posed.geometry.name !== "table") continue;
      const point = unproject(camera, x + 0.5, y + 0.5, middle.t);
      if (point[2] > -1e-6) table.set(mapPosition(point[0], point[1]), 2 * i);
    }
  return { color, depth, table };
}

function nearest(shapes: readonly SeenShape[], x: number, y: number) {
  let [t, shape]: [number, SeenShape | undefined] = [Infinity, undefined];
  for (const each of shapes) {
    const { start, first, across, down, posed } = each;
    const dx = first[0] + x * across[0] + y * down[0];
    const dy = first[1] + x * across[1] + y * down[1];
    const dz = first[2] + x * across[2] + y * down[2];
    const found = hit(posed.geometry.shape, posed.geometry.size, start[0], start[1], start[2], dx, dy, dz);
    if (found > 0 && found < t) [t, shape] = [found, each];
  }
  return shape && { t, shape };
}

/** Writes the color of a point to `factors`. */
function paint({ posed, color }: SeenShape, point: Vector, { origin }: Camera, texture: number, isShaded: boolean): void {
  const { geometry, center, rotation } = posed;
  const local = point.map((p, k) => p - center[k]);
  normalAt(geometry.shape, geometry.size, local[0], local[1], local[2], normal); // none of them is turned
  normal.set(rotate(rotation, [normal[0], normal[1], normal[2]]));
  const distance = Math.hypot(point[0] - origin[0], point[1] - origin[1], point[2] - origin[2]);
  const [vx, vy, vz] = point.map((p, k) => (p - origin[k]) / distance);
  lightOn(normal, vx, vy, vz, !isShaded, light);
  factors.fill(1);
  const [x, y, z] = point;
  if (geometry.name === "table" && normal[2] > 0.5) TEXTURES[texture](x, y, factors);
  else if (geometry.name === "floor") {
    const isDark = (Math.floor(x / 0.6) + Math.floor(y / 0.6)) & 1;
    factors.fill((isDark ? 0.93 : 1) * (0.8 + 0.3 * layers(3 * x, 3 * y, 4)));
  } else if (geometry.name === "wall") factors.fill(0.85 + 0.12 * z);
  for (let c = 0; c < 3; c++) factors[c] *= color[c] * light[0] + light[1];
}
