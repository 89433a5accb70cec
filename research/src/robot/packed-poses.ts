/** Poses of an episode in few bytes: each body from its parent, in whole units, and of what changes the differences of the differences from step to step. */
import { multiply, POSE, rotationOf } from "./geometry.ts";
import { rotate, rotateBack, subtract, type Vector } from "./vectors.ts";

export interface PackedPoses {
  /** Number of poses: one more than the steps of the episode. */
  readonly length: number;
  /** Numbers of the first pose in units, [bodies, 7]. */
  readonly start: readonly number[];
  /** For each number that changes, by its index in `start`: the differences of its differences, which begin with 0. */
  readonly changes: Readonly<Record<string, readonly number[]>>;
}

/** Units per meter, and per 1 of a quaternion. */
export const UNITS = { position: 1e4, quaternion: 1e4 } as const;

const unitsOf = (index: number): number => (index % POSE < 3 ? UNITS.position : UNITS.quaternion);

/** Packs world poses of bodies, [bodies, 7] each; a parent has a lower index than its children. */
export function packPoses(poses: readonly ArrayLike<number>[], parents: readonly number[]): PackedPoses {
  let before: number[] | undefined;
  const steps = poses.map((pose) => {
    const turned = continued(fromParents(pose, parents), before);
    before = turned;
    return turned.map((value, i) => Math.round(value * unitsOf(i)) + 0); // no negative zero
  });
  const [start] = steps;
  const changing = start.flatMap((first, i) => (steps.every((step) => step[i] === first) ? [] : [i]));
  const changes = changing.map((i): [number, number[]] => {
    let [value, difference] = [start[i], 0];
    const seconds = steps.slice(1).map((step) => {
      const second = step[i] - value - difference;
      [value, difference] = [step[i], difference + second];
      return second;
    });
    return [i, seconds];
  });
  return { length: poses.length, start, changes: Object.fromEntries(changes) };
}

/** Unpacks world poses, [bodies, 7] each. */
export function unpackPoses({ length, start, changes }: PackedPoses, parents: readonly number[]): Float64Array[] {
  const values = Array.from({ length }, () => Float64Array.from(start));
  for (const [index, seconds] of Object.entries(changes)) {
    const i = Number(index);
    let difference = 0;
    for (let step = 1; step < length; step++) {
      difference += seconds[step - 1];
      values[step][i] = values[step - 1][i] + difference;
    }
  }
  return values.map((units) =>
    toWorld(
      units.map((value, i) => value / unitsOf(i)),
      parents,
    ),
  );
}

/** Returns the pose of each body in its parent's frame; the world's stays. */
export function fromParents(pose: ArrayLike<number>, parents: readonly number[]): number[] {
  return parents.flatMap((parent, body) => {
    const [world, from] = [poseOf(pose, body), poseOf(pose, parent)];
    if (body === 0) return [...world.position, ...world.quaternion];
    const [w, x, y, z] = from.quaternion;
    const position = rotateBack(rotationOf(from.quaternion), subtract(world.position, from.position));
    return [...position, ...multiply([w, -x, -y, -z], world.quaternion)];
  });
}

/** Turns poses in the parents' frames to those in the world, with quaternions of length 1. */
function toWorld(pose: Float64Array, parents: readonly number[]): Float64Array {
  const world = new Float64Array(pose.length);
  for (let body = 0; body < parents.length; body++) {
    const relative = poseOf(pose, body);
    const length = Math.hypot(...relative.quaternion);
    const quaternion = relative.quaternion.map((value) => value / length);
    if (body === 0) world.set([...relative.position, ...quaternion]);
    else {
      const from = poseOf(world, parents[body]);
      const offset = rotate(rotationOf(from.quaternion), relative.position);
      world.set(
        offset.map((value, k) => value + from.position[k]),
        POSE * body,
      );
      world.set(multiply(from.quaternion, quaternion), POSE * body + 3);
    }
  }
  return world;
}

function poseOf(poses: ArrayLike<number>, body: number) {
  const at = POSE * body;
  const position: Vector = [poses[at], poses[at + 1], poses[at + 2]];
  return { position, quaternion: [poses[at + 3], poses[at + 4], poses[at + 5], poses[at + 6]] };
}

/** Changes the signs of quaternions, which mean the same turn, so that they are near those of the step before. */
function continued(pose: number[], before: readonly number[] | undefined): number[] {
  if (!before) return pose;
  for (let at = 3; at < pose.length; at += POSE) {
    let cosine = 0;
    for (let i = at; i < at + 4; i++) cosine += pose[i] * before[i];
    if (cosine < 0) for (let i = at; i < at + 4; i++) pose[i] = -pose[i];
  }
  return pose;
}
