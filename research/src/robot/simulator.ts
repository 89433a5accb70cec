/** The scene in MuJoCo: reset, 0.1 s at a time, and what is read from it as plain numbers. */
import loadMujoco, { type MainModule, type MjData, type MjModel } from "@mujoco/mujoco";
import { type Geometry, POSE, type Shape } from "./geometry.ts";
import { JOINTS } from "./kinematics.ts";
import { DISTRACTORS, sceneXml, TIME_STEP } from "./scene.ts";
import type { Vector } from "./vectors.ts";

/** Simulation steps of a step of the environment, 0.1 s. */
const SUBSTEPS = Math.round(0.1 / TIME_STEP);
/** Force on a fingertip that stops the arm, in N. */
const STOP_FORCE = 20;
/** Simulation steps in a row above it: a single one is the shock of a contact. */
const STOP_STEPS = 3;
/** The cube's numbers in `qpos`, after joints and fingers. */
const CUBE = JOINTS + 2;
const SHAPES: Readonly<Record<number, Shape>> = { 0: "plane", 2: "sphere", 3: "capsule", 5: "cylinder", 6: "box" };

/** Position (m) and yaw of something on the table. */
export interface Spot {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly yaw: number;
}

export interface Simulator {
  /** Shapes of all bodies, as long as the simulator lives. */
  readonly geometries: readonly Geometry[];
  /** Parent of each body; body 0, the world, is its own. */
  readonly parents: readonly number[];
  /** Puts the cube, the arm, which is still, and the distractors that the scene shows. */
  reset(cube: Spot, distractors: readonly (Spot | undefined)[], target: ArrayLike<number>): void;
  /** Moves the target of joints and opening evenly to another within 0.1 s; returns false if the protective stop ended the motion. */
  move(from: ArrayLike<number>, to: ArrayLike<number>): boolean;
  /** Joint angles and opening. */
  state(): Float32Array;
  cube(): Spot;
  /** Position and quaternion of each body, [bodies, 7]. */
  poses(): Float32Array;
  close(): void;
}

let loading: Promise<MainModule> | undefined;

/** Opens a simulator of a cube of the side in m. */
export async function openSimulator(cube: number): Promise<Simulator> {
  loading ??= loadMujoco();
  const mujoco = await loading;
  const model = mujoco.MjModel.from_xml_string(sceneXml(cube));
  const data = new mujoco.MjData(model);
  return simulate(mujoco, model, data);
}

// Typed arrays of `data` are read again in each function: they detach when the heap grows.
function simulate(mujoco: MainModule, model: MjModel, data: MjData): Simulator {
  const { nbody } = model;
  return {
    geometries: readGeometries(mujoco, model),
    parents: Array.from(model.body_parentid as Int32Array),
    reset(cube, distractors, target) {
      mujoco.mj_resetData(model, data);
      const finger = target[JOINTS] / 2;
      data.qpos.set([...Array.from(target).slice(0, JOINTS), finger, finger]);
      data.qpos.set([cube.x, cube.y, cube.z, ...turn(cube.yaw)], CUBE);
      data.ctrl.set([...Array.from(target).slice(0, JOINTS), finger]);
      for (let i = 0; i < DISTRACTORS; i++) {
        const { x, y, z, yaw } = distractors[i] ?? { x: 0, y: 0, z: -2, yaw: 0 }; // below the floor
        data.mocap_pos.set([x, y, z], 3 * i);
        data.mocap_quat.set(turn(yaw), 4 * i);
      }
      mujoco.mj_forward(model, data);
    },
    move(from, to) {
      let pressed = 0;
      for (let step = 1; step <= SUBSTEPS; step++) {
        const { ctrl } = data;
        for (let j = 0; j < JOINTS; j++) ctrl[j] = from[j] + ((to[j] - from[j]) * step) / SUBSTEPS;
        ctrl[JOINTS] = (from[JOINTS] + ((to[JOINTS] - from[JOINTS]) * step) / SUBSTEPS) / 2;
        mujoco.mj_step(model, data);
        const force = data.sensordata;
        pressed = Math.max(force[0], force[1]) > STOP_FORCE ? pressed + 1 : 0;
        if (pressed >= STOP_STEPS) return false;
      }
      return true;
    },
    state() {
      const { qpos } = data;
      return Float32Array.of(...qpos.subarray(0, JOINTS), qpos[JOINTS] + qpos[JOINTS + 1]);
    },
    cube() {
      const [x, y, z, w, a, b, c] = data.qpos.subarray(CUBE, CUBE + POSE);
      return { x, y, z, yaw: Math.atan2(2 * (w * c + a * b), 1 - 2 * (b * b + c * c)) };
    },
    poses() {
      const [positions, quaternions] = [data.xpos, data.xquat];
      const poses = new Float32Array(POSE * nbody);
      for (let body = 0; body < nbody; body++) {
        poses.set(positions.subarray(3 * body, 3 * body + 3), POSE * body);
        poses.set(quaternions.subarray(4 * body, 4 * body + 4), POSE * body + 3);
      }
      return poses;
    },
    close() {
      data.delete();
      model.delete();
    },
  };
}

const turn = (yaw: number) => [Math.cos(yaw / 2), 0, 0, Math.sin(yaw / 2)];

/** Reads the shapes of the scene; a shape has its own name or, on a body, the body's. */
function readGeometries(mujoco: MainModule, model: MjModel): Geometry[] {
  const { mjOBJ_GEOM, mjOBJ_BODY } = mujoco.mjtObj;
  const vector = (values: Float64Array | Float32Array, at: number) => [...values.subarray(at, at + 3)] as Vector;
  return Array.from({ length: model.ngeom }, (_, i) => {
    const body: number = model.geom_bodyid[i];
    return {
      name: body === 0 ? mujoco.mj_id2name(model, mjOBJ_GEOM.value, i) : mujoco.mj_id2name(model, mjOBJ_BODY.value, body),
      body,
      shape: SHAPES[model.geom_type[i]],
      size: vector(model.geom_size, 3 * i),
      color: vector(model.geom_rgba, 4 * i),
      position: vector(model.geom_pos, 3 * i),
      quaternion: [...model.geom_quat.subarray(4 * i, 4 * i + 4)],
    };
  });
}
