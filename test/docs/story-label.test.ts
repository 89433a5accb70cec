/** docs/stories/label.md leads from photos without labels to heads: its commands run here in order, with the labels that a person would give. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { COLOURS, image } from "../cli/drawn-sets.ts";
import { type LabelPage, startLabel } from "../cli/label-page.ts";
import { s2, tempFolder, tiny } from "../cli/s2.ts";
import { commandsOf, smaller } from "./story-commands.ts";

const model = [...tiny, "--prefix-tokens", "1", "--threads", "1"];
const names = Object.keys(COLOURS);

/** Photos of one color, and photos of two. */
function drawPhotos(folder: string): void {
  for (const name of ["photos", "streets"]) mkdirSync(join(folder, name));
  for (let i = 0; i < 18; i++)
    writeFileSync(
      join(folder, `photos/${i}.png`),
      image(i + 1, () => COLOURS[names[i % 3]]),
    );
  for (let i = 0; i < 8; i++)
    writeFileSync(
      join(folder, `streets/${i}.png`),
      image(i + 50, (_, y) => COLOURS[y < 16 * (1 + (i % 3)) ? "blue" : "green"]),
    );
}

async function labelClasses(page: LabelPage): Promise<void> {
  let view = await page.view();
  while (view.labeled < 15) {
    const { image: index, path } = view.shown!;
    view = await page.act({ do: "label", image: index, label: Number.parseInt(path, 10) % 3 });
  }
}

async function labelMasks(page: LabelPage): Promise<void> {
  let view = await page.view();
  const { image: index } = view.shown!;
  await page.act({ do: "click", image: index, label: 0, x: 0.5, y: 0.05 });
  view = await page.act({ do: "click", image: index, label: 1, x: 0.5, y: 0.95 });
  while (view.labeled < 6) {
    expect(view.shown).toBeDefined();
    // The features of the next photo may not be there yet; the page asks again then.
    view = view.shown!.mask === undefined ? await page.view() : await page.act({ do: "accept", image: view.shown!.image });
  }
}

it("label.md: from photos without labels to heads for classes and masks in at most five commands", async () => {
  const folder = tempFolder();
  drawPhotos(folder);
  const commands = commandsOf("label.md");
  expect(commands.length).toBeLessThanOrEqual(5);
  for (const args of commands) {
    if (args[0] === "label") {
      const page = await startLabel([...args, ...model], folder);
      await (args.includes("segmentation") ? labelMasks(page) : labelClasses(page));
      expect((await page.end()).status).toBe(130);
      continue;
    }
    const { status, err } = await s2(smaller(args), { cwd: folder });
    expect([args.join(" "), err.match(/^(error|failed).*/m)?.[0], status]).toEqual([args.join(" "), undefined, 0]);
  }
  const sorted = readdirSync(join(folder, "sorted"), { recursive: true, encoding: "utf8" }).filter((name) => /\.png$/.test(name));
  expect(sorted).toHaveLength(18);
  expect(readdirSync(join(folder, "heads")).sort()).toEqual(["photos", "streets"]);
}, 180_000);
