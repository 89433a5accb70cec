/** docs/stories/ship.md leads from labeled photos to one file and a program that runs it without this package: both run here. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { expect, it } from "vitest";
import { COLOURS, drawClasses } from "../cli/drawn-sets.ts";
import { s2, tempFolder } from "../cli/s2.ts";
import { commandsOf, smaller } from "./story-commands.ts";

it("ship.md: from labeled photos to a file whose program gives what s2 predict gives, in at most five commands", async () => {
  const folder = tempFolder();
  drawClasses(join(folder, "clothing"));
  mkdirSync(join(folder, "photos"));
  const [r, g, b] = COLOURS.green;
  await sharp({ create: { width: 640, height: 480, channels: 3, background: { r, g, b } } }).toFile(join(folder, "photos/1.png"));
  const page = readFileSync(new URL("../../docs/stories/ship.md", import.meta.url), "utf8");
  const shell = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block]) => block.trim().split("\n"));
  expect(shell.length).toBeLessThanOrEqual(5);
  for (const args of commandsOf("ship.md")) {
    const { status, err } = await s2(smaller(args), { cwd: folder });
    expect([args.join(" "), err.match(/^error.*/m)?.[0], status]).toEqual([args.join(" "), undefined, 0]);
  }
  const [, program] = /```js\n([\s\S]*?)```/.exec(readFileSync(join(folder, "clothing.md"), "utf8"))!;
  writeFileSync(join(folder, "run.mjs"), program);
  symlinkSync(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(folder, "node_modules"), "junction");
  const printed = execFileSync(process.execPath, shell.at(-1)!.split(" ").slice(1), { cwd: folder, encoding: "utf8" });
  const { out } = await s2(["predict", "heads/clothing", "photos/1.png", "--json"], { cwd: folder });
  const predicted = JSON.parse(out);
  const [name, score] = printed.trim().split(" ");
  expect(name).toBe(predicted.class);
  expect(Math.abs(Number(score) - predicted.probabilities[name])).toBeLessThanOrEqual(0.0011);
  const again = await s2(["export", "--head", "heads/clothing", "-o", "clothing.onnx"], { cwd: folder }); // its own files
  expect(again.status).toBe(0);
  const refused = await s2(["export", "--head", "heads/clothing", "--scales", "1,3", "-o", "other.onnx"], { cwd: folder });
  expect([refused.status, refused.err]).toEqual([2, expect.stringContaining("--scales does not go with --head")]);
  writeFileSync(join(folder, "mine.md"), "my notes\n");
  const foreign = await s2(["export", "--head", "heads/clothing", "-o", "mine.onnx"], { cwd: folder });
  expect([foreign.status, readFileSync(join(folder, "mine.md"), "utf8")]).toEqual([2, "my notes\n"]);
}, 120_000);
