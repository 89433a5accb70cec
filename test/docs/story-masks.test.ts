/** docs/stories/masks.md leads from photos with masks to masks, pictures and polygons of others: its commands run here in order, as they stand. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { COLOURS, drawMasks, image } from "../cli/drawn-sets.ts";
import { s2, tempFolder } from "../cli/s2.ts";
import { commandsOf, smaller } from "./story-commands.ts";

it("masks.md: from photos with masks to masks, pictures and polygons in at most five commands", async () => {
  const folder = tempFolder();
  drawMasks(join(folder, "streets"));
  mkdirSync(join(folder, "photos"));
  for (const [name, border] of [["near", 16], ["far", 48]] as const) // biome-ignore format: a list
    writeFileSync(
      join(folder, `photos/${name}.png`),
      image(border, (x) => (x < border ? COLOURS.red : COLOURS.blue)),
    );
  const commands = commandsOf("masks.md");
  expect(commands.length).toBeLessThanOrEqual(5);
  const said: string[] = [];
  for (const args of commands) {
    const { status, out, err } = await s2(smaller(args), { cwd: folder });
    expect([args.join(" "), err.match(/^error.*/m)?.[0], status]).toEqual([args.join(" "), undefined, 0]);
    said.push(out);
  }
  expect(said.join("")).toMatch(/\ntruth \\ predicted +wall +floor +pixels\nwall +\d+/);
  expect(readdirSync(join(folder, "masks")).sort()).toEqual(["far.mask.png", "far.png", "near.mask.png", "near.png"]);
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), "utf8"));
  const { images, annotations, categories } = read("masks.json");
  expect(categories.map(({ name }: { name: string }) => name)).toEqual(["wall", "floor"]);
  for (const { id } of images) {
    const regions = annotations.filter(({ image_id }: { image_id: number }) => image_id === id);
    expect(regions.reduce((sum: number, { area }: { area: number }) => sum + area, 0)).toBe(64 * 64);
    for (const { segmentation } of regions) expect(segmentation[0].length).toBeGreaterThanOrEqual(8);
  }
  const { features } = read("masks.geojson");
  expect(features.length).toBe(annotations.length);
  const wall = features.find(
    ({ properties }: { properties: { image: string; class: string } }) =>
      properties.image === "far.png" && properties.class === "wall",
  );
  expect(Math.abs(wall.properties.area / 64 - 48)).toBeLessThan(8); // the border is 48 px from the left
}, 120_000);
