/** The programs in examples/ run as their first line says: they are what people copy first. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const models = fileURLToPath(new URL("../../../shared/models", import.meta.url));
const name = "deit_tiny_patch16_224";
const there = existsSync(`${models}/${name}`);
const reason = there ? "" : " (skipped: ../shared/models is absent)";

function run(...args: string[]): string[] {
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  expect(stderr).not.toMatch(/Error/);
  return stdout.trim().split("\n");
}

it("own-model.mjs finds the detail of the words scene, at both scales", () => {
  const lines = run("examples/own-model.mjs", "examples/scenes/words.png");
  expect(lines).toEqual([expect.stringMatching(/^coarse: \d+,\d+$/), expect.stringMatching(/^fine: \d+,\d+$/)]);
});

it.skipIf(!there)(`similar-places.mjs finds the place itself first${reason}`, () => {
  const lines = run("examples/similar-places.mjs", "examples/scenes/street.png", `${models}/${name}`, "760", "760");
  expect(lines).toHaveLength(5);
  const [, x, y] = lines[0].match(/^1\.000 {2}(\d+),(\d+)$/)!.map(Number);
  expect(Math.hypot(x - 760, y - 760)).toBeLessThan(32);
});

it.skipIf(!there)(`transformers.mjs gives features of two scales${reason}`, () => {
  expect(run("examples/transformers.mjs", "examples/scenes/street.png", `${models}/`, name)).toEqual(["[ 1, 197, 384 ]"]);
});
