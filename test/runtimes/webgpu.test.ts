/** WebGPU in Node, by the driver in software that comes with Chromium: whoever has a graphics card must get the processor's features. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { toyGraph } from "./toy-graph.ts";

const driver = "/usr/lib/chromium/vk_swiftshader_icd.json";
const missing = process.platform !== "linux" || !existsSync(driver);
const skipped = missing ? " (skipped: no Vulkan driver in software; Debian's chromium brings one)" : "";

describe.skipIf(missing)(`WebGPU in Node${skipped}`, () => {
  const scratch = mkdtempSync(join(tmpdir(), "s2-webgpu-"));
  afterAll(() => rmSync(scratch, { recursive: true }));

  it("plans run there as a whole, images of one plan together, with the processor's features", async () => {
    const file = join(scratch, "toy.onnx");
    writeFileSync(file, toyGraph({ prefix: 1 }));
    const child = fileURLToPath(new URL("webgpu-child.mjs", import.meta.url));
    const env = { ...process.env, VK_ICD_FILENAMES: driver, VK_DRIVER_FILES: driver };
    const { stdout } = await promisify(execFile)(process.execPath, [child, file], { env });
    const { floats, bytes, model, onDevice, notices } = JSON.parse(stdout.trim().split("\n").at(-1)!);
    expect(notices).toEqual([]); // no "runs on cpu instead"
    expect(onDevice).toBe(9);
    expect(Math.max(...floats, model)).toBeLessThan(1e-5);
    expect(Math.max(...bytes)).toBeLessThan(2e-2); // a level of 255 in few pixels, as on the processor
  });
});
