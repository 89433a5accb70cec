/** models/MODEL_CARD.md must say what the committed figures and logs say. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

it("the model card is the one that its figures make", () => {
  const run = fileURLToPath(new URL("../run.mjs", import.meta.url));
  expect(spawnSync(process.execPath, [run, "research/recipes/model-card.mjs", "--check"], { encoding: "utf8" })).toMatchObject({
    status: 0,
    stderr: "",
  });
});
