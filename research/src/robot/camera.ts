/** The camera of the pictures: a pinhole, and the plane of the table's cubes that it sees. */

type Vector = readonly [number, number, number];

/** A pinhole camera with a square picture. */
export interface Pinhole {
  readonly position: Vector;
  /** Unit vectors: ahead, to the right of the picture, and to its top. */
  readonly ahead: Vector;
  readonly right: Vector;
  readonly up: Vector;
  /** Half the picture's width at a distance of one. */
  readonly half: number;
}

/** Where a point at a known height lies in the picture: fractions of its width and height; and back, in meters. */
export interface Camera {
  project(x: number, y: number): readonly [across: number, down: number];
  unproject(across: number, down: number): readonly [x: number, y: number];
}

const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** Sees the plane at a height above the table. */
export function cameraAt({ position, ahead, right, up, half }: Pinhole, height: number): Camera {
  return {
    project(x, y) {
      const from: Vector = [x - position[0], y - position[1], height - position[2]];
      const depth = 2 * half * dot(from, ahead);
      return [0.5 + dot(from, right) / depth, 0.5 - dot(from, up) / depth];
    },
    unproject(across, down) {
      const [a, b] = [(2 * across - 1) * half, (1 - 2 * down) * half];
      const ray = [0, 1, 2].map((i) => ahead[i] + a * right[i] + b * up[i]);
      const times = (height - position[2]) / ray[2];
      return [position[0] + times * ray[0], position[1] + times * ray[1]];
    },
  };
}
