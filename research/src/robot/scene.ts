/** The scene in MuJoCo's format (MJCF): table, arm with a parallel gripper, cube, and distractors that nothing collides with. */
import { JOINT_RANGES, LENGTHS } from "./kinematics.ts";

/** Area in which cubes lie, in m. */
export const AREA = { left: -0.15, right: 0.15, near: 0.3, far: 0.6 } as const;
/** The top of the table, in m; its height is 0. */
export const TABLE = { x: [-0.17, 0.93], y: [-0.6, 0.6] } as const;
/** Largest distance between the fingers that the gripper's joints allow, in m. */
export const MAX_OPENING = 0.084;
/** Bodies of distractors; a scene shows some of them. */
export const DISTRACTORS = 6;
/** Seconds of a simulation step. */
export const TIME_STEP = 0.004;

/** Distractors, about as large as a cube of 30 mm; sizes are MuJoCo's half extents in m. */
const PROPS = [
  { type: "box", size: [0.0135, 0.0162, 0.0108], color: "0.15 0.35 0.75" },
  { type: "cylinder", size: [0.0173, 0.0155], color: "0.15 0.55 0.30" },
  { type: "sphere", size: [0.021], color: "0.90 0.75 0.15" },
  { type: "box", size: [0.0135, 0.0162, 0.0108], color: "0.45 0.25 0.60" },
  { type: "cylinder", size: [0.0173, 0.0155], color: "0.85 0.85 0.85" },
  { type: "box", size: [0.021, 0.0252, 0.0168], color: "0.12 0.12 0.14" },
] as const;

/** Distance of a distractor's center from what it stands on, in m. */
export const distractorHeight = (index: number): number => PROPS[index].size.at(-1) as number;

const distractor = ({ type, size, color }: (typeof PROPS)[number], index: number) =>
  `<body name="distractor${index}" mocap="true" pos="0 0 -2">
      <geom type="${type}" size="${size.join(" ")}" rgba="${color} 1" contype="0" conaffinity="0"/>
    </body>`;

/**
 * A finger: the pad grips, and the tip below it, one millimeter further out, touches only what the finger comes down on. The touch sensor covers the tip alone,
 * so that it does not feel the grip.
 */
const finger = (name: string, side: 1 | -1) => `
<body name="${name}" pos="0 0 0.052" gravcomp="1">
  <joint name="${name}" type="slide" axis="0 ${side} 0" range="0 ${MAX_OPENING / 2}" damping="20" armature="0.1"/>
  <inertial pos="0 ${side * 0.01} 0.03" mass="0.05" diaginertia="0.00003 0.00003 0.00003"/>
  <geom class="dark" type="box" size="0.010 0.006 0.020" pos="0 ${side * 0.01} 0.018"/>
  <geom class="pad" size="0.010 0.004 0.022" pos="0 ${side * 0.004} 0.044"/>
  <geom class="pad" size="0.010 0.0035 0.002" pos="0 ${side * 0.0045} 0.068"/>
  <site name="${name}" type="box" size="0.012 0.006 0.0018" pos="0 ${side * 0.005} 0.0692" rgba="0 0 0 0"/>
</body>`;

const range = (joint: number) => JOINT_RANGES[joint].join(" ");
const { base, upper, fore, tool } = LENGTHS;
const acrossTheArm = 'euler="1.5708 0 0"';

/**
 * Writes the scene with a cube of the side in m. Contacts are as hard as MuJoCo allows: it scales their softness by the mass, and with its defaults a finger
 * pushes a cube of a few grams into the table and feels no force.
 */
export function sceneXml(cube: number): string {
  const half = cube / 2;
  return `
<mujoco model="pick">
  <compiler angle="radian" autolimits="true"/>
  <option timestep="${TIME_STEP}" integrator="implicitfast" cone="elliptic" impratio="10" iterations="20" tolerance="1e-8"/>
  <default>
    <joint damping="2" armature="0.05"/>
    <geom condim="4" friction="1 0.02 0.001" solref="0.008 1" solimp="0.99 0.9999 0.001"/>
    <default class="shell"><geom rgba="0.92 0.92 0.93 1" contype="0" conaffinity="0"/></default>
    <default class="dark"><geom rgba="0.20 0.21 0.23 1" contype="0" conaffinity="0"/></default>
    <default class="pad">
      <geom type="box" rgba="0.13 0.13 0.14 1" friction="1.6 0.05 0.001" priority="1"/>
    </default>
  </default>
  <worldbody>
    <geom name="floor" type="plane" pos="0 0 -0.75" size="4 4 0.1" rgba="0.55 0.56 0.58 1" contype="0" conaffinity="0"/>
    <geom name="wall" type="box" pos="-0.75 0 0.4" size="0.02 4 1.2" rgba="0.74 0.77 0.78 1" contype="0" conaffinity="0"/>
    <geom name="table" type="box" pos="0.38 0 -0.02" size="0.55 0.60 0.02" rgba="0.72 0.56 0.40 1"/>
    <body name="pedestal">
      <geom class="dark" type="cylinder" size="0.085 0.012" pos="0 0 0.012"/>
      <geom class="shell" type="cylinder" size="0.062 0.07" pos="0 0 0.09"/>
      <body name="shoulder" pos="0 0 ${base}" gravcomp="1">
        <joint name="yaw" axis="0 0 1" range="${range(0)}"/>
        <inertial pos="0 0 -0.03" mass="2" diaginertia="0.01 0.01 0.01"/>
        <geom class="shell" type="cylinder" size="0.058 0.045" pos="0 0 -0.045"/>
        <geom class="dark" type="cylinder" size="0.060 0.004" pos="0 0 -0.082"/>
        <geom class="shell" type="cylinder" size="0.055 0.060" ${acrossTheArm}/>
        <geom class="dark" type="cylinder" size="0.040 0.063" ${acrossTheArm}/>
        <body name="upper arm" gravcomp="1">
          <joint name="shoulder" axis="0 1 0" range="${range(1)}"/>
          <inertial pos="0 0 ${upper / 2}" mass="1.8" diaginertia="0.015 0.015 0.003"/>
          <geom class="shell" type="capsule" size="0.042" fromto="0 0 0.03 0 0 ${upper - 0.03}"/>
          <geom class="shell" type="cylinder" size="0.048 0.050" pos="0 0 ${upper}" ${acrossTheArm}/>
          <geom class="dark" type="cylinder" size="0.034 0.053" pos="0 0 ${upper}" ${acrossTheArm}/>
          <body name="forearm" pos="0 0 ${upper}" gravcomp="1">
            <joint name="elbow" axis="0 1 0" range="${range(2)}"/>
            <inertial pos="0 0 ${fore / 2}" mass="1.2" diaginertia="0.010 0.010 0.002"/>
            <geom class="shell" type="capsule" size="0.034" fromto="0 0 0.03 0 0 ${fore - 0.02}"/>
            <geom class="shell" type="cylinder" size="0.038 0.044" pos="0 0 ${fore}" ${acrossTheArm}/>
            <geom class="dark" type="cylinder" size="0.027 0.047" pos="0 0 ${fore}" ${acrossTheArm}/>
            <body name="wrist" pos="0 0 ${fore}" gravcomp="1">
              <joint name="wrist" axis="0 1 0" range="${range(3)}"/>
              <inertial pos="0 0 0.04" mass="0.6" diaginertia="0.002 0.002 0.001"/>
              <geom class="shell" type="cylinder" size="0.031 0.035" pos="0 0 0.040"/>
              <body name="hand" pos="0 0 ${tool - 0.112}" gravcomp="1">
                <joint name="roll" axis="0 0 1" range="${range(4)}"/>
                <inertial pos="0 0 0.02" mass="0.4" diaginertia="0.0006 0.0006 0.0004"/>
                <geom class="dark" type="cylinder" size="0.032 0.007" pos="0 0 0.006"/>
                <geom class="shell" type="box" size="0.026 0.058 0.018" pos="0 0 0.030"/>
                <geom class="dark" type="box" size="0.018 0.056 0.006" pos="0 0 0.050"/>
                ${finger("left finger", 1)}
                ${finger("right finger", -1)}
              </body>
            </body>
          </body>
        </body>
      </body>
    </body>
    <body name="cube" pos="0.45 0 ${half}">
      <freejoint name="cube"/>
      <geom type="box" size="${half} ${half} ${half}" density="450" rgba="0.82 0.12 0.10 1" friction="1.2 0.02 0.001"/>
    </body>
    ${PROPS.map(distractor).join("\n    ")}
  </worldbody>
  <sensor><touch site="left finger"/><touch site="right finger"/></sensor>
  <equality><joint joint1="left finger" joint2="right finger" polycoef="0 1 0 0 0" solref="0.005 1"/></equality>
  <actuator>
    <position joint="yaw" kp="1200" dampratio="1"/>
    <position joint="shoulder" kp="1600" dampratio="1"/>
    <position joint="elbow" kp="1200" dampratio="1"/>
    <position joint="wrist" kp="500" dampratio="1"/>
    <position joint="roll" kp="200" dampratio="1"/>
    <position joint="left finger" kp="600" dampratio="1" forcerange="-25 25" ctrlrange="0 ${MAX_OPENING / 2}"/>
  </actuator>
</mujoco>`;
}
