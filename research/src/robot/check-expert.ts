/**
 * Measures the scripted expert on test placements: `node research/run.mjs research/src/robot/check-expert.ts` writes research/results/robot-expert.json.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { demonstrate, type Outcome, openEnvironment, placements } from "./environment.ts";

const [COUNT, SEED, SIDE] = [200, 1, 0.03];

const rows = [];
for (const opening of [0.042, 0.045, 0.048]) {
  const environment = await openEnvironment({ opening, cube: SIDE });
  const outcomes: Record<Outcome, number> = { running: 0, picked: 0, stopped: 0, late: 0 };
  let steps = 0;
  for (const placement of placements(COUNT, SEED)) {
    const { outcome, states } = demonstrate(environment, placement);
    outcomes[outcome]++;
    steps += states.length / 6;
  }
  environment.close();
  const { picked, stopped, late } = outcomes;
  rows.push({ opening, cube: SIDE, placements: COUNT, picked, stopped, late, meanSteps: Math.round((10 * steps) / COUNT) / 10 });
  process.stdout.write(`opening ${1000 * opening} mm: ${picked} of ${COUNT} picked, ${stopped} stopped, ${late} late\n`);
}
const path = fileURLToPath(new URL("../results/robot-expert.json", import.meta.url)); // from research/dist
writeFileSync(
  path,
  `${JSON.stringify({ command: "node research/run.mjs research/src/robot/check-expert.ts", seed: SEED, rows }, undefined, 1)}\n`,
);
