/** The scripted expert: over the cube, down, close, up. It knows the cube and decides from the present step alone, so it can go on from any state. */
import { type Hand, inverse } from "./kinematics.ts";

/** Height of the hand before it goes down to the cube, in m. */
const ABOVE = 0.11;
const LIFT = 0.16;
/** Distances per step in m: above the table, and near the cube. */
const FAST = 0.022;
const SLOW = 0.018;
/** Largest turn per step, in radians. */
const TURN = 0.15;

/** Knowledge of the expert at a step. */
export interface Situation {
  /** Target of the last step. */
  readonly target: Hand & { readonly opening: number };
  /** Measured hand. */
  readonly hand: Hand & { readonly opening: number };
  readonly cube: { readonly x: number; readonly y: number; readonly z: number; readonly yaw: number };
  readonly side: number;
  /** Opening of the open gripper, in m. */
  readonly open: number;
}

/** Decides the target of the next step: joint angles and opening; undefined where the arm does not reach. */
export function decide({ target, hand, cube, side, open }: Situation): number[] | undefined {
  const grasp = Math.max(side / 2, 0.012);
  const isOver = Math.hypot(cube.x - target.x, cube.y - target.y) < 0.002;
  const isClosed = target.opening < side;
  const isNear = Math.hypot(cube.x - hand.x, cube.y - hand.y) < 0.01 && Math.abs(cube.z - hand.z) < 0.012;
  if (isClosed && isNear) {
    const isHeld = hand.opening > side - 0.004 && hand.opening < side + 0.0015;
    return move(target, isHeld ? { ...target, z: LIFT } : target, SLOW, 0);
  }
  // The cube's yaw modulo a quarter turn, nearest to the hand's.
  const yaw = cube.yaw + Math.round((target.yaw - cube.yaw) / (Math.PI / 2)) * (Math.PI / 2);
  const isTurned = Math.abs(yaw - target.yaw) < 0.02;
  if (!isOver || !isTurned) return move(target, { ...cube, z: ABOVE, yaw }, FAST, open);
  const hasArrived = Math.hypot(target.x - hand.x, target.y - hand.y) < 0.002 && Math.abs(target.z - hand.z) < 0.003;
  if (target.z <= grasp + 1e-4) return move(target, target, SLOW, hasArrived ? 0 : open);
  const isAbove = target.z > ABOVE - 0.001;
  return move(target, isAbove && !hasArrived ? target : { ...cube, z: grasp, yaw: target.yaw }, SLOW, open);
}

/** Moves from a target towards another, no further than a step allows. */
function move(from: Hand, to: Omit<Hand, "pitch">, speed: number, opening: number): number[] | undefined {
  const [dx, dy, dz] = [to.x - from.x, to.y - from.y, to.z - from.z];
  const fraction = Math.min(1, speed / Math.max(Math.hypot(dx, dy, dz), 1e-9));
  const turn = Math.max(-TURN, Math.min(TURN, to.yaw - from.yaw));
  const joints = inverse(from.x + dx * fraction, from.y + dy * fraction, from.z + dz * fraction, from.yaw + turn);
  return joints && [...joints, opening];
}
