/** Kills `s2` at random moments and compares what the resumed runs write: node test/kill/run.mjs [--rounds 100] [--seed 1] [--only extract] */
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { makeRandom } from "../../dist/tensors/index.js";
import { commands, drawInputs, runChain, runWhole } from "./chains.mjs";

const { values } = parseArgs({ options: { rounds: { type: "string" }, seed: { type: "string" }, only: { type: "string" } } });
const [rounds, seed] = [Number(values.rounds ?? 100), Number(values.seed ?? 1)];
const names = values.only ? [values.only] : Object.keys(commands);
const killsPerChain = 3;
const random = makeRandom(seed);
const folder = await drawInputs();
let [kills, failed] = [0, 0];
const whole = {};
for (const name of names) whole[name] = await runWhole(folder, name);
for (let i = 0; kills < rounds; i++) {
  const name = names[i % names.length];
  const { killed, differences } = await runChain(folder, name, whole[name], Math.min(killsPerChain, rounds - kills), random);
  kills += killed;
  if (differences.length > 0) failed++;
  console.log(`${kills} of ${rounds} kills, ${name}: ${differences.length > 0 ? `DIFFERS in ${differences.join(", ")}` : "the same"}`);
}
rmSync(folder, { recursive: true, force: true });
console.log(failed > 0 ? `${failed} resumed runs differ` : "all resumed runs are byte-identical");
process.exitCode = failed > 0 ? 1 : 0;
