/** `npm start` on a fresh clone must give a first impression: a figure, plain words about it, and commands that work when they are copied. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "s2-start-"));
afterAll(() => rmSync(folder, { recursive: true }));
const runNode = (...args: string[]) => execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8", stdio: "pipe" });

it("npm start draws one figure, says what to look at, and names three commands that run", async () => {
  const said = runNode(join(root, "scripts/start.mjs"));
  expect(said).toContain("features/overview.png");
  expect(said).not.toMatch(/prefix|note:/);
  const { width, height } = await sharp(join(folder, "features/overview.png")).metadata();
  expect(width).toBe(1600);
  expect(height).toBeLessThan(1600);

  const commands = [...said.matchAll(/^ {2}(npx s2|npm run) (.+)$/gm)].map(([, program, rest]) => ({
    program,
    args: rest.split(" "),
  }));
  expect(commands.map(({ program, args }) => `${program} ${args[0]}`)).toEqual([
    "npx s2 similar",
    "npx s2 extract",
    "npm run playground",
  ]);
  for (const { program, args } of commands) {
    if (program === "npx s2") runNode(join(root, "dist/cli/main.js"), ...args);
    else expect(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts).toHaveProperty(args[0]);
  }
  for (const file of ["street.similar.png", "shelf.safetensors", "shelf.png"])
    expect(existsSync(join(folder, "features", file))).toBe(true);
});

it("npm start replaces its own figure, without captions where no font is installed, and no picture of someone else", () => {
  const picture = join(folder, "features/overview.png");
  const before = readFileSync(picture);
  writeFileSync(join(folder, "fonts.conf"), "<fontconfig></fontconfig>");
  const start = [join(root, "scripts/start.mjs")];
  const env = { ...process.env, FONTCONFIG_FILE: join(folder, "fonts.conf") };
  const said = execFileSync(process.execPath, start, { cwd: folder, encoding: "utf8", stdio: "pipe", env });
  if (process.platform === "linux") {
    expect(said).toContain("no font is installed");
    expect(readFileSync(picture).equals(before)).toBe(false);
  }
  writeFileSync(picture, "a picture of my own");
  expect(() => runNode(...start)).toThrow(/not overwritten/);
  expect(readFileSync(picture, "utf8")).toBe("a picture of my own");
});

it("npm start with arguments extracts features", () => {
  runNode(join(root, "scripts/start.mjs"), join(root, "examples/scenes/words.png"), "--out", "words.safetensors", "--quiet");
  expect(existsSync(join(folder, "words.safetensors"))).toBe(true);
});

it("the README opens with the figure, at most 1,600 px wide and below 500 kB", async () => {
  const [, file] = readFileSync(join(root, "README.md"), "utf8").match(/!\[[^\]]+\]\(([^)]+)\)/)!;
  expect(file).toBe("docs/overview.jpg");
  const { width } = await sharp(join(root, file)).metadata();
  expect(width).toBeLessThanOrEqual(1600);
  expect(statSync(join(root, file)).size).toBeLessThan(500_000);
});
