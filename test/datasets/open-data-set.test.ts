/** Layouts that people have are read as they mean them, and every file that cannot be used is named: nothing is dropped in silence. */
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { loadImage } from "s2-vision/node"; // built: an SVG is drawn by a process of its own
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { countItems, type DataSet, type DataSetIssue, openDataSet, type Task } from "../../src/datasets/index.ts";
import { openFolder } from "../../src/runtimes/node/open-folder.ts";
import { depth, type Files, folderOf, imageFile, mask } from "./data-folder.ts";

const reasons = ({ issues }: { issues: readonly DataSetIssue[] }) =>
  Object.fromEntries(issues.map(({ path, reason }) => [path, reason]));
const left = ({ issues }: { issues: readonly DataSetIssue[] }) => issues.filter(({ used }) => !used).map(({ path }) => path);
const paths = (set: DataSet) =>
  Object.fromEntries(
    Object.entries<readonly { path: string }[]>(set.splits).map(([split, items]) => [split, items.map(({ path }) => path)]),
  );

describe("a folder for each class", () => {
  it("gives ids in the order of names over all splits, with val for validation and all for no split", async () => {
    const set = await openDataSet(
      folderOf({
        "train/hat/a.png": imageFile(1),
        "train/Zebra/b.png": imageFile(2),
        "validation/hat/c.png": imageFile(3),
        "validation/apple/deeper/d.png": imageFile(4),
        "README.md": "",
      }),
    );
    expect(set).toMatchObject({ task: "classification", classes: ["Zebra", "apple", "hat"] }); // by bytes, as torchvision
    expect(paths(set)).toEqual({
      train: ["train/Zebra/b.png", "train/hat/a.png"],
      val: ["validation/apple/deeper/d.png", "validation/hat/c.png"],
    });
    expect(set.splits.val[0]).toMatchObject({ label: 1, classes: [1], size: [6, 8] });
    expect(left(set)).toEqual([]);
    const flat = await openDataSet(folderOf({ "photos/a.png": imageFile(1), "drawings/a.png": imageFile(2) }));
    expect(flat.classes).toEqual(["drawings", "photos"]);
    expect(paths(flat)).toEqual({ all: ["drawings/a.png", "photos/a.png"] });
  });

  it("names images in no class, files that are no images, empty and broken ones, and classes that a split lacks", async () => {
    const set = await openDataSet(
      folderOf({
        "train/hat/good.png": imageFile(1),
        "train/hat/notes.txt": "x",
        "train/hat/empty.jpg": "",
        "train/hat/page.jpg": "<html>404</html>",
        "train/stray.png": imageFile(2),
        "outside.png": imageFile(3),
        "elsewhere/hat/x.png": imageFile(4),
        "val/cap/good.png": imageFile(5),
      }),
    );
    expect(paths(set)).toEqual({ train: ["train/hat/good.png"], val: ["val/cap/good.png"] });
    expect(reasons(set)).toEqual({
      "train/hat/notes.txt": "It is no image by its name.",
      "train/hat/empty.jpg": "It is empty (0 bytes); copy or download it again.",
      "train/hat/page.jpg": "It is no image that can be read, or its start is damaged; copy or download it again.",
      "train/stray.png": "It lies in no folder of a class.",
      "outside.png": "It lies in no folder of a class.",
      "elsewhere/hat/x.png": "It lies in no folder of a split (train/, val/ or test/).",
      train: "The split has nothing of 1 of 2 classes: cap.",
      val: "The split has nothing of 1 of 2 classes: hat.",
    });
  });
});

describe("splits by file", () => {
  const images = { "hat/a.png": imageFile(1), "hat/b.png": imageFile(2), "cap/c.png": imageFile(3), "cap/d.png": imageFile(4) };

  it("are read from splits.csv, and what it lacks or names in vain is said", async () => {
    const list = "path,split\nhat/a.png,train\n./cap\\c.png,validation\ncap/d.png,holdout\nhat/gone.png,test\ncap/d.png,train\n";
    const set = await openDataSet(folderOf({ ...images, "splits.csv": list }));
    expect(paths(set)).toEqual({ val: ["cap/c.png"], holdout: ["cap/d.png"], train: ["hat/a.png"] });
    expect(reasons(set)).toMatchObject({
      "hat/b.png": "No line of splits.csv gives it a split.",
      "hat/gone.png": "splits.csv (line 5) names it, and there is no such image.",
      "cap/d.png": "splits.csv (line 6) puts it in train, and splits.csv in holdout, where it is used.",
    });
  });

  it("are read from the folders and lists that data.yaml names, unless folders are named for splits", async () => {
    const boxes = (folder: string, name: string, shade: number) => ({
      [`${folder}/images/${name}.png`]: imageFile(shade),
      [`${folder}/labels/${name}.txt`]: "0 0.5 0.5 0.2 0.2",
    });
    const files = { ...boxes("north", "a", 1), ...boxes("south", "b", 2), ...boxes("west", "c", 3), ...boxes("west", "d", 4) };
    const yaml =
      "path: /home/ann/set\ntrain: [../north/images, ./south/images/]\nval: /home/ann/set/lists/held.txt\nnames: [cup]\n";
    const set = await openDataSet(folderOf({ ...files, "data.yaml": yaml, "lists/held.txt": "west/images/c.png\n" }));
    expect(paths(set)).toEqual({ train: ["north/images/a.png", "south/images/b.png"], val: ["west/images/c.png"] });
    expect(reasons(set)).toMatchObject({ "west/images/d.png": "No line of data.yaml gives it a split." });
    const named = { ...boxes("train", "a", 1), ...boxes("val", "b", 2), "data.yaml": "train: val/images\nnames: [cup]\n" };
    expect(paths(await openDataSet(folderOf(named)))).toEqual({ train: ["train/images/a.png"], val: ["val/images/b.png"] });
    const gone = { ...boxes("north", "a", 1), "data.yaml": "train: elsewhere/images\nnames: [cup]\n" };
    expect(paths(await openDataSet(folderOf(gone)))).toEqual({ all: ["north/images/a.png"] });
  });

  it("are read from train.txt, val.txt and test.txt, with paths as YOLO, Food-101 and VOC write them", async () => {
    const lists = { "train.txt": "hat/a.png\r\ncap/c\n\n", "test.txt": "./hat/b.png\ncap/d.png" };
    const set = await openDataSet(folderOf({ ...images, ...lists }));
    expect(paths(set)).toEqual({ train: ["cap/c.png", "hat/a.png"], test: ["cap/d.png", "hat/b.png"] });
    expect(set.issues).toEqual([]);
    const voc = await openDataSet(
      folderOf({
        ...{
          "images/one.png": imageFile(1),
          "masks/one.png": mask([0]),
          "images/two.png": imageFile(2),
          "masks/two.png": mask([0]),
        },
        ...{ "train.txt": "one\n", "val.txt": "two\n", "classes.txt": "sky\n" },
      }),
    );
    expect(paths(voc)).toEqual({ train: ["images/one.png"], val: ["images/two.png"] });
  });

  it("that are no CSV, or lack a column, are refused with what is needed", async () => {
    const open = (text: string) => openDataSet(folderOf({ ...images, "splits.csv": text }));
    await expect(open("what;split\nhat/x.png;train")).rejects.toThrow("expected one called path or file");
    await expect(open("path,fold\nhat/a.png,1")).rejects.toThrow("expected one called split or set");
    await expect(open('path,split\n"hat/a.png,train')).rejects.toThrow("is not valid CSV");
    await expect(open("path,split\n")).rejects.toThrow("has no rows");
  });
});

describe("images and masks", () => {
  const classes = { "classes.txt": "0 sky\n1 road\n3 car\n9 void\n" };

  it("are paired in both orders of folders, and masks give class ids a pixel", async () => {
    const pair = (imagePath: string, maskPath: string, shade: number) => ({
      [imagePath]: imageFile(shade),
      [maskPath]: mask([0, 3, 9]),
    });
    const set = await openDataSet(
      folderOf({
        ...pair("train/images/a.png", "train/masks/a.png", 1),
        ...pair("images/val/deep/b.png", "annotations/validation/deep/b.png", 2),
        ...classes,
      }),
    );
    if (set.task !== "segmentation") throw new Error(set.task);
    expect(set).toMatchObject({ ignore: 9, classes: ["sky", "road", "", "car", "", "", "", "", "", "void"] });
    expect(left(set)).toEqual([]);
    const [item] = set.splits.val;
    expect(item).toMatchObject({ maskPath: "annotations/validation/deep/b.png", classes: [0, 3] });
    expect(await item.mask()).toMatchObject({ width: 8, height: 6 });
    expect([...(await item.mask()).data.subarray(0, 4)]).toEqual([0, 3, 9, 0]);
  });

  it("that do not go together are named, each by the file that is wrong", async () => {
    const set = await openDataSet(
      folderOf({
        ...classes,
        ...{ "images/good.png": imageFile(1), "masks/good.png": mask([1]) },
        ...{ "images/alone.png": imageFile(2), "masks/lone.png": mask([1]) },
        ...{ "images/other-size.png": imageFile(3), "masks/other-size.png": mask([1], 6, 8) },
        ...{ "images/foreign.png": imageFile(4), "masks/foreign.png": mask([1, 7, 2, 7]) },
        ...{ "images/broken.png": imageFile(5), "masks/broken.png": mask([1]).subarray(0, 60) },
        ...{ "images/jpeg.png": imageFile(6), "masks/jpeg.jpg": "x" },
        ...{ "images/twin.png": imageFile(7), "images/twin.jpg": "x", "masks/twin.png": mask([1]) },
        ...{ "images/notes.txt": "x", "stray.png": imageFile(8) },
      }),
    );
    expect(paths(set)).toEqual({ all: ["images/good.png"] });
    expect(reasons(set)).toEqual({
      "images/alone.png": "It has no mask (a PNG of class ids) of the same name.",
      "masks/lone.png": "There is no image for it: none is called lone in the same split.",
      "masks/other-size.png": "It is 6x8 pixels and its image 8x6; they must be equal.",
      "masks/foreign.png": "36 of its pixels have ids that no class has: 2, 7. Name them, or give ignore (--ignore).",
      "masks/broken.png": "It is a damaged PNG (cut short); copy or download it again.",
      "masks/jpeg.jpg": "It is no .png file; expected mask (a PNG of class ids).",
      "images/jpeg.png": "It has no mask (a PNG of class ids) of the same name.",
      "images/twin.jpg": "It is no image that can be read, or its start is damaged; copy or download it again.",
      "images/twin.png": '"images/twin.jpg" has the same name without its extension, so their files are ambiguous.',
      "images/notes.txt": "It is no image by its name.",
      "stray.png": "It lies outside of the folders of images (images/, photos/ or rgb/).",
      all: "The split has nothing of 2 of 3 classes: sky, car.",
    });
  });

  it("need names of classes, and take the id to ignore from the option, a class called void, or MMSeg", async () => {
    const files = { "images/a.png": imageFile(1), "masks/a.png": mask([0, 1]) };
    await expect(openDataSet(folderOf(files))).rejects.toThrow("has no names of classes");
    const names = ["road", "sky"];
    expect((await openDataSet(folderOf(files), { classes: names })).splits.all[0].classes).toEqual([0, 1]);
    const ignoring = async (options: object) => {
      const set = await openDataSet(folderOf(files), options);
      return set.task === "segmentation" ? [set.ignore, ...set.splits.all[0].classes] : [];
    };
    expect(await ignoring({ classes: names })).toEqual([255, 0, 1]);
    expect(await ignoring({ classes: ["unlabeled", "sky"] })).toEqual([0, 1]);
    expect(await ignoring({ classes: names, ignore: 1 })).toEqual([1, 0]);
    await expect(openDataSet(folderOf(files), { classes: names, ignore: -1 })).rejects.toThrow("Got ignore -1");
  });

  it("have one outcome a pair, whatever is wrong with which file: used, or named with a reason", async () => {
    const flaws = ["none", "no image", "no mask", "empty image", "empty mask", "cut mask", "wrong size", "foreign id"] as const;
    const pairs = fc.dictionary(
      fc.stringMatching(/^[a-z]{1,4}$/),
      fc.tuple(fc.constantFrom(...flaws), fc.constantFrom("train", "val")),
    );
    await fc.assert(
      fc.asyncProperty(pairs, async (all) => {
        const files: Record<string, Uint8Array | string> = { "classes.txt": "a\nb\n" };
        for (const [i, [name, [defect, split]]] of Object.entries(all).entries()) {
          const whole = mask(defect === "foreign id" ? [0, 2] : [0, 1], 8, defect === "wrong size" ? 5 : 6);
          if (defect !== "no image") files[`images/${split}/${name}.png`] = defect === "empty image" ? "" : imageFile(i);
          const bytes = defect === "empty mask" ? "" : defect === "cut mask" ? whole.subarray(0, whole.length - 20) : whole;
          if (defect !== "no mask") files[`masks/${split}/${name}.png`] = bytes;
        }
        const set = await openDataSet(folderOf(files), { task: "segmentation" });
        const used = new Set(Object.values(set.splits).flatMap((items) => items.map(({ path }) => path)));
        for (const [name, [defect, split]] of Object.entries(all)) {
          const named = left(set).filter((path) => path.endsWith(`/${split}/${name}.png`));
          expect(used.has(`images/${split}/${name}.png`), `${name}: ${defect}`).toBe(defect === "none");
          expect(named, `${name}: ${defect}`).toHaveLength(defect === "none" ? 0 : 1);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("images and depth", () => {
  it("give meters on every step-th pixel, with object ids of the image's size on the same grid", async () => {
    const ids = Array.from({ length: 48 }, (_, i) => i);
    const files = { "rgb/a.png": imageFile(1), "depth/a.png": depth([0, 1500, 65535, 3], 4, 3), "labels/a.png": mask(ids) };
    const set = await openDataSet(folderOf(files), { task: "depth", metersPerUnit: 0.001 });
    const [item] = set.splits.all;
    const map = await item.depth();
    expect(map).toMatchObject({ width: 4, height: 3, step: 2 });
    expect([...map.data.subarray(0, 4)]).toEqual([0, 1.5, 65.535, 0.003].map(Math.fround));
    expect([...(await item.objects!()).data]).toEqual([0, 2, 4, 6, 16, 18, 20, 22, 32, 34, 36, 38]);
    expect(set.issues).toEqual([]);
  });

  it("are refused without the unit, and files that cannot be depth are named", async () => {
    const files: Files = {
      ...{ "rgb/good.png": imageFile(1), "depth/good.png": depth([5]) },
      ...{ "rgb/eight.png": imageFile(2), "depth/eight.png": mask([5]) },
      ...{ "rgb/nothing.png": imageFile(3), "depth/nothing.png": depth([0]) },
      ...{ "rgb/third.png": imageFile(4), "depth/third.png": depth([5], 3, 2) },
      ...{ "rgb/objects.png": imageFile(5), "depth/objects.png": depth([5]), "labels/objects.png": mask([5], 4, 3) },
    };
    await expect(openDataSet(folderOf(files))).rejects.toThrow("0.001 for millimeters");
    await expect(openDataSet(folderOf(files), { metersPerUnit: 0 })).rejects.toThrow("Got metersPerUnit 0");
    const set = await openDataSet(folderOf(files), { task: "depth", metersPerUnit: 1 / 256 });
    expect(paths(set)).toEqual({ all: ["rgb/good.png"] });
    expect(set.splits.all[0].objects).toBeUndefined();
    expect(reasons(set)).toEqual({
      "depth/eight.png": "It is a gray PNG of 8 bits; expected gray of 16 bits, whose values are depth.",
      "depth/nothing.png": "It has no value at all: every pixel is 0.",
      "depth/third.png": "It is 3x2 pixels and its image 8x6; expected the image's size, or that divided by a whole number.",
      "labels/objects.png": "It is 4x3 pixels and its image 8x6; they must be equal.",
    });
  });
});

describe("images and YOLO boxes", () => {
  const yaml = { "data.yaml": "names:\n  0: cat\n  2: dog\n" };
  const set = (lines: string) =>
    openDataSet(folderOf({ ...yaml, "images/a.png": imageFile(1), "labels/a.txt": lines }), { task: "counting" });

  it("give boxes in pixels, cut at the edges, and none for an empty file", async () => {
    const { splits } = await set("2 0.5 0.5 0.25 0.5\n0 0.0 1.0 0.1 0.1\n");
    expect(splits.all[0]).toMatchObject({ labelPath: "labels/a.txt", classes: [0, 2] });
    expect(splits.all[0].boxes).toEqual([
      { label: 2, left: 3, top: 1.5, width: 2, height: 3 },
      { label: 0, left: 0, top: expect.closeTo(5.7, 9), width: 0.4, height: expect.closeTo(0.3, 9) },
    ]);
    expect((await set("")).splits.all[0].boxes).toEqual([]);
  });

  it("with a bad line are left out whole, with the line and what is wrong with it", async () => {
    const reason = async (lines: string) => reasons(await set(lines))["labels/a.txt"];
    const start = "1 of its lines cannot be used: line 2";
    expect(await reason("0 .5 .5 .1 .1\n1 .5 .5 .1 .1")).toBe(`${start} is of class 1, which has no name. Correct the file.`);
    expect(await reason("\n0 .1 .1 .2 .1 .2 .2 .1")).toContain("line 2 has 8 numbers, expected 5");
    expect(await reason("\n0 320 240 50 50")).toContain(
      "has the numbers 320 240 50 50, expected fractions of the image from 0 to 1",
    );
    expect(await reason("\n0 .1 .5 .9 .1")).toContain("reaches 2.8 pixels out of the image");
    expect(await reason("7 1 1 1 1\n9 1 1 1 1")).toMatch(/^2 of its lines cannot be used: line 1 .* \(and 1 more\)\. Correct/);
    expect((await set("9 1 1 1 1")).splits.all).toEqual([]);
  });

  it("are not taken for images without objects when the label file is missing", async () => {
    const missing = await openDataSet(folderOf({ ...yaml, "images/a.png": imageFile(1) }), { task: "counting" });
    expect(reasons(missing)["images/a.png"]).toContain("an empty one if there is no object");
  });
});

describe("a list in CSV", () => {
  const images = { "data/a.png": imageFile(1), "data/b.png": imageFile(2), "data/c.png": imageFile(3) };
  const open = (text: string, options = {}) =>
    openDataSet(folderOf({ ...images, "data/list.csv": text }), { list: "data/list.csv", ...options });

  it("gives labels and splits; ids count up as numbers where labels are numbers", async () => {
    const set = await open("file,class,split\na.png,10,train\nb.png,9,test\n");
    expect(set).toMatchObject({ task: "classification", classes: ["9", "10"] });
    expect(paths(set)).toEqual({ train: ["data/a.png"], test: ["data/b.png"] });
    expect(paths(await open('\ufeffPath,Label\na.png,hat\nb.png,"cap, red"\n'))).toEqual({ all: ["data/a.png", "data/b.png"] });
    const named = await open("path,label\na.png,1\nb.png,cap\n", { classes: ["cap", "hat"] });
    expect(named.splits.all.map((item) => item.classes)).toEqual([[1], [0]]);
  });

  it("names rows that cannot be used with their line", async () => {
    const rows = "path,label,split\na.png,hat,train\na.png,cap,train\ngone.png,hat,train\nb.png,,train\nc.png,hat\n";
    const set = await open(rows, { classes: ["hat"] });
    expect(paths(set)).toEqual({ train: ["data/a.png"] });
    expect(set.issues.map(({ path, reason }) => `${path}: ${reason}`)).toEqual([
      "data/a.png: data/list.csv (line 3): It is listed a second time; the first line counts.",
      "data/gone.png: data/list.csv (line 4): There is no such file.",
      "data/b.png: data/list.csv (line 5): It has no label.",
      "data/c.png: data/list.csv (line 6): It has no split, and others have.",
    ]);
    const unknown = await open("path,label\na.png,scarf\nb.png,7\n", { classes: ["hat"] });
    expect(
      Object.values(reasons(unknown))
        .slice(0, 2)
        .every((reason) => reason.includes("none of the 1 classes")),
    ).toBe(true);
  });
});

describe("opening", () => {
  it("reports the same bytes in two splits, by whatever name, and leaves them where they are", async () => {
    const set = await openDataSet(
      folderOf({ "train/hat/a.png": imageFile(1), "test/hat/b.png": imageFile(1), "test/hat/c.png": imageFile(1) }),
      { task: "classification" },
    );
    expect(countItems(set).test.images).toBe(2);
    expect(set.issues).toEqual([
      { path: "train/hat/a.png", reason: 'It is in train, and the same bytes are in test as "test/hat/b.png".', used: true },
    ]);
  });

  it("asks which kind where a folder has two, and says what is known where it has none", async () => {
    const both = { "images/a.png": imageFile(1), "masks/a.png": mask([0]), "labels/a.txt": "", "classes.txt": "sky" };
    await expect(openDataSet(folderOf(both, "both"))).rejects.toThrow(
      '"both" has data for segmentation and counting. Choose with task: "segmentation" or "counting"',
    );
    expect((await openDataSet(folderOf(both), { task: "counting" })).splits.all[0].boxes).toEqual([]);
    await expect(openDataSet(folderOf({ "a.png": imageFile(1) }))).rejects.toThrow("has no known layout");
    await expect(openDataSet(folderOf({}))).rejects.toThrow("(0 files)");
    await expect(openDataSet(folderOf(both), { task: "points" as Task })).rejects.toThrow(
      "expected classification, segmentation, depth, counting",
    );
    await expect(openDataSet(folderOf(both), { task: "depth", list: "x.csv" })).rejects.toThrow("a list is for");
    await expect(openDataSet(folderOf(both), { list: "x.csv" })).rejects.toThrow('has no file "x.csv"');
  });

  it.each([
    ["lines of names", "classes.txt", "sky\nthe road\n", ["sky", "the road"]],
    ["ids and names", "classes.txt", "1 sky\r\n0 the road\r\n", ["the road", "sky"]],
    ["a YAML list", "names.yaml", "names: [sky, road]\n", ["sky", "road"]],
    ["a YAML map", "names.yml", "classes:\n  1: sky\n", ["", "sky"]],
  ])("reads names of classes from %s", async (_, file, text, names) => {
    const files = { "images/a.png": imageFile(1), "masks/a.png": mask([1]), [file]: text };
    expect((await openDataSet(folderOf(files), { classes: file })).classes).toEqual(names);
  });

  it("refuses names of classes that cannot be read, and says what was expected", async () => {
    const open = (text: string, classes = "names.yaml") =>
      openDataSet(folderOf({ "images/a.png": imageFile(1), "masks/a.png": mask([1]), "names.yaml": text, "n.txt": text }), {
        classes,
      });
    await expect(open("path: .\n")).rejects.toThrow("neither names: nor classes:");
    await expect(open("names: {a: 1}\n")).rejects.toThrow("no id from 0 to 65535");
    await expect(open("a: [")).rejects.toThrow("not valid YAML");
    await expect(open("0 sky\n0 road\n", "n.txt")).rejects.toThrow('0 is both "sky" and "road"');
    await expect(open("", "n.txt")).rejects.toThrow("it names none");
    await expect(open("", "nams.yaml")).rejects.toThrow('Did you mean "names.yaml"?');
  });

  it("decodes images to their end when asked, finds what is cut short, and takes the decoded size", async () => {
    const whole = new Uint8Array(
      await sharp({ create: { width: 64, height: 48, channels: 3, background: "teal" } })
        .jpeg()
        .toBuffer(),
    );
    const files = { "hat/whole.jpg": whole, "hat/cut.jpg": whole.subarray(0, whole.length - 40) };
    expect(left(await openDataSet(folderOf(files), { task: "classification" }))).toEqual([]); // its first bytes are right
    const seen: number[] = [];
    const set = await openDataSet(folderOf(files), {
      task: "classification",
      decode: (bytes) => loadImage(bytes),
      onImage: (done, of) => seen.push(done, of),
    });
    expect(left(set)).toEqual(["hat/cut.jpg"]);
    expect(reasons(set)["hat/cut.jpg"]).toContain("cut short or damaged");
    expect(seen).toEqual([1, 2, 2, 2]);
  });

  it("measures every format as it is decoded, a turned JPEG upright", async () => {
    const picture = () => sharp({ create: { width: 40, height: 30, channels: 3, background: "teal" } });
    const files: Record<string, Uint8Array> = {
      "a/turned.jpg": new Uint8Array(await picture().withMetadata({ orientation: 6 }).jpeg().toBuffer()),
    };
    for (const format of ["jpeg", "png", "webp", "avif", "gif", "tiff"] as const)
      files[`a/${format}.${format}`] = new Uint8Array(await picture().toFormat(format).toBuffer());
    files["a/drawn.svg"] = new TextEncoder().encode(
      '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="9" height="9"/></svg>',
    );
    const set = await openDataSet(folderOf(files), { task: "classification" });
    const decoded = await openDataSet(folderOf(files), { task: "classification", decode: (bytes) => loadImage(bytes) });
    const sizes = ({ splits }: DataSet) => Object.fromEntries(splits.all.map(({ path, size }) => [path, size]));
    expect(sizes(set)).toEqual(sizes(decoded));
    expect(sizes(set)).toMatchObject({ "a/turned.jpg": [40, 30], "a/jpeg.jpeg": [30, 40] });
    expect(Object.keys(sizes(set))).toHaveLength(8);
  });

  it("stops when it is shown to, and gives errors of no file as they are", async () => {
    const files = { "a/a.png": imageFile(1), "b/b.png": imageFile(2) };
    const control = new AbortController();
    const opening = openDataSet(folderOf(files), { signal: control.signal, onImage: () => control.abort(new Error("enough")) });
    await expect(opening).rejects.toThrow("enough");
    const unreadable = { ...folderOf(files), read: async () => Promise.reject(new Error("EACCES")) };
    expect(reasons(await openDataSet(unreadable))["a/a.png"]).toBe("It cannot be read (EACCES).");
  });
});

describe("openFolder", () => {
  it("lists files below it by path, through links, without hidden ones, and reads them", async () => {
    const root = mkdtempSync(join(tmpdir(), "s2-folder-"));
    mkdirSync(join(root, "set/b"), { recursive: true });
    mkdirSync(join(root, "far"));
    for (const [path, text] of Object.entries({
      "set/b/z.txt": "z",
      "set/b/[odd] (1).txt": "odd",
      "set/.hidden": "h",
      "far/x.txt": "x",
    }))
      writeFileSync(join(root, path), text);
    symlinkSync(join(root, "far"), join(root, "set/linked"));
    const folder = openFolder(join(root, "set"));
    expect(folder.name).toBe("set");
    expect(await folder.list()).toEqual(["b/[odd] (1).txt", "b/z.txt", "linked/x.txt"]);
    expect(new TextDecoder().decode(await folder.read("b/[odd] (1).txt"))).toBe("odd");
    symlinkSync(join(root, "gone.png"), join(root, "set/b/lost.png"));
    expect(await folder.list()).toContain("b/lost.png");
    const lost = await openDataSet(folder, { task: "classification" });
    expect(reasons(lost)["b/lost.png"]).toMatch(/^It cannot be read \(ENOENT/); // annexed images that were not fetched
    expect(() => openFolder(join(root, "none"))).toThrow("There is no folder");
    expect(() => openFolder(join(root, "far/x.txt"))).toThrow("There is no folder");
  });
});
