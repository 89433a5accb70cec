/** The model card must say what the committed figures and logs say, and these must be of the committed weights. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

it("the model card is the one that its figures make", () => {
  const run = fileURLToPath(new URL("../run.mjs", import.meta.url));
  expect(spawnSync(process.execPath, [run, "research/recipes/model-card.mjs", "--check"], { encoding: "utf8" })).toMatchObject({
    status: 0,
    stderr: "",
  });
});

it("the results that name s2-tiny were measured with the committed weights", () => {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const weights = createHash("sha256")
    .update(readFileSync(`${root}models/s2-tiny/model.safetensors`))
    .digest("hex");
  const results = `${root}research/results/`;
  const measured = readdirSync(results)
    .filter((name) => name.endsWith(".json") && name !== "ladder.json") // the ladder runs for hours, and its page is written while it runs
    .flatMap((name) => {
      const { models } = JSON.parse(readFileSync(results + name, "utf8")) as { models: { name: string; sha256: string }[] };
      return models.filter((model) => model.name === "s2-tiny").map(({ sha256 }) => [name, sha256]);
    });
  expect(measured.length).toBeGreaterThan(2);
  expect(measured).toEqual(measured.map(([name]) => [name, weights]));
});
