/** Pictures of the robot environment: rays meet shapes where they are, and the cube is seen where it lies. */
import { makeRandom } from "s2-vision/train";
import { expect, it } from "vitest";
import { openEnvironment, placements } from "../src/robot/environment.ts";
import type { Shape } from "../src/robot/geometry.ts";
import { experimentCamera, project } from "../src/robot/render/camera.ts";
import { hit, normalAt } from "../src/robot/render/rays.ts";
import type { Vector } from "../src/robot/vectors.ts";

/** Returns the distance of a point from the inside of a shape, negative inside. */
function distance(shape: Shape, size: Vector, [x, y, z]: readonly number[]): number {
  if (shape === "sphere") return Math.hypot(x, y, z) - size[0];
  if (shape === "capsule") return Math.hypot(x, y, Math.max(0, Math.abs(z) - size[1])) - size[0];
  if (shape === "cylinder") return Math.max(Math.hypot(x, y) - size[0], Math.abs(z) - size[1]);
  return Math.max(Math.abs(x) - size[0], Math.abs(y) - size[1], Math.abs(z) - size[2]);
}

it.each(["sphere", "capsule", "cylinder", "box"] as const)(
  "a ray meets a %s on its surface, from outside, or misses all of it",
  (shape) => {
    const random = makeRandom(1);
    const vector = (scale: number): Vector => [scale * (random() - 0.5), scale * (random() - 0.5), scale * (random() - 0.5)];
    const size: Vector = [0.4, 0.3, 0.5];
    const normal = new Float64Array(3);
    let hits = 0;
    for (let n = 0; n < 300; n++) {
      const [from, to] = [vector(6), vector(1.5)];
      if (distance(shape, size, from) < 0.1) continue;
      const along = to.map((value, i) => value - from[i]);
      const at = (t: number) => from.map((value, i) => value + t * along[i]);
      const t = hit(shape, size, ...from, along[0], along[1], along[2]);
      const samples = Array.from({ length: 400 }, (_, i) => i / 200);
      if (t === 0) expect(samples.every((s) => distance(shape, size, at(s)) > -0.01)).toBe(true);
      else {
        hits++;
        expect(distance(shape, size, at(t))).toBeCloseTo(0, 9);
        expect(samples.filter((s) => s < t).every((s) => distance(shape, size, at(s)) > 0)).toBe(true);
        const [x, y, z] = at(t);
        normalAt(shape, size, x, y, z, normal);
        expect(Math.hypot(...normal)).toBeCloseTo(1, 9);
        expect(distance(shape, size, [x + 1e-4 * normal[0], y + 1e-4 * normal[1], z + 1e-4 * normal[2]])).toBeCloseTo(1e-4, 7);
      }
    }
    expect(hits).toBeGreaterThan(50);
  },
);

it("a picture has its size, is the same again, and shows the cube where the camera projects it", async () => {
  const environment = await openEnvironment();
  for (const placement of placements(3, 5)) {
    environment.start(placement);
    const { data, width, height, channels } = environment.picture(112);
    expect([width, height, channels, data.length]).toEqual([112, 112, 3, 3 * 112 * 112]);
    environment.start({ ...placement, x: 0.3, y: 0, seed: 1 });
    expect(Buffer.compare(environment.picture(112).data, data)).not.toBe(0);
    environment.start(placement);
    expect(Buffer.compare(environment.picture(112).data, data)).toBe(0);

    let [count, x, y] = [0, 0, 0];
    for (let i = 0; i < 112 * 112; i++)
      if (data[3 * i] > 2.2 * Math.max(data[3 * i + 1], data[3 * i + 2]))
        [count, x, y] = [count + 1, x + (i % 112), y + Math.floor(i / 112)];
    const [atX, atY] = project(experimentCamera(112), [placement.x, placement.y, 0.015]);
    expect(Math.abs(x / count + 0.5 - atX)).toBeLessThan(1);
    expect(Math.abs(y / count + 0.5 - atY)).toBeLessThan(1);
  }
  environment.close();
});
