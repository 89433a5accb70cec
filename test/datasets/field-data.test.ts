/** Data sets as users had them when they were read wrongly: each gives the right splits and classes, or a sentence with the cause. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type DataSet, openDataSet } from "../../src/datasets/index.ts";
import { openFolder } from "../../src/runtimes/node/open-folder.ts";
import { headFor } from "../../src/tasks/index.ts";

const at = (name: string) => openFolder(fileURLToPath(new URL(`../fixtures/field/${name}`, import.meta.url)));
const counts = ({ splits }: DataSet) =>
  Object.fromEntries(Object.entries<readonly unknown[]>(splits).map(([split, items]) => [split, items.length]));
const unused = ({ issues }: DataSet) => issues.filter(({ used }) => !used);
const namesOf = ({ classes }: DataSet) => classes.filter((name) => name !== "");

describe("a folder as people have it is read", () => {
  it.each([
    ["voc", "segmentation", { train: 4, val: 2 }, "background aeroplane bicycle"],
    ["coco-yolo", "counting", { train: 6, val: 3 }, "cup cat"],
    ["yolo/labelimg", "counting", { train: 4, val: 2, test: 2 }, "cup cat"],
    ["yolo/absolute", "counting", { train: 4, val: 2 }, "cup"],
    ["yolo/cvat", "counting", { train: 4 }, "cup"],
    ["yolo/darknet", "counting", { train: 4 }, "cup"],
    ["mask-255/two", "segmentation", { train: 4, val: 2, test: 2 }, "background polyp"],
    ["mask-255/three", "segmentation", { train: 6, val: 3, test: 3 }, "background road car"],
    ["turned/masks", "segmentation", { all: 4 }, "background road"],
    ["turned/boxes", "counting", { train: 3, val: 3, test: 3 }, "cup"],
  ])("%s", async (name, kind, splits, classes) => {
    const set = await openDataSet(at(name));
    expect([set.task, counts(set), unused(set)]).toEqual([kind, splits, []]);
    expect(namesOf(set).slice(0, 3).join(" ")).toBe(classes);
  });

  it("with pandas' index as its first column: the labels are the labels, and no row is a split", async () => {
    const set = await openDataSet(at("pandas"), { list: "train.csv" });
    expect([set.task, set.classes, counts(set), unused(set)]).toEqual(["classification", ["cat", "dog"], { all: 30 }, []]);
    await expect(openDataSet(at("pandas"))).rejects.toThrow("--list train.csv");
  });

  it("with images that are turned in PNG, WebP and TIFF: boxes are on the upright image, as the features", async () => {
    const set = await openDataSet(at("turned/boxes"), { task: "counting" });
    expect(set.splits.train[0].size).toEqual([60, 40]);
    expect(set.splits.train[0].boxes[0]).toMatchObject({ left: 12, top: 3, width: 16, height: expect.closeTo(6, 9) });
  });
});

describe("the id that is no class", () => {
  it("is not 255 where a class is named so, and every pixel of it counts", async () => {
    const set = await openDataSet(at("mask-255/three"), { task: "segmentation" });
    expect(set.ignore).toBe(-1);
    expect(set.splits.train[0].classes).toEqual([0, 1, 255]);
    expect((await openDataSet(at("mask-255/three"), { task: "segmentation", ignore: 255 })).splits.train[0].classes).toEqual([
      0, 1,
    ]);
  });

  it("is said where it leaves one class, with what to do", async () => {
    const set = await openDataSet(at("mask-255/two"), { task: "segmentation", classes: ["background", "polyp"] });
    expect(set.ignore).toBe(255);
    expect(() => headFor(set, set.splits.train)).toThrow(/one class, "background".*Pixels of 255 are ignored: if 255 is a class/);
    const none = openDataSet(at("mask-255/two"), { task: "segmentation", classes: ["background", "polyp"], ignore: "none" });
    expect(unused(await none)[0].reason).toContain("ids that no class has: 255");
  });

  it("is the one that the option names", async () => {
    expect(unused(await openDataSet(at("ignore")))[0].reason).toContain("200. Name them, or give ignore (--ignore).");
    const set = await openDataSet(at("ignore"), { ignore: 200 });
    expect([counts(set), unused(set)]).toEqual([{ train: 3 }, []]);
  });
});
