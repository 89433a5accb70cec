/** The essay on larger models: its tables are those of the committed figures, and what it claims in words is what they show. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const script = fileURLToPath(new URL("../../scripts/when-not-larger.mjs", import.meta.url));

it("the essay says what research/results/ladder.json says", () => {
  const { status, stderr } = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});
