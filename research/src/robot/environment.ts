/** The environment of the experiment: an arm that is to pick a cube, at 10 Hz, with a camera and a protective stop. */
import type { Photo } from "s2-vision/node";
import { makeRandom } from "s2-vision/train";
import { ResearchError } from "../error.ts";
import { decide } from "./expert.ts";
import type { Geometry } from "./geometry.ts";
import { forward, inverse, JOINT_RANGES, JOINTS } from "./kinematics.ts";
import { type Placement, placements } from "./placements.ts";
import { drawScene } from "./render/draw.ts";
import { AREA, DISTRACTORS, distractorHeight, MAX_OPENING } from "./scene.ts";
import { openSimulator, type Spot } from "./simulator.ts";

export { type Placement, placements };

/** The gripper and the cube. */
export interface Conditions {
  /** Opening of the open gripper in m, 0.042 to 0.048; default 0.045. */
  readonly opening?: number;
  /** Side of the cube in m; default 0.03. */
  readonly cube?: number;
}

/** The state of an episode: "stopped" by the protective stop, "late" when out of steps. */
export type Outcome = "running" | "picked" | "stopped" | "late";

/** Steps of an episode, 0.1 s each; the expert needs about 26. */
export const MAX_STEPS = 64;
/** Height of the center of a cube that is picked, in m. */
const PICKED = 0.1;

/** States and actions are 6 numbers: the angles of the five joints in radians, and the opening in m. */
export interface Environment {
  /** Starts an episode: the arm is still, somewhere above the table. */
  start(placement: Placement): void;
  /** Measured state, copied. */
  readonly state: Float32Array;
  /** Moves for a step towards a target, evenly; targets beyond the joints' ranges are clamped. */
  act(action: Float32Array): Outcome;
  /** Steps since the start. */
  readonly step: number;
  /** Renders the present scene from the experiment's camera, a square of the side in pixels. */
  picture(side: number): Photo;
  /** Position and quaternion (w, x, y, z) of each body, [bodies, 7]. */
  poses(): Float32Array;
  /** Shapes on the bodies. */
  readonly geometries: readonly Geometry[];
  /** Parent of each body; body 0, the world, is its own. */
  readonly parents: readonly number[];
  /** Decides the scripted expert's action, which knows the cube. */
  expert(): Float32Array;
  close(): void;
}

/** States and actions of the expert's episode, [steps, 6] each. */
export interface Demonstration {
  readonly placement: Placement;
  readonly states: Float32Array;
  readonly actions: Float32Array;
}

/**
 * Opens an environment; close it to free the simulator's memory, 15 MB.
 * @throws ResearchError when the cube does not fit between the fingers.
 */
export async function openEnvironment({ opening: open = 0.045, cube: side = 0.03 }: Conditions = {}): Promise<Environment> {
  if (!(side > 0 && side < open && open <= MAX_OPENING))
    throw new ResearchError(
      `Got a cube of ${side} m for an opening of ${open} m; expected a cube smaller than the opening, which is at most ${MAX_OPENING} m.`,
    );
  const simulator = await openSimulator(side);
  let [step, outcome, texture] = [0, "running" as Outcome, 0];
  let target = new Float32Array(JOINTS + 1);

  const isPicked = () => {
    const [cube, hand] = [simulator.cube(), forward(simulator.state())];
    return cube.z > PICKED && Math.hypot(cube.x - hand.x, cube.y - hand.y, cube.z - hand.z) < side;
  };
  return {
    start(placement) {
      const scene = arrange(placement, side);
      target = Float32Array.of(...scene.joints, open);
      simulator.reset(scene.cube, scene.distractors, target);
      [step, outcome, texture] = [0, "running", placement.texture];
    },
    get state() {
      return simulator.state();
    },
    get step() {
      return step;
    },
    act(action) {
      if (outcome !== "running") return outcome;
      if (action.length !== JOINTS + 1 || !action.every(Number.isFinite))
        throw new ResearchError(
          `Got the action [${action}]; expected ${JOINTS + 1} finite numbers: joint angles and the opening.`,
        );
      const next = action.map((value, i) => {
        const [low, high] = JOINT_RANGES[i] ?? [0, open];
        return Math.min(high, Math.max(low, value));
      });
      const ran = simulator.move(target, next);
      [target, step] = [next, step + 1];
      if (!ran) outcome = "stopped";
      else if (isPicked()) outcome = "picked";
      else if (step >= MAX_STEPS) outcome = "late";
      return outcome;
    },
    picture: (pixels) => drawScene(simulator.geometries, simulator.poses(), texture, pixels),
    poses: () => simulator.poses(),
    geometries: simulator.geometries,
    parents: simulator.parents,
    expert() {
      const state = simulator.state();
      const joints = decide({
        target: { ...forward(target), opening: target[JOINTS] },
        hand: { ...forward(state), opening: state[JOINTS] },
        ...{ cube: simulator.cube(), side, open },
      });
      return joints ? Float32Array.from(joints) : Float32Array.from(target);
    },
    close: () => simulator.close(),
  };
}

/** Runs the expert from a placement and records what it sees of the arm and does. */
export function demonstrate(environment: Environment, placement: Placement): Demonstration & { readonly outcome: Outcome } {
  environment.start(placement);
  const [states, actions]: [number[], number[]] = [[], []];
  let outcome: Outcome = "running";
  while (outcome === "running") {
    const action = environment.expert();
    states.push(...environment.state);
    actions.push(...action);
    outcome = environment.act(action);
  }
  return { placement, states: Float32Array.from(states), actions: Float32Array.from(actions), outcome };
}

/** Arranges a scene from its seed: the start pose, and three to five distractors, apart from the cube and from each other. */
function arrange({ x, y, yaw, seed }: Placement, side: number) {
  const random = makeRandom(seed);
  const around = (center: number, width: number) => center + width * (random() - 0.5);
  const joints = inverse(around(0.3, 0.06), around(0, 0.1), around(0.26, 0.06), around(0, 0.4)) as number[];
  const taken = [{ x, y }];
  const distractors = new Array<Spot | undefined>(DISTRACTORS).fill(undefined);
  const count = 3 + Math.floor(3 * random());
  for (let i = Math.floor(DISTRACTORS * random()), n = 0; n < count; i++, n++) {
    const spot = freeSpot(random, taken);
    if (spot) taken.push(spot);
    distractors[i % DISTRACTORS] = spot && { ...spot, z: distractorHeight(i % DISTRACTORS), yaw: Math.PI * random() };
  }
  return { joints, cube: { x, y, z: side / 2, yaw }, distractors };
}

/** Finds a spot 85 mm from all others, near the area or in it. */
function freeSpot(random: () => number, taken: readonly { x: number; y: number }[]) {
  for (let tries = 0; tries < 100; tries++) {
    const [x, y] = [AREA.near - 0.06 + 0.45 * random(), AREA.left - 0.11 + 0.52 * random()];
    if (taken.every((other) => Math.hypot(other.x - x, other.y - y) > 0.085)) return { x, y };
  }
  return undefined;
}
