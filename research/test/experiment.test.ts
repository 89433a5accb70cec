/** `npm run experiment` as a user meets it, on small data sets of the layouts that it names, with a model of a few kB. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { experiments } from "../src/experiments/index.ts";
import { type CurvePlot, page, type Result, resultsIndex } from "../src/result.ts";
import { runFile, tempFolder } from "./commands.ts";

const folder = tempFolder();
const run = (...args: string[]) => runFile("research/src/run-experiment.ts", args, folder);
/** 32 px tiles, 8 px patches, 4 channels, one prefix token; no config file says so. */
const tiny = ["--model", fileURLToPath(new URL("../../test/cli/tiny/plain.onnx", import.meta.url)), "--patch-size", "8"];
const onTiny = (name: string, ...args: string[]) => run(name, ...tiny, "--out", "results", "--quiet", ...args);
const result = (name: string) => JSON.parse(readFileSync(join(folder, `results/${name}.json`), "utf8")) as Result;
const plain = fileURLToPath(new URL("../../test/runtimes/models/plain.onnx", import.meta.url));

/** The value in a row's cell of a table, where it has an interval. */
const valueIn = ({ tables }: Result, table: number, row: number, column: number) =>
  (tables[table].rows[row][column] as { value: number }).value;

/** An image of one color with noise of `seed`, and a darker square at its middle where `marked`. */
async function draw(path: string, color: readonly number[], seed: number, marked = false): Promise<void> {
  const side = 64;
  const data = new Uint8Array(side * side * 3);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side)];
    const inside = marked && x >= 16 && x < 48 && y >= 16 && y < 48;
    const noise = (Math.imul(i + 7919 * seed, 2654435761) >>> 24) % 40;
    data[i] = Math.min(255, (inside ? 20 : color[i % 3]) + noise);
  }
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  await sharp(data, { raw: { width: side, height: side, channels: 3 } }).toFile(join(folder, path));
}

/** Class 1 where the square is, else 0, as a gray PNG. */
async function drawMask(path: string): Promise<void> {
  const data = Uint8Array.from({ length: 64 * 64 }, (_, i) => {
    const [x, y] = [i % 64, Math.floor(i / 64)];
    return x >= 16 && x < 48 && y >= 16 && y < 48 ? 1 : 0;
  });
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  await sharp(data, { raw: { width: 64, height: 64, channels: 1 } })
    .toColourspace("b-w")
    .png({ palette: false })
    .toFile(join(folder, path));
}

const COLORS = { red: [200, 40, 40], green: [40, 200, 40], blue: [40, 40, 200] } as const;
const IMAGES = { train: 8, val: 4, test: 5 } as const;

beforeAll(async () => {
  let seed = 1;
  for (const [split, count] of Object.entries(IMAGES)) {
    for (const [name, color] of Object.entries(COLORS))
      for (let i = 0; i < count; i++) await draw(`data/clothing/${split}/${name}/${i}.png`, color, seed++);
    for (let i = 0; i < count; i++) {
      await draw(`data/camvid/${split}/images/${i}.png`, [180, 180, 180], seed++, true);
      await drawMask(`data/camvid/${split}/masks/${i}.png`);
    }
  }
  writeFileSync(join(folder, "data/camvid/classes.txt"), "ground\nsquare\n");
  for (const [model, graph] of [
    ["x0.25", tiny[1]],
    ["x1.00", plain],
  ]) {
    mkdirSync(join(folder, `models/mobilenet_v1/${model}/onnx`), { recursive: true });
    copyFileSync(graph, join(folder, `models/mobilenet_v1/${model}/onnx/model.onnx`));
  }
});

describe("npm run experiment", () => {
  it("without a name lists all experiments with their questions", async () => {
    const { status, out } = await run();
    expect(status).toBe(0);
    for (const { name, question } of experiments) expect(out).toMatch(new RegExp(`^${name} .*${question.slice(0, 20)}`, "m"));
  });

  it("classification: every head predicts colors; figures, page, plots and index are written", async () => {
    const { status, out, err } = await onTiny("classification");
    expect([status, err]).toEqual([0, ""]);
    expect(out.split("\n")[0]).toBe("results/classification.md");
    const found = result("classification");
    for (const head of [0, 1, 2]) for (const row of [0, 1, 2]) expect(valueIn(found, head, row, 3), `${head} ${row}`).toBe(100);
    expect(found.tables[3].rows.map((row) => row[2])).toEqual(["4", "4", "4", "12"]); // channels: 1x, two of as many, 1x+2x+3x
    expect(found.findings[0]).toMatch(/^logistic: 1x\+2x\+3x and 1x do not differ significantly: top-1 \+0\.0 points/);
    expect(found.issues).toEqual([]);
    expect(readFileSync(join(folder, "results/classification.md"), "utf8")).toBe(page(found));
    expect(readFileSync(join(folder, "results/README.md"), "utf8")).toBe(resultsIndex([found]));
    expect((await sharp(join(folder, "results/classification-scales.png")).metadata()).width).toBeGreaterThan(700);
    expect(readFileSync(join(folder, "results/classification-scales.svg"), "utf8")).toMatch(/^<svg /);
  });

  it("merge: on images and on masks, from features that are kept; a broken image is left out and listed, with status 1", async () => {
    expect((await onTiny("merge")).status).toBe(0);
    const found = result("merge");
    expect(found.tables.map(({ title }) => title)).toEqual(["clothing", "camvid"]);
    expect(valueIn(found, 1, 0, 3)).toBeGreaterThan(70); // mIoU; 37.5 where all is ground, and the corners of a square of 2x2 tokens are rounded
    const [sum, mean] = [1, 2].map((row) => found.tables[0].rows[row].slice(3));
    expect(sum).toEqual(mean); // they differ by a factor, which standardization removes
    const kept = join(
      folder,
      "features/experiments/clothing/plain/fit-squash_fusion-reference_scales-1-2-3-4/test/red/0.png.safetensors",
    );
    expect(existsSync(kept)).toBe(true);
    writeFileSync(join(folder, "data/clothing/test/red/broken.png"), "no image");
    const { status } = await onTiny("merge");
    rmSync(join(folder, "data/clothing/test/red/broken.png"));
    expect(status).toBe(1);
    expect(result("merge").issues).toEqual([{ path: "clothing/test/red/broken.png", reason: expect.stringMatching(/\w/) }]);
    expect(result("merge").tables).toEqual(found.tables);
  });

  it("ladder: rows of each model at their costs; a further run fits only what is missing, and no features stay behind", async () => {
    const climb = () => run("ladder", "--models", "models", "--patch-size", "8", "--out", "results", "--store", "climb");
    expect((await climb()).status).toBe(0);
    const found = result("ladder");
    const [equalWork, gains, budgets, , camvid, clothing] = found.tables;
    expect(equalWork.rows.map(([task]) => task)).toEqual(["camvid: mIoU, %", "clothing: top-1, %", "clothing, [CLS]: top-1, %"]);
    expect(gains.columns.slice(1)).toEqual(["camvid", "clothing", "clothing, [CLS]"]);
    expect(budgets.rows[1].at(-1)).toMatch(/^x0\.25, 1x: 100\.0$/); // every row is right on colors, and the cheapest of equals is taken
    const rowsOf = (table: typeof camvid) =>
      table.rows.filter(([model]) => model === "MobileNet x0.25").map(([, features]) => features);
    const scales = ["1x", "1x+2x", "1x+2x+3x", "1x+2x+3x, principal"];
    expect(rowsOf(camvid)).toEqual([...scales, "1x+2x+3x, fine grid", "dense", "whole"]);
    expect(rowsOf(clothing)).toEqual([...scales, "whole"]);
    expect(found.plots.map(({ name, kind }) => [name, kind])).toEqual([
      ["camvid", "curve"],
      ["clothing", "curve"],
    ]);
    const [{ points }] = (found.plots[0] as CurvePlot).series;
    expect(points.map(({ x }) => x / points[0].x)).toEqual([1, 5, 14].map((tiles) => expect.closeTo(tiles, 5)));
    expect(readdirSync(join(folder, "climb/camvid"))).toEqual([]);
    rmSync(join(folder, "climb/ladder-figures/mobilenet_v1/x1.00/clothing/1x+2x.json"));
    const again = await climb();
    expect(again.err.match(/^fitting .*$/gm)).toEqual(["fitting logistic to MobileNet x1.00, 1x+2x of clothing"]);
    expect(result("ladder").tables).toEqual(found.tables);
  });

  const onPair = (name: string) =>
    run(name, "--models", "models", "--patch-size", "8", "--out", "results", "--store", "pair", "--quiet");

  it("hard-samples: a model compared with itself leaves no hard samples; a further run fits nothing", async () => {
    expect((await onPair("hard-samples")).status).toBe(0);
    const found = result("hard-samples");
    expect(found.findings).toEqual([
      expect.stringMatching(
        /^clothing: of 0 test samples that MobileNet x1\.00 has right and MobileNet x0\.25 wrong, in too few photos/,
      ),
      expect.stringMatching(/^camvid: of 0 test samples/),
    ]);
    const [, , clothing] = found.tables;
    expect(clothing.title).toBe("clothing: errors, %");
    expect(clothing.rows.at(-1)!.slice(0, 2)).toEqual(["MobileNet x1.00, 1x", { value: 0, low: 0, high: 0 }]);
    expect(found.models).toHaveLength(1); // the same weights twice
    const again = await run("hard-samples", "--models", "models", "--patch-size", "8", "--out", "results", "--store", "pair");
    expect(again.err).not.toMatch(/fitting|features of/);
    expect(result("hard-samples").tables).toEqual(found.tables);
  });

  it("capacity: a model reconstructs itself at 1x; each row is kept", async () => {
    expect((await onPair("capacity")).status).toBe(0);
    const found = result("capacity");
    const [gains, reconstructed] = found.tables;
    expect(gains.rows.map((row) => row.slice(0, 3))).toEqual([["MobileNet x1.00", "MobileNet x0.25", "output"]]);
    expect(reconstructed.rows.map(([, features, channels]) => [features, channels])).toEqual([
      ...[
        ["1x", "4"],
        ["1x+2x", "8"],
        ["1x+2x+3x", "12"],
        ["2 views at 1x", "8"],
        ["3 views at 1x", "12"],
      ],
      ["1x and random features, 2 times as wide", "8"],
      ["1x and random features, 3 times as wide", "12"],
      ["1x+2x+3x, principal components, as wide as 1x", "4"],
    ]);
    expect(valueIn(found, 1, 0, 6)).toBeGreaterThan(3); // bits: all but what the penalty takes
    expect(readdirSync(join(folder, "pair/capacity"))).toHaveLength(8);
  });

  it("--render writes pages and index again from the figures alone", async () => {
    const before = readFileSync(join(folder, "results/merge.md"), "utf8");
    writeFileSync(join(folder, "results/merge.md"), "lost");
    expect((await run("--render", "--out", "results", "--quiet")).status).toBe(0);
    expect(readFileSync(join(folder, "results/merge.md"), "utf8")).toBe(before);
    expect(readdirSync(join(folder, "results")).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  it("overwrites no file that it did not write", async () => {
    writeFileSync(join(folder, "results/pixels.json"), "{}");
    const { status, err } = await onTiny("pixels");
    expect([status, err]).toEqual([2, expect.stringMatching(/pixels\.json exists, and no experiment wrote it/)]);
    expect(readFileSync(join(folder, "results/pixels.json"), "utf8")).toBe("{}");
    rmSync(join(folder, "results/pixels.json"));
  });

  it.each([
    ["an unknown name", ["clasification", ...tiny], /There is no experiment "clasification"; expected ladder, classification, /],
    ["no model", ["merge"], /give --model/],
    ["no model of the ladder", ["ladder", "--models", "nowhere"], /mobilenet_v1\/x0\.25.*give --models/],
    ["no such data", ["merge", ...tiny, "--data", "nowhere"], /There is no folder "nowhere\/clothing"/],
    ["no pair of models", ["hard-samples", "--models", "models/mobilenet_v1/x0.25"], /No folder of --models has one of/],
    ["a finished graph whose positions cannot be interpolated", ["split", ...tiny], /finished graph.*model\.safetensors/],
  ])("%s is refused in a sentence", async (_, args, sentence) => {
    const ended = await run(...args, "--quiet");
    expect(ended.status).toBe(2);
    expect(ended.err).toMatch(sentence);
  });
});
