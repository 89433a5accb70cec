/** Sizes that keep the code readable: files short enough to read in one go, and the command holds no logic that the library lacks. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../src/", import.meta.url));
const lines = new Map(
  readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => [path.replaceAll("\\", "/"), readFileSync(root + path, "utf8").split("\n").length - 1]),
);
const sum = (folder: string) => [...lines].reduce((total, [path, count]) => total + (path.startsWith(folder) ? count : 0), 0);

it("no file has more than 300 lines", () => {
  expect([...lines].filter(([, count]) => count > 300)).toEqual([]);
});

it("the command has at most 150 lines a subcommand", () => {
  const program = readFileSync(`${root}cli/program.ts`, "utf8");
  const subcommands = new Set(program.match(/\bdefine[A-Z]\w*/g)).size;
  expect(subcommands).toBeGreaterThan(10); // fewer means that the list was not read
  expect(sum("cli/")).toBeLessThanOrEqual(150 * subcommands);
});

/** Raise this bound for a new feature alone; lower it whenever src shrinks. */
const MOST = 47_200;

it(`src has at most ${MOST} lines`, () => {
  expect(sum("")).toBeLessThanOrEqual(MOST);
});
