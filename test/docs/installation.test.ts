/** `npm ci` of a clone must work where only the npm registry is reached, with every npm and without warnings (docs/decisions/0002). */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");

it("no npm runs onnxruntime-node's install step, which downloads from elsewhere", () => {
  const { packages } = JSON.parse(read("package-lock.json")) as { packages: Record<string, { hasInstallScript?: boolean }> };
  expect(packages["node_modules/onnxruntime-node"], "remove the line hasInstallScript from package-lock.json").not.toHaveProperty(
    "hasInstallScript",
  );
  expect(JSON.parse(read("package.json")).allowScripts).toMatchObject({ "onnxruntime-node": false });
});

it("the lock file names no registry, and .npmrc only settings that npm knows", () => {
  expect(read("package-lock.json")).not.toMatch(/"resolved": "http/);
  const names = read(".npmrc").match(/^[\w-]+(?==)/gm);
  expect(names).toEqual(["omit-lockfile-registry-resolved", "fund", "audit"]);
});
