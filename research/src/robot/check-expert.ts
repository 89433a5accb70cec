/**
 * Measures the scripted expert on test placements, and how far off its actions may be before they fail:
 * `node research/run.mjs research/src/robot/check-expert.ts` writes expert.json beside this file.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { makeRandom } from "s2-vision/train";
import { type Demonstration, demonstrate, type Environment, type Outcome, openEnvironment, placements } from "./environment.ts";

const COUNT = 200;
/** Seed of the experiment's test placements. */
const SEED = 2;
/** Settings in m: openings for the cube of 30 mm, then other cubes. */
const SETTINGS = [
  { opening: 0.042, cube: 0.03 },
  { opening: 0.045, cube: 0.03 },
  { opening: 0.048, cube: 0.03 },
  { opening: 0.045, cube: 0.02 },
  { opening: 0.045, cube: 0.025 },
  { opening: 0.045, cube: 0.035 },
];
/** Distances in m by which the cube is moved, in a random direction, from where the actions expect it. */
const ERRORS = [0, 0.003, 0.006, 0.009, 0.012, 0.016, 0.02];

/** Repeats actions with the cube elsewhere; the arm stays at the last target until the episode ends. */
function repeat(environment: Environment, { placement, actions }: Demonstration, error: number, direction: number): Outcome {
  const [x, y] = [placement.x + error * Math.cos(direction), placement.y + error * Math.sin(direction)];
  environment.start({ ...placement, x, y });
  for (;;) {
    const at = Math.min(6 * environment.step, actions.length - 6);
    const outcome = environment.act(actions.subarray(at, at + 6));
    if (outcome !== "running") return outcome;
  }
}

const count = (outcomes: readonly Outcome[], outcome: Outcome) => outcomes.filter((each) => each === outcome).length;

const rows = [];
for (const setting of SETTINGS) {
  const environment = await openEnvironment(setting);
  const episodes = placements(COUNT, SEED).map((placement) => demonstrate(environment, placement));
  const random = makeRandom(SEED);
  const errors = ERRORS.map((error) => {
    const outcomes = episodes.map((episode) => repeat(environment, episode, error, 2 * Math.PI * random()));
    return { millimeters: 1000 * error, picked: count(outcomes, "picked"), stopped: count(outcomes, "stopped") };
  });
  environment.close();
  const outcomes = episodes.map(({ outcome }) => outcome);
  const steps = episodes.map(({ states }) => states.length / 6);
  rows.push({
    ...setting,
    placements: COUNT,
    ...{ picked: count(outcomes, "picked"), stopped: count(outcomes, "stopped"), late: count(outcomes, "late") },
    steps: { mean: steps.reduce((sum, n) => sum + n, 0) / COUNT, longest: Math.max(...steps) },
    errors,
  });
  process.stdout.write(`${JSON.stringify(rows.at(-1))}\n`);
}
const command = "node research/run.mjs research/src/robot/check-expert.ts";
const path = fileURLToPath(new URL("../src/robot/expert.json", import.meta.url)); // from research/dist
writeFileSync(path, `${JSON.stringify({ command, seed: SEED, rows }, undefined, 1)}\n`);
