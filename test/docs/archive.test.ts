/** docs/archive.md leads from a folder to a search: its commands run here in order, as they stand, and its program too. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { drawFolder } from "../archive/drawn-archive.ts";
import { drawImage, s2, tempFolder, tiny } from "../cli/s2.ts";
import { commandsOf } from "./story-commands.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

it("archive.md: every command works when it is pasted", async () => {
  const cwd = tempFolder();
  drawFolder(join(cwd, "photos"), 5);
  await drawImage(join(cwd, "photo.jpg"));
  const commands = commandsOf("../archive.md");
  expect(commands.map(([, name]) => name)).toEqual(["add", "verify", "search", "resume", "status", "add"]);
  for (const args of commands) {
    const isFirst = args.includes("--scales");
    const { status, err } = await s2(isFirst ? [...args, ...tiny, "--prefix-tokens", "1"] : args, { cwd });
    expect([args.join(" "), err.match(/^error.*/m)?.[0], status]).toEqual([args.join(" "), undefined, 0]);
  }
});

it("archive.md: its program runs", async () => {
  const cwd = tempFolder();
  drawFolder(join(cwd, "photos"), 3);
  await drawImage(join(cwd, "photo.jpg"));
  const page = readFileSync(`${root}docs/archive.md`, "utf8");
  const [, code] = /^```js skip\n([\s\S]*?)^```$/m.exec(page)!;
  const inPackage = mkdtempSync(`${root}test/docs/run-archive-`); // so that it can import the package by name
  try {
    writeFileSync(join(inPackage, "program.mjs"), code);
    const { stdout, stderr } = spawnSync(process.execPath, [join(inPackage, "program.mjs")], { cwd, encoding: "utf8" });
    expect(stderr).toBe("");
    const lines = stdout.trim().split("\n");
    expect(lines.slice(0, 7)).toEqual(["claimed", "image", "image", "image", "written", "linked", "committed"]);
    expect(stdout).toMatch(/^0 \[\n {2}\{\n? +image: .*photos\/00\d\.png/m);
  } finally {
    rmSync(inPackage, { recursive: true });
  }
});

it("the recipes in examples/scale are named on the page and there", () => {
  const page = readFileSync(`${root}docs/archive.md`, "utf8");
  for (const name of ["slurm.sh", "kubernetes.yaml", "spark_features.py", "ray_features.py"]) {
    expect(page).toContain(`(../examples/scale/${name})`);
    expect(readFileSync(`${root}examples/scale/${name}`, "utf8").length).toBeGreaterThan(100);
  }
});
