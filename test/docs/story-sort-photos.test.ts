/** docs/stories/sort-photos.md leads from labeled photos to sorted ones: its commands run here in order, as they stand, on small data. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { COLOURS, drawClasses, image } from "../cli/drawn-sets.ts";
import { s2, tempFolder } from "../cli/s2.ts";
import { commandsOf, smaller } from "./story-commands.ts";

it("sort-photos.md: from labeled photos to a sorted folder and a corrected head in at most five commands", async () => {
  const folder = tempFolder();
  drawClasses(join(folder, "clothing"));
  mkdirSync(join(folder, "photos"));
  const names = Object.keys(COLOURS);
  for (let i = 0; i < 15; i++)
    writeFileSync(
      join(folder, `photos/${i}.png`),
      image(100 + i, () => COLOURS[names[i % 3]]),
    );
  const commands = commandsOf("sort-photos.md");
  expect(commands.length).toBeLessThanOrEqual(5);
  for (const args of commands) {
    const { status, err } = await s2(smaller(args), { cwd: folder });
    expect([args.join(" "), err.match(/^error.*/m)?.[0], status]).toEqual([args.join(" "), undefined, 0]);
    // The page saves these two columns; test/runtimes/contact-sheet.test.ts presses its buttons.
    if (args.includes("sorted")) {
      const { images } = JSON.parse(readFileSync(join(folder, "sorted/predictions.json"), "utf8"));
      const labelOf = ({ source }: { source: string }) => names[Number(/(\d+)\.png$/.exec(source)![1]) % 3];
      const lines = images.map((each: { path: string; source: string }) => `"${each.path}","${labelOf(each)}"`);
      writeFileSync(join(folder, "sorted/corrected.csv"), ["path,label", ...lines, ""].join("\n"));
    }
  }
  const sorted = readdirSync(join(folder, "sorted-2"), { recursive: true, encoding: "utf8" }).filter((name) =>
    /\.png$/.test(name),
  );
  expect(sorted).toHaveLength(15);
}, 120_000);
