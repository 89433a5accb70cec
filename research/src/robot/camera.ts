/** Where points of a plane above the table lie in the pictures, and back. */
import { dot, type Camera as Pinhole } from "./render/camera.ts";

/** The experiment's camera and the plane of a height: fractions of the picture's width and height for meters, and meters for fractions. */
export interface Camera {
  project(x: number, y: number): readonly [across: number, down: number];
  unproject(across: number, down: number): readonly [x: number, y: number];
}

/** Sees the plane at a height above the table. */
export function cameraAt({ origin, forward, right, up, pixel, side }: Pinhole, height: number): Camera {
  const width = pixel * side; // at distance 1
  return {
    project(x, y) {
      const offset: [number, number, number] = [x - origin[0], y - origin[1], height - origin[2]];
      const depth = width * dot(offset, forward);
      return [0.5 + dot(offset, right) / depth, 0.5 - dot(offset, up) / depth];
    },
    unproject(across, down) {
      const ray = (i: number) => forward[i] + (across - 0.5) * width * right[i] + (0.5 - down) * width * up[i];
      const times = (height - origin[2]) / ray(2);
      return [origin[0] + times * ray(0), origin[1] + times * ray(1)];
    },
  };
}
