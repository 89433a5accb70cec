/** The programs in examples/ run as their first line says: they are what people copy first. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundledWidth } from "../bundled.ts";
import { hubModelName, makeHubModel } from "../runtimes/hub-model.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

function run(...args: string[]): string[] {
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  expect(stderr).not.toMatch(/Error/);
  return stdout.trim().split("\n");
}

it("own-model.mjs finds the detail of the words scene, at both scales", () => {
  const lines = run("examples/own-model.mjs", "examples/scenes/words.png");
  expect(lines).toEqual([expect.stringMatching(/^coarse: \d+,\d+$/), expect.stringMatching(/^fine: \d+,\d+$/)]);
});

it("similar-regions.mjs finds the place itself first", () => {
  const lines = run("examples/similar-regions.mjs", "examples/scenes/street.png", "models/s2-tiny", "760", "760");
  expect(lines).toHaveLength(5);
  const [, x, y] = lines[0].match(/^1\.000 {2}(\d+),(\d+)$/)!.map(Number);
  expect(Math.hypot(x - 760, y - 760)).toBeLessThan(32);
});

it("transformers.mjs gives features of two scales", () => {
  const { models } = makeHubModel();
  expect(run("examples/transformers.mjs", "examples/scenes/street.png", `${models}/`, hubModelName)).toEqual(["[ 1, 197, 384 ]"]);
  rmSync(models, { recursive: true });
});

it("node-server answers an image, and addresses in their order with the error of one that is not there", async () => {
  const server = spawn(process.execPath, ["examples/node-server/server.mjs", "0"], { cwd: root });
  try {
    const url = await new Promise<string>((resolve) => server.stdout.once("data", (line) => resolve(String(line).trim())));
    const street = readFileSync(join(root, "examples/scenes/street.png"));
    const post = async (path: string, body: string | Uint8Array<ArrayBuffer>) =>
      (await fetch(url + path, { method: "POST", body })).json();
    const { vector } = await post("/vector", new Uint8Array(street));
    expect(vector).toHaveLength(2 * bundledWidth);
    const urls = [`${url}/none.png`, `data:image/png;base64,${street.toString("base64")}`];
    const { vectors } = await post("/vectors", JSON.stringify({ urls }));
    expect(vectors).toEqual([{ error: expect.stringContaining("404") }, { vector }]);
    expect(await post("/vector", "no image")).toMatchObject({ code: expect.stringMatching(/^image/) });
  } finally {
    server.kill();
  }
});

describe("an exported file without this package", () => {
  const folder = mkdtempSync(join(tmpdir(), "s2-exported-"));
  const file = join(folder, "s2.onnx");
  const street = "examples/scenes/street.png";
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  beforeAll(() => {
    run("dist/cli/main.js", "export", "--model", "models/s2-tiny", "--scales", "1,2", "--bytes", "-o", file);
  });

  it("runs in Node by exported/run.mjs", () => {
    expect(run("examples/exported/run.mjs", file, street)).toEqual([
      expect.stringMatching(new RegExp(`^\\[ 1, 197, ${2 * bundledWidth} \\]( -?\\d+\\.\\d\\d){3}$`)),
    ]);
  });

  const python = process.env.S2_PYTHON ?? "python3";
  const able = spawnSync(python, ["-c", "import numpy, onnxruntime, PIL"]).status === 0;
  const lacking = able ? "" : ` (skipped: ${python} has no numpy, onnxruntime and Pillow; S2_PYTHON names another one)`;
  it.skipIf(!able)(`runs in Python by exported/run.py, with nearly the same numbers${lacking}`, () => {
    const { stdout } = spawnSync(python, ["examples/exported/run.py", file, street], { cwd: root, encoding: "utf8" });
    const [dims, ours] = [stdout.slice(0, 13), run("examples/exported/run.mjs", file, street)[0].slice(16)];
    expect(dims).toBe(`[1, 197, ${2 * bundledWidth}]`);
    const [theirs, same] = [stdout.slice(14), ours].map((text) => text.trim().split(" ").map(Number));
    for (const i of [0, 1, 2]) expect(Math.abs(theirs[i] - same[i])).toBeLessThan(0.1); // sharp and Pillow resize alike, not equally
  });
});
