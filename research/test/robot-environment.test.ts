/** The robot environment: demonstrations succeed, careless ones are stopped, and a seed gives the same episode again. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Demonstration,
  demonstrate,
  type Environment,
  MAX_STEPS,
  openEnvironment,
  placements,
} from "../src/robot/environment.ts";
import { forward, inverse } from "../src/robot/kinematics.ts";

const OPENING = 0.042;
let environment: Environment;
beforeAll(async () => {
  environment = await openEnvironment({ opening: OPENING });
});
afterAll(() => environment.close());

/** Repeats a demonstration's actions with the cube moved along an axis of the hand. */
function repeatOff({ placement, actions }: Demonstration, distance: number, axis: number, environment: Environment) {
  const angle = forward(actions.subarray(actions.length - 6)).yaw + axis;
  environment.start({ ...placement, x: placement.x + distance * Math.cos(angle), y: placement.y + distance * Math.sin(angle) });
  for (;;) {
    const at = Math.min(6 * environment.step, actions.length - 6);
    const outcome = environment.act(actions.subarray(at, at + 6));
    if (outcome !== "running") return outcome;
  }
}

describe("the arm", () => {
  it("reaches the points that its inverse kinematics are given, pointing down", () => {
    for (const { x, y, yaw } of placements(20, 3))
      for (const z of [0.012, 0.11, 0.28]) {
        const hand = forward(inverse(x, y, z, yaw)!);
        expect([hand.x, hand.y, hand.z, hand.yaw, hand.pitch].map((value, i) => value - [x, y, z, yaw, Math.PI][i])).toEqual(
          Array(5).fill(expect.closeTo(0, 9)),
        );
      }
    expect(inverse(0.9, 0, 0.1, 0)).toBeUndefined();
  });
});

describe("an episode", () => {
  it("of the expert picks the cube, on every texture, and records states and actions of each step", () => {
    for (const placement of placements(5, 7)) {
      const { outcome, states, actions } = demonstrate(environment, placement);
      expect(outcome).toBe("picked");
      expect(states.length).toBe(6 * environment.step);
      expect(actions.length).toBe(states.length);
      expect([...states, ...actions].every(Number.isFinite)).toBe(true);
      expect(states[5]).toBeCloseTo(OPENING, 4);
    }
  });

  it("is stopped when a finger comes down on a cube that lies 20 mm off along the fingers' axis; 30 mm across it, the hand misses", () => {
    const [placement] = placements(1, 7);
    const demonstration = demonstrate(environment, placement);
    expect(repeatOff(demonstration, 0, 0, environment)).toBe("picked");
    expect(repeatOff(demonstration, 0.02, Math.PI / 2, environment)).toBe("stopped");
    expect(repeatOff(demonstration, 0.03, 0, environment)).toBe("late");
  });

  it("is stopped with a light cube too, which a finger does not push into the table", async () => {
    const light = await openEnvironment({ cube: 0.02 });
    const demonstration = demonstrate(light, placements(1, 7)[0]);
    expect(repeatOff(demonstration, 0.022, Math.PI / 2, light)).toBe("stopped");
    const { body } = light.geometries.find(({ name }) => name === "cube")!;
    expect(light.poses()[7 * body + 2]).toBeGreaterThan(0.009);
    light.close();
  });

  it("ends when steps run out, and stays ended", () => {
    environment.start(placements(1, 7)[0]);
    const still = Float32Array.of(...environment.state);
    for (let step = 1; step < MAX_STEPS; step++) expect(environment.act(still)).toBe("running");
    expect(environment.act(still)).toBe("late");
    expect(environment.act(still)).toBe("late");
    expect(environment.step).toBe(MAX_STEPS);
  });

  it("is the same for the same placement in another environment, and another for another seed", async () => {
    const [placement] = placements(1, 11);
    const first = demonstrate(environment, placement);
    const poses = environment.poses();
    const other = await openEnvironment({ opening: OPENING });
    const second = demonstrate(other, placement);
    expect(second.states).toEqual(first.states);
    expect(other.poses()).toEqual(poses);
    other.close();
    expect(demonstrate(environment, { ...placement, seed: placement.seed + 1 }).states).not.toEqual(first.states);
  });

  it("clamps targets to the joints' ranges and the gripper's opening, and refuses numbers that are not finite", () => {
    environment.start(placements(1, 7)[0]);
    const wide = Float32Array.of(...environment.state.subarray(0, 5), 1);
    for (let step = 0; step < 5; step++) environment.act(wide);
    expect(environment.state[5]).toBeLessThan(OPENING + 0.001);
    expect(() => environment.act(new Float32Array(6).fill(Number.NaN))).toThrow("finite");
    expect(() => environment.act(new Float32Array(5))).toThrow("6 finite numbers");
  });

  it("is not had with a cube that does not fit between the fingers", async () => {
    await expect(openEnvironment({ opening: 0.03, cube: 0.03 })).rejects.toThrow("smaller than the opening");
    await expect(openEnvironment({ opening: 0.09 })).rejects.toThrow("at most 0.084");
  });
});

it("the expert's committed figures are at least 98 % at each opening and cube, and actions that are 12 mm off fail often", () => {
  const path = fileURLToPath(new URL("../src/robot/expert.json", import.meta.url));
  const { rows } = JSON.parse(readFileSync(path, "utf8"));
  expect(rows.map(({ opening }: { opening: number }) => opening)).toEqual(expect.arrayContaining([0.042, 0.045, 0.048]));
  for (const { placements, picked, cube, errors } of rows) {
    expect(picked / placements).toBeGreaterThanOrEqual(0.98);
    const { picked: careless } = errors.find(({ millimeters }: { millimeters: number }) => millimeters === 12);
    if (cube === 0.03) expect(careless / placements).toBeLessThan(0.85);
  }
});
