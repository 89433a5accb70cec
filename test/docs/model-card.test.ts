/** models/MODEL_CARD.md must say what the committed figures and logs say. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

it("the model card is the one that its figures make", () => {
  const script = fileURLToPath(new URL("../../scripts/model-card.mjs", import.meta.url));
  expect(spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
});
