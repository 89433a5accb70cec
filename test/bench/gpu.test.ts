/** The bench of the graphics card measures cards alone: elsewhere it says why not and leaves the committed figures as they are. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const bench = (name: string) => fileURLToPath(new URL(`../../bench/${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "s2-bench-"));
const out = join(folder, "out");
afterAll(() => rmSync(folder, { recursive: true }));

describe("the bench of the graphics card", () => {
  const swiftShader = { VK_DRIVER_FILES: "/usr/lib/chromium/vk_swiftshader_icd.json" };
  const run = (script: string, args: string[], env: Record<string, string>) =>
    spawnSync(process.execPath, [bench(script), ...args], { encoding: "utf8", env: { ...process.env, ...env } });

  it("skips with the reason where the driver draws in software", () => {
    const { status, stdout } = run("gpu.mjs", [], swiftShader);
    expect(stdout).toContain("skipped: the Vulkan driver that is set draws in software");
    expect(status).toBe(0);
  });

  it("skips with the reason where there is no card", () => {
    const { status, stdout } = run("gpu.mjs", [], { PATH: folder });
    expect(stdout).toContain("skipped: there is no NVIDIA card or driver here");
    expect(status).toBe(0);
  });

  it("writes nothing on a machine without a card unless it is a rehearsal", () => {
    const { status, stderr } = run("gpu/measure.mjs", [out], swiftShader);
    expect(stderr).toContain("Nothing was measured: the Vulkan driver that is set draws in software");
    expect(status).toBe(3);
    expect(existsSync(out)).toBe(false);
  });
});
