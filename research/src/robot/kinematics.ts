/** Forward and inverse kinematics of the arm in closed form: yaw, three pitches, roll. */

/** Lengths in m: table to shoulder, shoulder to elbow, elbow to wrist, wrist to the point between the fingertips. */
export const LENGTHS = { base: 0.24, upper: 0.34, fore: 0.33, tool: 0.19 } as const;

/** Number of joints of the arm, without the gripper. */
export const JOINTS = 5;

/** Smallest and largest angles of the joints in radians. */
export const JOINT_RANGES: readonly (readonly [low: number, high: number])[] = [
  [-2.6, 2.6],
  [-1.6, 2.2],
  [0.05, 2.8],
  [-2.8, 2.8],
  [-4, 4],
];

/** Position of the point between the fingertips in m, the hand's yaw, and its pitch (pi: straight down), in radians. */
export interface Hand {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly yaw: number;
  readonly pitch: number;
}

/** Computes the hand of joint angles; its yaw is that of a hand that points straight down. */
export function forward(joints: ArrayLike<number>): Hand {
  const { base, upper, fore, tool } = LENGTHS;
  const [elbow, wrist] = [joints[1] + joints[2], joints[1] + joints[2] + joints[3]];
  const reach = upper * Math.sin(joints[1]) + fore * Math.sin(elbow) + tool * Math.sin(wrist);
  const z = base + upper * Math.cos(joints[1]) + fore * Math.cos(elbow) + tool * Math.cos(wrist);
  return { x: reach * Math.cos(joints[0]), y: reach * Math.sin(joints[0]), z, yaw: joints[0] - joints[4], pitch: wrist };
}

/** Computes the joint angles of a hand that points straight down; undefined where the arm does not reach. */
export function inverse(x: number, y: number, z: number, yaw: number): number[] | undefined {
  const { base, upper, fore, tool } = LENGTHS;
  const reach = Math.hypot(x, y);
  const wristHeight = z + tool - base;
  const cosine = (reach ** 2 + wristHeight ** 2 - upper ** 2 - fore ** 2) / (2 * upper * fore);
  if (Math.abs(cosine) > 1) return undefined;
  const elbow = Math.acos(cosine);
  const shoulder = Math.atan2(reach, wristHeight) - Math.atan2(fore * Math.sin(elbow), upper + fore * Math.cos(elbow));
  const turn = Math.atan2(y, x);
  return [turn, shoulder, elbow, Math.PI - shoulder - elbow, turn - yaw];
}
