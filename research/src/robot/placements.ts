/** Positions of the cube, uniform over the area, from a seed. */
import { makeRandom } from "s2-vision/train";
import { AREA } from "./scene.ts";

/** Position of the cube on the table (m; yaw in radians), and what else the scene shows. */
export interface Placement {
  readonly x: number;
  readonly y: number;
  readonly yaw: number;
  /** 0 wood, 1 checkers, 2 cloth. */
  readonly texture: number;
  /** Seed of distractors and the arm's start pose. */
  readonly seed: number;
}

/** Draws placements: uniform over the area, all yaws that a cube has, the three textures in turn. */
export function placements(count: number, seed: number): Placement[] {
  const random = makeRandom(seed);
  return Array.from({ length: count }, (_, i) => ({
    x: AREA.near + random() * (AREA.far - AREA.near),
    y: AREA.left + random() * (AREA.right - AREA.left),
    yaw: ((random() - 0.5) * Math.PI) / 2,
    texture: i % 3,
    seed: Math.floor(random() * 2 ** 31),
  }));
}
