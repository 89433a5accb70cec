/** Maps points of a plane above the table to the pictures, and back. */
import { experimentCamera, project, unproject } from "./render/camera.ts";

/** The experiment's camera and the plane of a height: fractions of the picture's width and height for meters, and meters for fractions. */
export interface Camera {
  project(x: number, y: number): readonly [across: number, down: number];
  unproject(across: number, down: number): readonly [x: number, y: number];
}

/** Sees the plane at a height above the table. */
export function cameraAt(height: number): Camera {
  const camera = experimentCamera(1);
  const { origin } = camera;
  return {
    project(x, y) {
      const [across, down] = project(camera, [x, y, height]);
      return [across, down];
    },
    unproject(across, down) {
      const point = unproject(camera, across, down, 1);
      const times = (height - origin[2]) / (point[2] - origin[2]);
      return [origin[0] + times * (point[0] - origin[0]), origin[1] + times * (point[1] - origin[1])];
    },
  };
}
