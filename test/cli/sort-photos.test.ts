/** `s2 predict --sort-into`: photos in a folder for each class, found again by the next run, and a page that corrects them. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { COLOURS, drawClasses, image } from "./drawn-sets.ts";
import { s2, tempFolder, tiny } from "./s2.ts";

const folder = tempFolder();
const run = (...args: string[]) => s2(args, { cwd: folder });
const at = (...path: string[]) => join(folder, ...path);
const filesBelow = (path: string) =>
  readdirSync(at(path), { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(at(path, name)).isFile())
    .sort();
const states = (path: string) =>
  filesBelow(path).map((name) => [name, statSync(at(path, name)).mtimeMs, readFileSync(at(path, name), "base64")]);
const reports = ["predictions.csv", "predictions.html", "predictions.json"];

beforeAll(async () => {
  drawClasses(at("colors"));
  const fitted = await run("fit", "colors", ...tiny, "--threads", "1", "-o", "heads/colors");
  expect(fitted.status).toBe(0);
  mkdirSync(at("photos/deep"), { recursive: true });
  for (const [i, name] of Object.keys(COLOURS).entries())
    writeFileSync(
      at(`photos/${name}.png`),
      image(90 + i, () => COLOURS[name]),
    );
  writeFileSync(
    at("photos/deep/red.png"),
    image(95, () => COLOURS.red),
  ); // the name of another one
  writeFileSync(at("photos/torn.png"), readFileSync(at("photos/red.png")).subarray(0, 200));
});

describe("predict --sort-into", () => {
  it("copies images into the folders of their classes, both of one name, and reports one that cannot be read", async () => {
    const { status, out, err } = await run("predict", "heads/colors", "photos/**/*.png", "--sort-into", "sorted");
    expect(err).toMatch(/failed: .*torn\.png/);
    expect(err).toMatch(/4 images in sorted: 2 red, 1 blue, 1 green; correct them in sorted.predictions\.html\n/);
    expect(out).toMatch(/^photos\/blue\.png {2}blue /m);
    expect(status).toBe(1);
    expect(filesBelow("sorted")).toEqual(["blue/blue.png", "green/green.png", ...reports, "red/red-2.png", "red/red.png"]);
    const { images } = JSON.parse(readFileSync(at("sorted/predictions.json"), "utf8"));
    for (const { path, source } of images) expect(readFileSync(at("sorted", path))).toEqual(readFileSync(at("sorted", source)));
    const [head, first] = readFileSync(at("sorted/predictions.csv"), "utf8").split("\n");
    expect(head).toBe("path,class,confidence,second,second confidence,source");
    expect(first).toMatch(/^"blue\/blue.png","blue",[\d.]+,"(red|green)",[\d.]+,"\.\.\/photos\/blue\.png"$/);
  });

  it("changes nothing when it runs again, and adds a new image to those of before", async () => {
    const before = states("sorted");
    await run("predict", "heads/colors", "photos/**/*.png", "--sort-into", "sorted");
    expect(states("sorted")).toEqual(before);
    writeFileSync(
      at("new.png"),
      image(97, () => COLOURS.blue),
    );
    await run("predict", "heads/colors", "new.png", "--sort-into", "sorted");
    const { images } = JSON.parse(readFileSync(at("sorted/predictions.json"), "utf8"));
    expect(images.map(({ path }: { path: string }) => path)).toContain("blue/new.png");
    expect(images).toHaveLength(5);
    expect(existsSync(at("sorted/blue/blue.png"))).toBe(true);
  });

  it("goes on where it was stopped, and keeps a file of someone else", async () => {
    mkdirSync(at("resumed/red"), { recursive: true });
    writeFileSync(at("resumed/red/red.png"), "mine");
    copyFileSync(at("photos/deep/red.png"), at("resumed/red/red-2.png"));
    await run("predict", "heads/colors", "photos/deep/red.png", "--sort-into", "resumed");
    expect(filesBelow("resumed")).toEqual([...reports, "red/red-2.png", "red/red.png"]);
    expect(readFileSync(at("resumed/red/red.png"), "utf8")).toBe("mine");
    rmSync(at("resumed/predictions.html"));
    rmSync(at("resumed/red/red-2.png"));
    await run("predict", "heads/colors", "photos/deep/red.png", "--sort-into", "resumed");
    expect(filesBelow("resumed")).toEqual([...reports, "red/red-2.png", "red/red.png"]);
  });

  it("puts images below the confidence apart, and links", async () => {
    const ended = await run(
      "predict",
      "heads/colors",
      "photos/red.png",
      "--sort-into",
      "apart",
      "--min-confidence",
      "1",
      "--link",
    );
    expect(ended).toMatchObject({ status: 0, err: expect.stringContaining("1 image in apart: 1 unsure") });
    expect(statSync(at("apart/unsure/red.png")).ino).toBe(statSync(at("photos/red.png")).ino);
    const again = await run("predict", "heads/colors", "photos/red.png", "--sort-into", "apart", "--link");
    expect(again).toMatchObject({ status: 2, err: expect.stringContaining("such as unsure/red.png, which is red now") });
    expect(filesBelow("apart")).toEqual([...reports, "unsure/red.png"]);
  });

  it("refuses before the model runs what would lose something or means nothing", async () => {
    const refused = async (text: string, ...args: string[]) =>
      expect(await run("predict", ...args)).toMatchObject({ status: 2, out: "", err: expect.stringContaining(text) });
    await refused("give --sort-into too", "heads/colors", "new.png", "--min-confidence", "0.5");
    await refused("lies in photos", "heads/colors", "photos/deep", "--sort-into", "photos");
    mkdirSync(at("foreign"));
    writeFileSync(at("foreign/predictions.csv"), "mine");
    await refused("s2 did not write it", "heads/colors", "new.png", "--sort-into", "foreign");
    writeFileSync(at("sorted/predictions.csv"), `${readFileSync(at("sorted/predictions.csv"), "utf8")}edited`);
    await refused("was changed", "heads/colors", "new.png", "--sort-into", "sorted");
    await run("fit", "colors", ...tiny, "--head", "ridge", "-o", "heads/ridge");
    await refused("no probabilities", "heads/ridge", "new.png", "--sort-into", "other", "--min-confidence", "0.5");
    expect(existsSync(at("other"))).toBe(false);
  });
});
