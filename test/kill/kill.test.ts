/** A sample of `node test/kill/run.mjs`: whoever's command is killed runs it again and gets what an unbroken run gives, byte for byte. */
import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeRandom } from "../../src/tensors/index.ts";
// @ts-expect-error: JavaScript, so that the script runs without a build of its own
import { drawInputs, runChain, runWhole } from "./chains.mjs";

let folder: string;
beforeAll(async () => void (folder = await drawInputs()));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ["extract", 2],
  ["fit", 2],
  ["similar", 2],
  ["train", 2],
])(
  "%s, killed at random moments",
  async (name, kills) => {
    const whole = await runWhole(folder, name);
    expect(Object.keys(whole.files).length).toBeGreaterThan(2);
    expect((await runChain(folder, name, whole, kills, makeRandom(name.length))).differences).toEqual([]);
  },
  300_000,
);
