/** `s2 fit`, `s2 predict` and `s2 eval` as a user meets them, one after the other: a head from images, what it says of others, how often it is right. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { readRaster } from "../datasets/data-folder.ts";
import { drawBoxes, drawClasses, drawDepth, drawMasks } from "./drawn-sets.ts";
import { s2, s2Process, tempFolder, tiny } from "./s2.ts";

const folder = tempFolder();
const run = (...args: string[]) => s2(args, { cwd: folder });
const fitTo = (set: string, head: string, ...args: string[]) =>
  run("fit", set, ...tiny, "--threads", "1", "--scales", "1,2", "-o", head, ...args);
const filesBelow = (path: string) =>
  readdirSync(join(folder, path), { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, path, name))
    .filter((name) => statSync(name).isFile());
const tasks = { classes: "classification", masks: "segmentation", depth: "depth", boxes: "counting" } as const;
const heads = ["classes", "masks", "depth", "boxes"] as const;
const fitted: Record<string, Awaited<ReturnType<typeof run>>> = {};

beforeAll(async () => {
  drawClasses(join(folder, "classes"));
  drawMasks(join(folder, "masks"));
  drawDepth(join(folder, "depth"));
  drawBoxes(join(folder, "boxes"));
  const options = { classes: [], masks: [], depth: ["--meters-per-unit", "0.001", "--far", "5"], boxes: [] };
  for (const kind of heads) fitted[kind] = await fitTo(kind, `heads/${kind}`, "--json", ...options[kind]);
});

describe("fit", () => {
  it.each(heads)("%s: a head, with its figures on validation and test", (kind) => {
    const { status, out, err } = fitted[kind];
    expect([status, err]).toEqual([0, ""]);
    const said = JSON.parse(out);
    expect(said).toMatchObject({ task: tasks[kind], images: { train: 12, validation: 6, test: 9, failed: 0 } });
    const { test } = said.figures;
    const [name, least, most] = {
      classes: ["top-1", 1, 1],
      masks: ["mIoU", 0.9, 1],
      depth: ["AbsRel", 0, 0.1],
      boxes: ["presence mAP", 0.9, 1],
    }[kind] as [string, number, number];
    expect(test[name].value).toBeGreaterThanOrEqual(least);
    expect(test[name].value).toBeLessThanOrEqual(most);
    expect(readdirSync(join(folder, "heads", kind)).sort()).toEqual(["head.json", "head.safetensors"]);
  });

  it("keeps --ignore in the head, so that eval reads the masks as fit did", async () => {
    expect((await fitTo("masks", "heads/ignoring", "--head", "ridge", "--ignore", "none", "--json")).status).toBe(0);
    const { data } = JSON.parse(readFileSync(join(folder, "heads/ignoring/head.json"), "utf8"));
    expect(data.ignore).toBe("none");
    expect((await run("eval", "heads/ignoring", "masks", "--quiet")).status).toBe(0);
  });

  it("in words: counts, the regularization, a line for each figure; stored features are not extracted again", async () => {
    const { status, out } = await fitTo("classes", "heads/ridge", "--head", "ridge", "--regularization", "100,1");
    expect(status).toBe(0);
    expect(out).toMatch(/^classes: 12 training, 6 validation and 9 test images\nfeatures: .*plain\.onnx of 32x32, 1x\+2x\n/);
    expect(out).toMatch(/\nridge: regularization (100|1), the best of 2 on validation\n/);
    expect(out).toMatch(/\ntop-1 +100\.0 % \(100\.0 to 100\.0\) +100\.0 % \(100\.0 to 100\.0\)\n/);
    expect(out).toMatch(/\n-> heads\/ridge\n$/);
    const kept = () => filesBelow("features").map((path) => [path, statSync(path).mtimeMs]);
    const before = kept();
    const said = JSON.parse((await fitTo("classes", "heads/again", "--json", "--head", "knn", "--pooling", "cls+mean")).out);
    expect(said).toMatchObject({ head: "knn", trials: [] });
    expect([kept(), before.length]).toEqual([before, 4 * 27]);
  });

  it("a broken image is named and counted, the status is 1; all broken is 4", async () => {
    cpSync(join(folder, "classes"), join(folder, "broken"), { recursive: true });
    const cut = readFileSync(join(folder, "broken/train/red/2.png")).subarray(0, 900);
    writeFileSync(join(folder, "broken/train/red/2.png"), cut);
    writeFileSync(join(folder, "broken/test/red/none.jpg"), "");
    const { status, err, out } = await fitTo("broken", "heads/broken");
    expect(status).toBe(1);
    expect(err).toMatch(/^failed: test\/red\/none\.jpg: .*0 bytes/m);
    expect(err).toMatch(/^failed: train\/red\/2\.png: /m);
    expect(out).toContain("; 2 files could not be used\n");
    for (const name of readdirSync(join(folder, "broken"), { recursive: true, encoding: "utf8" }))
      if (name.endsWith(".png"))
        writeFileSync(join(folder, "broken", name), readFileSync(join(folder, "broken", name)).subarray(0, 900));
    expect((await fitTo("broken", "heads/none")).status).toBe(4);
    expect(existsSync(join(folder, "heads/none"))).toBe(false);
  });

  it("a data set of one class, a head of another task, Dynamic S² and a missing test split are explained", async () => {
    drawClasses(join(folder, "alone"), ["red"]);
    expect(await fitTo("alone", "x")).toMatchObject({
      status: 2,
      err: expect.stringContaining('All images are in one class, "red"'),
    });
    expect(await fitTo("classes", "x", "--head", "bins")).toMatchObject({
      status: 2,
      err: expect.stringContaining('the head "bins" for classification; expected logistic'),
    });
    expect(await fitTo("classes", "x", "--dynamic")).toMatchObject({
      status: 2,
      err: expect.stringContaining("leave out --dynamic"),
    });
    expect(await fitTo("nowhere", "x")).toMatchObject({
      status: 2,
      err: expect.stringContaining('There is no folder "nowhere"'),
    });
    mkdirSync(join(folder, "plain"));
    for (const name of ["red", "blue", "green"])
      cpSync(join(folder, "classes/train", name), join(folder, "plain", name), { recursive: true });
    const without = await fitTo("plain", "heads/plain");
    expect(without.err).toContain('note: val: 20 % of "all", split off by seed 1');
    expect(without.out).toContain("no test split");
    const asked = JSON.parse((await fitTo("plain", "heads/plain-2", "--test-fraction", "0.25", "--seed", "3", "--json")).out);
    expect(asked.images).toEqual({ train: 7, validation: 2, test: 3, failed: 0 });
  });
});

describe("predict", () => {
  const image = "classes/test/red/20.png";

  it("a class with its probabilities: in words, in JSON, as a table", async () => {
    expect(await run("predict", "heads/classes", image)).toMatchObject({
      status: 0,
      err: "",
      out: expect.stringMatching(/^classes\/test\/red\/20\.png {2}red 0\.\d+, /),
    });
    const said = JSON.parse((await run("predict", "heads/classes", image, "--json")).out);
    expect(said).toMatchObject({ image, class: "red", probabilities: { red: expect.any(Number) } });
    const sum = (Object.values(said.probabilities) as number[]).reduce((total, value) => total + value);
    expect(sum).toBeCloseTo(1, 3);
    const { out } = await run("predict", "heads/ridge", image, "classes/test/blue/18.png", "--csv");
    expect(out).toMatch(
      /^image,class,blue,green,red\nclasses\/test\/red\/20\.png,red,(-?[\d.]+,?){3}\nclasses\/test\/blue\/18\.png,blue,/,
    );
  });

  it("a mask: colors beside the image for people, ids of classes for programs", async () => {
    const { status, out } = await run(
      "predict",
      "heads/masks",
      "masks/test/images/20.png",
      "-o",
      "masks-out",
      "--coco",
      "all.json",
    );
    expect([status, out]).toEqual([
      0,
      expect.stringMatching(/^masks\/test\/images\/20\.png -> masks-out\/20\.png {2}wall \d+\.\d %, floor \d+\.\d %\n$/),
    ]);
    const ids = await readRaster(join(folder, "masks-out/20.mask.png"));
    expect([ids.width, ids.height, ids.data[0], ids.data[63]]).toEqual([64, 64, 0, 1]);
    const coco = JSON.parse(readFileSync(join(folder, "all.json"), "utf8"));
    expect(coco.images).toEqual([{ id: 1, file_name: "20.png", width: 64, height: 64 }]);
    const pixels = [0, 1].map((label) => ids.data.filter((id) => id === label).length);
    expect(coco.annotations.map(({ area }: { area: number }) => area)).toEqual(pixels);
    const { width, height } = await sharp(join(folder, "masks-out/20.png")).metadata();
    expect([width, height! > 448]).toEqual([2 * 448 + 8, true]); // two panels, and the legend below
  });

  it("depth: millimeters for programs, a scale with both ends for people", async () => {
    const { status, out } = await run("predict", "heads/depth", "depth/test/rgb/20.png", "-o", "depth-out", "--json");
    expect(status).toBe(0);
    const { median, ...files } = JSON.parse(out);
    expect(median).toBeCloseTo(3, 0); // image 20 is 1 + 20 mod 3 meters away
    expect(files).toMatchObject({ picture: "depth-out/20.png", depth: "depth-out/20.depth.png" });
    const { data } = await readRaster(join(folder, "depth-out/20.depth.png"));
    expect(data[2080] / 1000).toBeCloseTo(3, 0);
  });

  it("objects: how many and how sure", async () => {
    const counts = async (name: string) =>
      JSON.parse((await run("predict", "heads/boxes", `boxes/images/test/${name}.png`, "--json")).out).counts;
    expect((await counts("21")).square).toBeGreaterThan(0.5);
    expect((await counts("20")).square).toBeLessThan(0.5);
  });

  it("an image that is not there is named, the others go on; nothing half-written is left", async () => {
    const { status, out, err } = await run("predict", "heads/classes", "gone.png", image);
    expect([status, out.startsWith(image)]).toEqual([1, true]);
    expect(err).toMatch(/^failed: There is no file ".*gone\.png"/);
    expect((await run("predict", "heads/classes", "gone.png")).status).toBe(4);
    expect(readdirSync(join(folder, "masks-out")).filter((name) => name.includes("part"))).toEqual([]);
  });

  it("another model, other scales and a folder without a head are refused with advice", async () => {
    const other = fileURLToPath(new URL("../runtimes/models/any-size.onnx", import.meta.url));
    const wrong = await run("predict", "heads/classes", image, "--model", other);
    expect(wrong.err).toMatch(
      /^error: The head was fitted with .*plain\.onnx \(fingerprint [0-9a-f]{12}\), and .* is another model/m,
    );
    expect(wrong.status).toBe(3);
    const scales = await run("predict", "heads/classes", image, "--scales", "1");
    expect(scales).toMatchObject({ status: 2, err: expect.stringContaining("Features are extracted as at the head's fit") });
    expect(await run("predict", "classes", image)).toMatchObject({
      status: 2,
      err: expect.stringContaining("classes has no head (head.json)"),
    });
    expect((await run("predict", "heads/depth", "depth/test/rgb/20.png", "--coco", "x.json")).err).toContain(
      "A head for depth predicts no masks, so x.json would be empty; leave --coco and --geojson out.",
    );
    expect((await run("predict", "heads/classes", "classes/test/red", "--geojson", "x.geojson")).err).toContain(
      "x.geojson would be empty",
    );
    const same = ["--coco", "x.json", "--geojson", "x.json"];
    for (const flags of [same, ["--polygons"]])
      expect(await run("predict", "heads/masks", image, ...flags)).toMatchObject({
        status: 2,
        err: expect.stringContaining("--geojson"),
      });
    expect(await run("predict", "heads/classes", image, "-o", "x")).toMatchObject({
      status: 2,
      err: expect.stringContaining("draws nothing"),
    });
  });

  it("two files of different fits do not pass for one head", async () => {
    cpSync(join(folder, "heads/classes"), join(folder, "heads/mixed"), { recursive: true });
    const weights = join(folder, "heads/mixed/head.safetensors");
    const bytes = readFileSync(weights);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(weights, bytes);
    expect(await run("predict", "heads/mixed", image)).toMatchObject({
      status: 2,
      err: expect.stringContaining("are not from one fit"),
    });
  });

  it("a head with a task of an older version is refused, with the advice to fit again", async () => {
    cpSync(join(folder, "heads/masks"), join(folder, "heads/old"), { recursive: true });
    const file = join(folder, "heads/old/head.json");
    writeFileSync(file, readFileSync(file, "utf8").replace('"task": "segmentation"', '"task": "masks"'));
    const { status, err } = await run("predict", "heads/old", image);
    expect([status, err]).toEqual([2, expect.stringMatching(/head\.json.*task.*segmentation.*Fit the head again/)]);
  });
});

describe("eval", () => {
  it("gives the figures of fit on the test split, of each class, and the confusion matrix", async () => {
    const { status, out } = await s2Process(["eval", "heads/classes", "classes", "--json"], { cwd: folder });
    expect(status).toBe(0);
    const said = JSON.parse(out);
    const atFit = JSON.parse(fitted.classes.out).figures.test;
    for (const { name, ...figure } of said.figures) expect(figure).toEqual(atFit[name]);
    expect(said).toMatchObject({
      split: "test",
      images: 9,
      failed: 0,
      confusion: [
        [3, 0, 0],
        [0, 3, 0],
        [0, 0, 3],
      ],
      confusionNormalized: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
    });
    const text = (await run("eval", "heads/classes", "classes")).out;
    expect(text).toContain("heads/classes on 9 images of classes, split test\n");
    expect(text).toMatch(/\naccuracy red +100\.0 % /);
    expect(text).toMatch(/\ntruth \\ predicted {2}blue {2}green {2}red {2}images\nblue +100 +\. +\. +3\n/);
  });

  it("options of the depth at the fit need not be given again; objects are apart from the table", async () => {
    const said = JSON.parse((await run("eval", "heads/depth", "depth", "--objects-from", "20", "--json")).out);
    const names = said.figures.map(({ name }: { name: string }) => name);
    expect(names).toContain("AbsRel of objects");
    const atFit = JSON.parse(fitted.depth.out).figures.test;
    expect(said.figures[0].value).toBe(atFit.AbsRel.value);
  });

  it("compares two heads on the same images: with itself all differences are 0", async () => {
    const { out } = await run("eval", "heads/classes", "classes", "--compare", "heads/classes", "--json");
    for (const { value, low, high } of JSON.parse(out).compared.differences) expect([value, low, high]).toEqual([0, 0, 0]);
    const text = (await run("eval", "heads/classes", "classes", "--compare", "heads/ridge")).out;
    expect(text).toMatch(/\nheads\/classes minus heads\/ridge, on the same images\n/);
    expect(text).toMatch(/\ntop-1 +\+0\.0 points \(\+0\.0 to \+0\.0\) +may be chance\n/);
  });

  it("a missing split, other classes and a head of another task are refused with what there is", async () => {
    expect((await run("eval", "heads/classes", "classes", "--split", "dev")).err).toContain(
      'no images in split "dev"; it has test (9), train (12), val (6)',
    );
    expect((await run("eval", "heads/classes", "classes", "--compare", "heads/masks")).err).toContain(
      "heads/masks is a head for segmentation (wall, floor)",
    );
    writeFileSync(join(folder, "masks/classes.txt"), "wall\nground\n");
    expect((await run("eval", "heads/masks", "masks")).err).toContain(
      'The head predicts wall, floor, and "masks" has wall, ground',
    );
    writeFileSync(join(folder, "masks/classes.txt"), "wall\nfloor\n");
  });

  it("a data set that lacks a class is measured on the others by their names", async () => {
    mkdirSync(join(folder, "less/test"), { recursive: true });
    for (const name of ["blue", "red"])
      cpSync(join(folder, "classes/test", name), join(folder, "less/test", name), { recursive: true });
    const said = JSON.parse((await run("eval", "heads/classes", "less", "--json")).out);
    expect([said.images, said.figures[0].value, said.classes.length]).toEqual([6, 1, 2]);
  });
});
