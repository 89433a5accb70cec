/** The packed tarball, installed in an empty folder on a machine whose network ends at the registry. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const online =
  spawnSync("npm", ["view", "onnxruntime-node@1.30.0", "version", "--fetch-retries=0"], { timeout: 240_000 }).status === 0;

describe.skipIf(!online)(`the packed tarball${online ? "" : " (skipped: no npm registry)"}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "s2-pack-"));
  const inFolder = (program: string, args: string[], env = {}) =>
    spawnSync(program, args, { cwd: folder, encoding: "utf8", env: { ...process.env, ...env } });

  beforeAll(() => {
    execFileSync("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], { cwd: root, stdio: "pipe" });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"))!;
    const { status, stderr } = inFolder("npm", ["install", "--no-audit", "--no-fund", `./${tarball}`]);
    expect(stderr).not.toMatch(/s2-vision.*install scripts/); // nothing of ours asks to be run
    expect(status).toBe(0);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is at most 8 MB, with the bundled model's weights", () => {
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"))!;
    expect(statSync(join(folder, tarball)).size).toBeLessThanOrEqual(8e6);
    expect(existsSync(join(folder, "node_modules/s2-vision/models/s2-tiny/model.safetensors"))).toBe(true);
  });

  it("the core runs without any dependency's help", () => {
    const code =
      'import { planS2 } from "s2-vision"; console.log(planS2({ height: 224, width: 224 }, { scales: [1, 2, 3] }).tiles)';
    expect(inFolder("node", ["--input-type=module", "-e", code]).stdout).toBe("14\n");
  });

  it("the command plans an image's size, and says what is missing when the runtime is", () => {
    expect(inFolder("npx", ["s2", "plan", "1920x1080", "--scales", "1,2"]).stdout).toMatch(/tiles/);
    if (existsSync(join(folder, "node_modules/onnxruntime-node"))) return; // a machine with more network than the registry
    const { status, stderr } = inFolder("npx", ["s2", "inspect", join(root, "test/runtimes/models/maps.onnx")]);
    expect(stderr).toMatch(/ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node/);
    expect(status).toBe(3);
  });

  it("the one command that it names makes the main job run", () => {
    const skip = { ONNXRUNTIME_NODE_INSTALL: "skip" };
    expect(inFolder("npm", ["install", "--no-audit", "--no-fund", "onnxruntime-node@1.30.0"], skip).status).toBe(0);
    const image = join(root, "examples/scenes/street.png");
    const { status, stdout, stderr } = inFolder("npx", ["s2", "extract", image, "--scales", "1,2"]);
    expect(stderr).not.toMatch(/error/);
    expect(stdout).toMatch(/features\/street\.safetensors/);
    expect(status).toBe(0);
    expect(existsSync(join(folder, "features/street.safetensors"))).toBe(true);
  });
});
