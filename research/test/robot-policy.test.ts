/** The parts of the robot experiment that learn, on synthetic pictures and demonstrations. */
import type { ImageTokens } from "s2-vision/heads";
import { openGraph, openLoop } from "s2-vision/node";
import { type Checkpoints, makeRandom } from "s2-vision/train";
import { describe, expect, it } from "vitest";
import { cylindrical, executed, history, horizon, type Location, nextActions, pastStates, width } from "../src/robot/arm.ts";
import type { Camera } from "../src/robot/camera.ts";
import { locationCondition, pictureCondition } from "../src/robot/conditions.ts";
import { distance, fitLocalizer, type LocatedTokens, localize } from "../src/robot/localize.ts";
import { copyActions } from "../src/robot/nearest.ts";
import { openPolicy } from "../src/robot/policy.ts";
import { type Lesson, trainPolicy } from "../src/robot/train-policy.ts";

/** Sees the square of 0.4 m before the arm from above. */
const camera: Camera = {
  project: (x, y) => [(x - 0.25) / 0.4, (y + 0.2) / 0.4],
  unproject: (across, down) => [0.25 + 0.4 * across, 0.4 * down - 0.2],
};

/** Draws tokens of 10x10: noise, and in the second half of the channels how far the token is from the cube and how the cube is turned. */
function drawTokens(location: Location, random: () => number): ImageTokens {
  const [rows, cols, channels] = [10, 10, 10];
  const data = Float32Array.from({ length: rows * cols * channels }, () => 0.1 * (random() - 0.5));
  const [across, down] = camera.project(location.x, location.y);
  for (let i = 0; i < rows * cols; i++) {
    const [right, below] = [across * cols - (i % cols) - 0.5, down * rows - Math.floor(i / cols) - 0.5];
    const near = Math.exp(-(right ** 2 + below ** 2) / 2);
    const values = [near, near * right, near * below, near * Math.cos(4 * location.yaw), near * Math.sin(4 * location.yaw)];
    for (const [c, value] of values.entries()) data[i * channels + 5 + c] += value;
  }
  return { data, grid: { rows, cols }, channels, channelsPerScale: [channels], prefix: 0, size: [100, 100] };
}

const someLocation = (random: () => number): Location => ({
  x: 0.3 + 0.3 * random(),
  y: 0.3 * random() - 0.15,
  yaw: random() - 0.5,
});

/** A demonstration without an arm: the first joint turns to the cube's azimuth, the second and the last to fixed functions of the location, then the gripper closes. */
function demonstrate(location: Location, random: () => number): { states: Float32Array; actions: Float32Array } {
  const steps = 24;
  const start = [0.2 * random() - 0.1, 0.3, 1, 0.5, 0, 0.045];
  const [radius, azimuth, side, hand] = cylindrical(location, start);
  const end = [start[0] + azimuth, 2 * radius, 1, 0.5, start[0] + azimuth - (hand + side), 0.045];
  const [states, actions] = [new Float32Array(steps * width), new Float32Array(steps * width)];
  const at = (step: number, i: number) => (i === 5 && step > 20 ? 0 : start[i] + (end[i] - start[i]) * Math.min(1, step / 16));
  for (let step = 0; step < steps; step++)
    for (let i = 0; i < width; i++) {
      states[step * width + i] = at(step, i);
      actions[step * width + i] = at(step + 1, i);
    }
  return { states, actions };
}

const random = makeRandom(1);
const lessons: Lesson[] = Array.from({ length: 12 }, () => {
  const location = someLocation(random);
  return { ...demonstrate(location, random), visual: { location, tokens: drawTokens(location, random).data } };
});
const recipe = { shape: { dim: 32, depth: 1, heads: 4 }, steps: 300, rate: 3e-3, episodes: 4, windows: 4, noise: 0 };
const loop = (file: Uint8Array, state: Parameters<typeof openLoop>[1]) => openLoop(file, state, { threads: 1 });

describe("localization", () => {
  it("finds the cube and its turn in pictures that it was not fitted to, and says where it looked", async () => {
    const draw = (): LocatedTokens => {
      const location = someLocation(random);
      return { location, tokens: drawTokens(location, random) };
    };
    const localizer = await fitLocalizer(Array.from({ length: 60 }, draw), camera, openGraph);
    const test = Array.from({ length: 20 }, draw);
    const found = await localize(
      localizer,
      test.map(({ tokens }) => tokens),
      openGraph,
    );
    for (const [i, location] of found.entries()) {
      expect(distance(location, test[i].location), `picture ${i}`).toBeLessThan(0.01); // a token is 0.04
      expect(Math.cos(4 * (location.yaw - test[i].location.yaw))).toBeGreaterThan(0.9);
      const [across, down] = camera.project(test[i].location.x, test[i].location.y);
      const hottest = location.heat.indexOf(Math.max(...location.heat));
      expect(Math.hypot((hottest % 10) + 0.5 - across * 10, Math.floor(hottest / 10) + 0.5 - down * 10)).toBeLessThan(1.5);
    }
  });
});

describe("the policy", () => {
  it("learns one demonstration: the predicted actions are the demonstrated ones", async () => {
    const [lesson] = lessons;
    const policy = (await trainPolicy({ condition: locationCondition, lessons: [lesson], recipe, seed: 1, openLoop: loop }))!;
    expect(policy.losses.at(-1)).toBeLessThan(policy.losses[0] / 100);
    const opened = await openPolicy(policy, openGraph);
    for (const step of [0, 5, 15]) {
      const predicted = await opened.predict(lesson.states.slice(0, (step + 1) * width), lesson.visual);
      const wanted = new Float32Array(horizon * width);
      nextActions(lesson.actions, step, horizon, wanted);
      const largest = Math.max(...predicted.map((value, i) => Math.abs(value - wanted[i])));
      expect(largest, `step ${step}`).toBeLessThan(0.05);
    }
    await opened.close();
  });

  it("finds the location in the picture's tokens when it is trained end to end", async () => {
    const condition = pictureCondition({ rows: 10, cols: 10, channels: 10 }, 2, 2);
    const policy = (await trainPolicy({ condition, lessons, recipe, seed: 1, openLoop: loop }))!;
    expect(policy.losses.at(-1)).toBeLessThan(policy.losses[0] / 10);
    const opened = await openPolicy(policy, openGraph);
    const [first, second] = [lessons[0], lessons[1]];
    const start = first.states.slice(0, width);
    const ofBoth = [await opened.predict(start, first.visual), await opened.predict(start, second.visual)];
    const azimuths = ofBoth.map((actions) => actions[(horizon - 1) * width]);
    const expected = [first, second].map(({ visual: { location } }) => Math.atan2(location!.y, location!.x));
    expect(Math.abs(azimuths[0] - azimuths[1] - (expected[0] - expected[1]))).toBeLessThan(0.1);
    await opened.close();
  });

  it("trained in two runs is the same as trained in one", async () => {
    const files = new Map<string, Uint8Array>();
    const checkpoints: Checkpoints = {
      read: async (name) => files.get(name),
      write: async (name, bytes) => void files.set(name, bytes),
    };
    const short = { ...recipe, steps: 12 };
    const train = (more: object = {}) =>
      trainPolicy({ condition: locationCondition, lessons, recipe: short, seed: 1, openLoop: loop, ...more });
    const stop = new AbortController();
    const onStep = (step: number) => step === 5 && stop.abort();
    expect(await train({ checkpoints, signal: stop.signal, onStep })).toBeUndefined();
    const resumed = await train({ checkpoints });
    expect(resumed!.losses).toEqual((await train())!.losses);
  });
});

describe("windows of an episode", () => {
  it("repeat the first state before the start and the last action after the end", () => {
    const steps = Float32Array.from({ length: 3 * width }, (_, i) => Math.floor(i / width));
    const past = new Float32Array(history * width);
    pastStates(steps, 1, past);
    expect([past[0], past[(history - 2) * width], past[(history - 1) * width]]).toEqual([0, 0, 1]);
    const next = new Float32Array(4 * width);
    nextActions(steps, 1, 4, next);
    expect([next[0], next[width], next[3 * width]]).toEqual([1, 2, 2]);
  });
});

describe("the nearest demonstration", () => {
  it("is copied turned about the arm's axis and with the hand's turn from the cube", () => {
    const [{ states, actions, visual }] = lessons;
    const demonstration = { states, actions, location: visual.location! };
    const turn = 0.3;
    const [radius, fromJoint] = cylindrical(demonstration.location, states);
    const azimuth = states[0] + fromJoint;
    const location = {
      x: radius * Math.cos(azimuth + turn),
      y: radius * Math.sin(azimuth + turn),
      yaw: demonstration.location.yaw + turn,
    };
    const state = states.slice(0, width);
    state[0] += turn; // the hand turns with the first joint
    const copied = copyActions([demonstration], state, location);
    expect(copied).toHaveLength(executed * width);
    for (let i = 0; i < executed; i++) {
      expect(copied[i * width]).toBeCloseTo(actions[i * width] + turn, 5);
      for (const joint of [1, 2, 3, 4, 5]) expect(copied[i * width + joint]).toBeCloseTo(actions[i * width + joint], 5);
    }
  });
});
