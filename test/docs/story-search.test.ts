/** docs/stories/search.md leads from a folder of photos to the ones looked for: its commands run here in order, as they stand, on small data. */
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { expect, it } from "vitest";
import { COLOURS, image } from "../cli/drawn-sets.ts";
import { s2, tempFolder, tiny } from "../cli/s2.ts";
import { writeTinyClip } from "../runtimes/tiny-clip.ts";
import { commandsOf } from "./story-commands.ts";

/** A model of a few kB does the work of s2-tiny, and another that of a CLIP. */
const smaller = (args: string[]) =>
  args.includes("--model") ? args : [...args, ...tiny, "--prefix-tokens", "1", "--threads", "1"];

it("search.md: photos are found by image, by place and by words, and duplicates are grouped, in at most five commands", async () => {
  const folder = tempFolder();
  mkdirSync(join(folder, "photos"));
  const draw = (path: string, name: string, seed: number) =>
    sharp(image(seed, () => COLOURS[name]))
      .resize(400, 300, { fit: "fill" })
      .toFile(join(folder, path));
  for (const [i, name] of Object.keys(COLOURS).entries())
    for (const copy of [1, 2]) await draw(`photos/${name}-${copy}.png`, name, 10 * i + copy);
  await draw("photo.jpg", "red", 99);
  copyFileSync(join(folder, "photos/red-1.png"), join(folder, "photos/red-1 again.png"));
  writeTinyClip(join(folder, "models/clip"));
  const commands = commandsOf("search.md");
  expect(commands.length).toBeLessThanOrEqual(5);
  const printed: string[] = [];
  for (const args of commands) {
    const { status, out, err } = await s2(smaller(args), { cwd: folder });
    expect([args.join(" "), err.match(/^error.*/m)?.[0], status]).toEqual([args.join(" "), undefined, 0]);
    printed.push(out);
  }
  const [index, similar, places, words, duplicates] = printed;
  expect(index).toBe("7 images in the index: 7 added\n");
  for (const hits of [similar, words]) expect(hits).toMatch(/^[\d.]+ {2}photos\/red-/);
  expect(places).toMatch(/^[\d.]+ {2}photos\/\S.* {2}\d+,\d+ \d+x\d+$/m);
  expect(duplicates).toMatch(/^photos\/red-1\.png {2}keep.*\n {2}photos\/red-1 again\.png {2}same bytes/m);
  for (const page of ["similar", "places", "kites", "duplicates"])
    expect(readFileSync(join(folder, `${page}.html`), "utf8")).toContain("<figure");
}, 120_000);
