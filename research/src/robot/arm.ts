/** The cube's location in the coordinates of the arm, and windows of the states and actions of an episode. */
import { inverse, JOINTS } from "./kinematics.ts";
import { AREA } from "./scene.ts";

/** Numbers in a state and in an action: five joint angles (radians) and the gripper's opening (m). */
export const width = 6;
/** Past states that a policy reads. */
export const history = 16;
/** Actions that a policy predicts. */
export const horizon = 16;
/** Actions that are executed before the next prediction. */
export const executed = 8;

/** Place of the cube on the table: meters from the arm's axis, and its turn in radians. */
export interface Location {
  readonly x: number;
  readonly y: number;
  readonly yaw: number;
}

/** States and actions of an episode, `width` numbers a step. */
export interface Steps {
  readonly states: Float32Array;
  readonly actions: Float32Array;
}

/** Wraps an angle to ±45°: a cube looks the same after a quarter turn. */
export const quarterTurn = (angle: number): number => angle - (Math.PI / 2) * Math.round(angle / (Math.PI / 2));

/**
 * Describes a location in the arm's cylindrical coordinates: distance from the axis (m), azimuth from the first joint (rad), the turn from the hand to the
 * nearest pair of the cube's sides (rad), and the hand's own turn. The hand's turn in the world is the first joint's angle minus the last's.
 */
export function cylindrical({ x, y, yaw }: Location, state: ArrayLike<number>): [number, number, number, number] {
  const hand = state[0] - state[4];
  return [Math.hypot(x, y), Math.atan2(y, x) - state[0], quarterTurn(yaw - hand), hand];
}

/** Numbers of a goal: angles of the joints. */
export const goalWidth = JOINTS;
/** Height of the hand at a goal in meters. */
const goalHeight = 0.015;
/** Meters beyond the area of the placements within which a location is taken as it was found. */
const margin = 0.02;

/** Moves a location that was found far outside the area where cubes lie to its edge. */
export const inArea = ({ x, y, yaw }: Location): Location => ({
  x: Math.min(AREA.far + margin, Math.max(AREA.near - margin, x)),
  y: Math.min(AREA.right + margin, Math.max(AREA.left - margin, y)),
  yaw,
});

/** Returns the turns of the joints from a state to the pose in which the hand is at a location, with the nearest turn that fits the cube's sides. */
export function goalOf(location: Location, state: ArrayLike<number>): number[] {
  const { x, y, yaw } = inArea(location);
  const hand = state[0] - state[4];
  const joints = inverse(x, y, goalHeight, hand + quarterTurn(yaw - hand));
  if (!joints) throw new RangeError(`The arm does not reach ${x}, ${y}.`);
  return joints.map((angle, i) => angle - state[i]);
}

/** Writes the `history` states up to step `last` (counted from 0), the first one repeated before the episode's start. */
export function pastStates(states: Float32Array, last: number, target: Float32Array, at = 0): void {
  for (let i = 0; i < history; i++) {
    const step = Math.max(0, last - history + 1 + i);
    target.set(states.subarray(step * width, (step + 1) * width), at + i * width);
  }
}

/** Writes `count` actions from step `first` on, the last one repeated after the episode's end. */
export function nextActions(actions: Float32Array, first: number, count: number, target: Float32Array, at = 0): void {
  const steps = actions.length / width;
  for (let i = 0; i < count; i++) {
    const step = Math.min(steps - 1, first + i);
    target.set(actions.subarray(step * width, (step + 1) * width), at + i * width);
  }
}

/** Subtracts a state's joint angles from actions in location, or adds them with `sign` 1; the opening stays as it is. */
export function relativeTo(state: ArrayLike<number>, actions: Float32Array, sign: 1 | -1 = -1): void {
  for (let i = 0; i < actions.length; i++) if (i % width !== width - 1) actions[i] += sign * state[i % width];
}
