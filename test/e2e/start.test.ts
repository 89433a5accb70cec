/** `npm start` on a fresh clone must give a first result: features and pictures of the drawn scenes by the model that comes along. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { readSafetensors } from "../../src/tensors/index.ts";

it("npm start extracts the example scenes by s2-tiny and says where the pictures are", () => {
  const folder = mkdtempSync(join(tmpdir(), "s2-start-"));
  try {
    const script = fileURLToPath(new URL("../../scripts/start.mjs", import.meta.url));
    const said = execFileSync(process.execPath, [script], { cwd: folder, encoding: "utf8", stdio: "pipe" });
    expect(said).toContain("features/street.png");
    expect(readdirSync(join(folder, "features")).filter((name) => name.endsWith(".png"))).toHaveLength(3);
    const { tensors } = readSafetensors(readFileSync(join(folder, "features/street.safetensors")));
    const { dims, data } = tensors.features;
    expect(dims[2] % 3).toBe(0); // three scales
    expect((data as Float32Array).every(Number.isFinite)).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
