/** Lights of the scene: a sun that casts shadows, a fill light, and the sky; colors are linear until they are written. */
import { boundingRadius, type PosedGeometry } from "../geometry.ts";
import { rotateBack, unit, type Vector } from "../vectors.ts";
import { hit } from "./rays.ts";

/** Direction to the sun. */
export const SUN = unit([0.3, -0.55, 1]);
const FILL = unit([0.7, 0.6, 0.5]);

/** Converts a color value from sRGB to linear, with a plain gamma of 2.2. */
export const linear = (value: number): number => value ** 2.2;

const LEVELS = 1 << 14;
const GAMMA = Uint8Array.from({ length: LEVELS + 1 }, (_, i) => Math.round(255 * (i / LEVELS) ** (1 / 2.2)));

/** Converts a linear value to 8-bit sRGB. */
export const toByte = (value: number): number => GAMMA[value >= 1 ? LEVELS : value <= 0 ? 0 : (value * LEVELS) | 0];

/** Computes the light on a surface: world normal, unit direction from the camera to it. Writes diffuse light and highlight. */
export function lightOn(normal: Float64Array, x: number, y: number, z: number, isLit: boolean, light: Float64Array): void {
  const nx = normal[0];
  const ny = normal[1];
  const nz = normal[2];
  const fill = Math.max(0, nx * FILL[0] + ny * FILL[1] + nz * FILL[2]);
  light[0] = 0.1 + 0.16 * fill + 0.22 * (0.5 + 0.5 * nz);
  light[1] = 0;
  if (!isLit) return;
  light[0] += 0.62 * Math.max(0, nx * SUN[0] + ny * SUN[1] + nz * SUN[2]);
  const hx = SUN[0] - x;
  const hy = SUN[1] - y;
  const hz = SUN[2] - z;
  light[1] = 0.1 * Math.max(0, (nx * hx + ny * hy + nz * hz) / Math.sqrt(hx * hx + hy * hy + hz * hz)) ** 32;
}

/** A shape that casts shadows. */
export interface Caster {
  readonly posed: PosedGeometry;
  readonly radius: number;
  /** The sun's direction in the shape's frame. */
  readonly sun: Vector;
}

export const makeCaster = (posed: PosedGeometry): Caster => ({
  posed,
  radius: boundingRadius(posed.geometry),
  sun: rotateBack(posed.rotation, SUN),
});

/** Returns true if a shape other than the point's own stands between the point and the sun. */
export function isInShadow(casters: readonly Caster[], self: PosedGeometry, x: number, y: number, z: number): boolean {
  for (const { posed, radius, sun } of casters) {
    if (posed === self) continue;
    const { center, rotation: m, geometry } = posed;
    const a = x - center[0];
    const b = y - center[1];
    const c = z - center[2];
    const along = -(a * SUN[0] + b * SUN[1] + c * SUN[2]);
    if (along < -radius || a * a + b * b + c * c - along * along > radius * radius) continue;
    const ox = m[0] * a + m[3] * b + m[6] * c;
    const oy = m[1] * a + m[4] * b + m[7] * c;
    const oz = m[2] * a + m[5] * b + m[8] * c;
    if (hit(geometry.shape, geometry.size, ox, oy, oz, sun[0], sun[1], sun[2]) > 1e-6) return true;
  }
  return false;
}
