/** Draws the scene: rays inside each shape's box of pixels, over a cached background, with shadows and smooth edges. */
import type { Photo } from "s2-vision/web";
import { type Geometry, poseGeometries } from "../geometry.ts";
import { type Background, drawBackground, SAMPLES } from "./background.ts";
import { type Camera, experimentCamera } from "./camera.ts";
import { type Caster, isInShadow, lightOn, makeCaster, SUN, toByte } from "./light.ts";
import { hit, normalAt } from "./rays.ts";
import { type SeenShape, seeShape } from "./seen-shape.ts";
import { castShadows, makeShadowMap, type ShadowMap, shadowAt } from "./shadow-map.ts";

/** Fraction of the light that the table loses in the shadow. */
const TABLE_SHADOW = 0.55;

/** A camera with its backgrounds and buffers, used again for each picture. */
export interface View {
  readonly camera: Camera;
  readonly backgrounds: Background[];
  readonly depth: Float32Array;
  /** Index of the shape in each pixel, -1 for the background. */
  readonly ids: Int16Array;
}

interface Scene {
  readonly shapes: readonly SeenShape[];
  readonly casters: readonly Caster[];
  readonly background: Background;
}

const views = new Map<number, View>();
let shadows: ShadowMap | undefined;
const [normal, light, color] = [new Float64Array(3), new Float64Array(2), new Float64Array(3)];

/** Draws shapes at the poses of their bodies, [bodies, 7], from the experiment's camera; see `drawView`. */
export function drawScene(geometries: readonly Geometry[], poses: ArrayLike<number>, texture: number, side: number): Photo {
  if (!views.has(side)) views.set(side, openView(experimentCamera(side)));
  return drawView(views.get(side)!, geometries, poses, texture);
}

/** Makes the buffers of a camera. */
export const openView = (camera: Camera): View => ({
  camera,
  backgrounds: [],
  depth: new Float32Array(camera.side ** 2),
  ids: new Int16Array(camera.side ** 2),
});

/**
 * Draws shapes at the poses of their bodies, [bodies, 7]. Those of body 0 stand still: they are drawn once for a view and a texture, and must be the same
 * in all calls.
 */
export function drawView(view: View, geometries: readonly Geometry[], poses: ArrayLike<number>, texture: number): Photo {
  const { side } = view.camera;
  const posed = poseGeometries(geometries, poses);
  view.backgrounds[texture] ??= drawBackground(
    posed.filter(({ geometry }) => geometry.body === 0),
    view.camera,
    texture,
  );
  const moving = posed.filter(({ geometry }) => geometry.body !== 0);
  const scene: Scene = {
    shapes: moving.map((each) => seeShape(each, view.camera)),
    casters: moving.map(makeCaster),
    background: view.backgrounds[texture],
  };
  castShadows(scene.casters, (shadows ??= makeShadowMap()));
  findShapes(scene, view);
  const data = new Uint8Array(3 * side * side);
  for (let y = 0, i = 0; y < side; y++)
    for (let x = 0; x < side; x++, i++) {
      if (isEdge(view.ids, side, x, y)) smoothEdge(scene, view, x, y);
      else if (view.ids[i] < 0) paintBackground(scene.background, i);
      else paint(scene, view.camera, scene.shapes[view.ids[i]], x + 0.5, y + 0.5, view.depth[i]);
      for (let c = 0; c < 3; c++) data[3 * i + c] = toByte(color[c]);
    }
  return { data, width: side, height: side, channels: 3 };
}

/** Finds the nearest shape of each pixel's middle. */
function findShapes({ shapes, background }: Scene, { camera: { side }, depth, ids }: View): void {
  depth.set(background.depth);
  ids.fill(-1);
  for (let id = 0; id < shapes.length; id++) {
    const { start, first, across, down, box, posed } = shapes[id];
    const { shape, size } = posed.geometry;
    const ox = start[0];
    const oy = start[1];
    const oz = start[2];
    for (let y = box.top; y < box.bottom; y++) {
      let dx = first[0] + (y + 0.5) * down[0] + (box.left + 0.5) * across[0];
      let dy = first[1] + (y + 0.5) * down[1] + (box.left + 0.5) * across[1];
      let dz = first[2] + (y + 0.5) * down[2] + (box.left + 0.5) * across[2];
      for (let x = box.left, i = y * side + x; x < box.right; x++, i++) {
        const t = hit(shape, size, ox, oy, oz, dx, dy, dz);
        if (t > 0 && t < depth[i]) {
          depth[i] = t;
          ids[i] = id;
        }
        dx += across[0];
        dy += across[1];
        dz += across[2];
      }
    }
  }
}

function isEdge(ids: Int16Array, side: number, x: number, y: number): boolean {
  if (x === 0 || y === 0 || x === side - 1 || y === side - 1) return false;
  const i = y * side + x;
  const id = ids[i];
  return id !== ids[i - 1] || id !== ids[i + 1] || id !== ids[i - side] || id !== ids[i + side];
}

/** Writes the mean color of a pixel's four samples. */
function smoothEdge(scene: Scene, { camera }: View, x: number, y: number): void {
  let [red, green, blue] = [0, 0, 0];
  const i = y * camera.side + x;
  for (const [sx, sy] of SAMPLES) {
    const px = x + sx;
    const py = y + sy;
    let nearest = scene.background.depth[i];
    let found: SeenShape | undefined;
    for (const each of scene.shapes) {
      const { box, start, first, across, down, posed } = each;
      if (x < box.left || x >= box.right || y < box.top || y >= box.bottom) continue;
      const dx = first[0] + px * across[0] + py * down[0];
      const dy = first[1] + px * across[1] + py * down[1];
      const dz = first[2] + px * across[2] + py * down[2];
      const t = hit(posed.geometry.shape, posed.geometry.size, start[0], start[1], start[2], dx, dy, dz);
      if (t > 0 && t < nearest) {
        nearest = t;
        found = each;
      }
    }
    if (found) paint(scene, camera, found, px, py, nearest);
    else paintBackground(scene.background, i);
    red += color[0];
    green += color[1];
    blue += color[2];
  }
  color[0] = red / SAMPLES.length;
  color[1] = green / SAMPLES.length;
  color[2] = blue / SAMPLES.length;
}

function paintBackground({ color: colors, table }: Background, i: number): void {
  const u = table[2 * i];
  const lost = u >= 0 ? TABLE_SHADOW * shadowAt(shadows!, u, table[2 * i + 1]) : 0;
  color[0] = colors[3 * i] * (1 - lost);
  color[1] = colors[3 * i + 1] * (1 - lost);
  color[2] = colors[3 * i + 2] * (1 - 0.92 * lost); // shadows are lit by the sky
}

/** Writes the color of a shape at a pixel and depth. */
function paint({ casters }: Scene, camera: Camera, seen: SeenShape, px: number, py: number, t: number): void {
  const { start, first, across, down, posed } = seen;
  const { geometry, rotation: m, center } = posed;
  const x = start[0] + t * (first[0] + px * across[0] + py * down[0]);
  const y = start[1] + t * (first[1] + px * across[1] + py * down[1]);
  const z = start[2] + t * (first[2] + px * across[2] + py * down[2]);
  normalAt(geometry.shape, geometry.size, x, y, z, normal);
  const a = normal[0];
  const b = normal[1];
  const c = normal[2];
  normal[0] = m[0] * a + m[1] * b + m[2] * c;
  normal[1] = m[3] * a + m[4] * b + m[5] * c;
  normal[2] = m[6] * a + m[7] * b + m[8] * c;
  const wx = m[0] * x + m[1] * y + m[2] * z + center[0];
  const wy = m[3] * x + m[4] * y + m[5] * z + center[1];
  const wz = m[6] * x + m[7] * y + m[8] * z + center[2];
  const vx = wx - camera.origin[0];
  const vy = wy - camera.origin[1];
  const vz = wz - camera.origin[2];
  const distance = Math.sqrt(vx * vx + vy * vy + vz * vz);
  const isLit = normal[0] * SUN[0] + normal[1] * SUN[1] + normal[2] * SUN[2] > 0 && !isInShadow(casters, posed, wx, wy, wz);
  lightOn(normal, vx / distance, vy / distance, vz / distance, isLit, light);
  for (let k = 0; k < 3; k++) color[k] = seen.color[k] * light[0] + light[1];
}
