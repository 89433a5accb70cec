/** Shadows on the table: a blurred map of the table's top, 0 in the sun and 1 in the shadow. */
import type { PosedGeometry } from "../geometry.ts";
import { TABLE } from "../scene.ts";
import { type Caster, SUN } from "./light.ts";
import { hit } from "./rays.ts";

/** Cells of the map, about 3.7 mm each. */
const [WIDTH, HEIGHT] = [300, 330];
const [LEFT, TOP] = [TABLE.x[0], TABLE.y[0]];
const [CELL_X, CELL_Y] = [(TABLE.x[1] - LEFT) / WIDTH, (TABLE.y[1] - TOP) / HEIGHT];

export interface ShadowMap {
  readonly values: Float32Array;
  readonly scratch: Float32Array;
}

export const makeShadowMap = (): ShadowMap => ({
  values: new Float32Array(WIDTH * HEIGHT),
  scratch: new Float32Array(WIDTH * HEIGHT),
});

/** Fills the map with the shadows of shapes above the table. */
export function castShadows(casters: readonly Caster[], { values, scratch }: ShadowMap): void {
  values.fill(0);
  for (const caster of casters) if (caster.posed.center[2] + caster.radius > 0) castShadow(caster, values);
  blur(values, scratch);
  blur(values, scratch);
}

function castShadow({ posed, radius, sun }: Caster, values: Float32Array): void {
  const { geometry, center, rotation: m } = posed as PosedGeometry;
  const distance = center[2] / SUN[2];
  const [x, y] = [center[0] - SUN[0] * distance, center[1] - SUN[1] * distance];
  const reach = radius / SUN[2];
  const [left, right] = [cellX(x - reach), cellX(x + reach) + 1];
  const [top, bottom] = [cellY(y - reach), cellY(y + reach) + 1];
  const c = -center[2];
  for (let v = Math.max(0, top); v < Math.min(HEIGHT, bottom); v++)
    for (let u = Math.max(0, left); u < Math.min(WIDTH, right); u++) {
      if (values[v * WIDTH + u]) continue;
      const a = LEFT + (u + 0.5) * CELL_X - center[0];
      const b = TOP + (v + 0.5) * CELL_Y - center[1];
      const ox = m[0] * a + m[3] * b + m[6] * c;
      const oy = m[1] * a + m[4] * b + m[7] * c;
      const oz = m[2] * a + m[5] * b + m[8] * c;
      if (hit(geometry.shape, geometry.size, ox, oy, oz, sun[0], sun[1], sun[2]) > 0) values[v * WIDTH + u] = 1;
    }
}

const cellX = (x: number) => Math.floor((x - LEFT) / CELL_X);
const cellY = (y: number) => Math.floor((y - TOP) / CELL_Y);

/** Averages 3x3 cells; the border stays. */
function blur(values: Float32Array, scratch: Float32Array): void {
  for (let i = 1; i < values.length - 1; i++) scratch[i] = (values[i - 1] + values[i] + values[i + 1]) / 3;
  for (let i = WIDTH; i < values.length - WIDTH; i++) values[i] = (scratch[i - WIDTH] + scratch[i] + scratch[i + WIDTH]) / 3;
}

/** Returns the position of a point of the table in the map, in cells; NaN where the map cannot be interpolated. */
export function mapPosition(x: number, y: number): [u: number, v: number] {
  const [u, v] = [(x - LEFT) / CELL_X - 0.5, (y - TOP) / CELL_Y - 0.5];
  return u >= 0 && v >= 0 && u < WIDTH - 1 && v < HEIGHT - 1 ? [u, v] : [Number.NaN, Number.NaN];
}

/** Interpolates the map at a position from `mapPosition`. */
export function shadowAt({ values }: ShadowMap, u: number, v: number): number {
  const at = (v | 0) * WIDTH + (u | 0);
  const fu = u - (u | 0);
  const fv = v - (v | 0);
  return (
    (values[at] * (1 - fu) + values[at + 1] * fu) * (1 - fv) + (values[at + WIDTH] * (1 - fu) + values[at + WIDTH + 1] * fu) * fv
  );
}
