/** Every example in README and docs/ runs and prints what its comments say: people paste them. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const pages = [
  "README.md",
  ...readdirSync(`${root}docs`)
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const blocks = pages.flatMap((page) =>
  [...readFileSync(root + page, "utf8").matchAll(/^```js( skip)?\n([\s\S]*?)^```$/gm)].map(([, skip, code], i) => ({
    page,
    i,
    skip,
    code,
  })),
);
const folder = mkdtempSync(join(root, "test/docs/run-")); // inside the package, so that it can import itself by name
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (file: string) => spawnSync(process.execPath, [file], { cwd: root, encoding: "utf8" });

describe("examples in the docs", () => {
  it.each(blocks.filter(({ skip }) => !skip).map((b) => [`${b.page} #${b.i}`, b] as const))(
    "%s prints what it says",
    (_, { page, i, code }) => {
      const file = join(folder, `${page.replaceAll("/", "-")}-${i}.mjs`);
      writeFileSync(file, code);
      const { stdout, stderr } = run(file);
      expect(stderr).toBe("");
      const promised = [...code.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text);
      expect(promised.length).toBeGreaterThan(0);
      expect(stdout.trim().replace(/\n\s+/g, " ").split("\n")).toEqual(promised);
    },
  );

  it.each(blocks.filter(({ skip }) => skip).map((b) => [`${b.page} #${b.i}`, b] as const))(
    "%s, which needs a model, imports names that exist",
    (_, { page, i, code }) => {
      const imports = [...code.matchAll(/^import \{ .* \} from "s2-vision.*$/gm)].map(([line]) => line).join("\n");
      expect(imports).not.toBe("");
      const file = join(folder, `imports-${page.replaceAll("/", "-")}-${i}.mjs`);
      writeFileSync(file, imports);
      expect(run(file).stderr).toBe("");
    },
  );
});
