/** docs/stories/train.md leads from photos to a model that other commands take; docs/stories/advise.md to a page with a verdict. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { drawClasses } from "../cli/drawn-sets.ts";
import { drawImage, s2, tempFolder, tiny } from "../cli/s2.ts";
import { commandsOf } from "./story-commands.ts";

const [, plain] = tiny;
const bundled = fileURLToPath(new URL("../../models/s2-tiny", import.meta.url));

async function runAll(page: string, folder: string, change: (args: string[]) => string[]): Promise<void> {
  const commands = commandsOf(page);
  expect(commands.length).toBeLessThanOrEqual(5);
  for (const args of commands) {
    const { status, err } = await s2(change(args), { cwd: folder });
    expect([args.join(" "), err.match(/^error.*/m)?.[0], status]).toEqual([args.join(" "), undefined, 0]);
  }
}

it("train.md: photos become a model, evaluated on photos that it has not seen", async () => {
  const folder = tempFolder();
  mkdirSync(join(folder, "photos"));
  await drawImage(join(folder, "photo.jpg"), 96, 64);
  for (let i = 0; i < 24; i++) await drawImage(join(folder, `photos/${i}.png`), 60 + i, 50, i + 1);
  const small = ["--prefix-tokens", "1", "--dim", "12", "--depth", "1", "--heads", "2", "--views", "8", "--steps", "3"];
  await runAll("train.md", folder, (args) => {
    const run = args.map((word) => (word === "dinov2-small" ? plain : word));
    return args[0] === "train" ? [...run, ...small, "--threads", "1"] : [...run, "--threads", "1"];
  });
  const { evaluation, history } = JSON.parse(readFileSync(join(folder, "models/mine/log.json"), "utf8"));
  expect([evaluation.photos, history.length]).toEqual([2, 3]);
  expect(evaluation.r2).toBeLessThan(1);
  const page = readFileSync(join(folder, "models/mine/training.html"), "utf8");
  expect(page).toContain(evaluation.r2.toFixed(3));
  expect(page).toMatch(/<polyline points="[\d.]+,/);
}, 120_000);

it("advise.md: a page with the verdict, the gains and the table", async () => {
  const folder = tempFolder();
  drawClasses(join(folder, "clothing"));
  await runAll("advise.md", folder, (args) => {
    const run = args.map((word) => (word === "models/larger" ? bundled : word));
    return [...run, ...tiny, "--prefix-tokens", "1", "--threads", "1"];
  });
  const page = readFileSync(join(folder, "advice.html"), "utf8");
  expect(page).toMatch(/<p class="verdict">(Use|Do not use|Cannot tell)/);
  expect(page.match(/<tr>/g)!.length).toBeGreaterThan(5);
  expect(page).not.toMatch(/NaN|undefined/);
}, 120_000);
