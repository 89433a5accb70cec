/** Data sets made of others: splits that someone asked for, and classes put together. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countItems, type DataSet, groupClasses, openDataSet, splitOff } from "../../src/datasets/index.ts";
import { folderOf, imageFile, mask } from "./data-folder.ts";

const bare = (classes: readonly number[][]): DataSet<"counting"> => ({
  task: "counting",
  name: "bare",
  classes: ["a", "b", "c", "d"],
  splits: { all: classes.map((ids, i) => ({ path: `${i}.png`, size: [9, 9], classes: ids, labelPath: `${i}.txt`, boxes: [] })) },
  issues: [],
});
const pathsOf = (items: readonly { path: string }[]) => items.map(({ path }) => path);

describe("splitOff", () => {
  it("gives every class its share, images once, the whole rounded, and the same again for the same seed", () => {
    const labels = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 8, maxLength: 60 });
    fc.assert(
      fc.property(labels, fc.double({ min: 0.2, max: 0.8, noNaN: true }), fc.integer(), (all, share, seed) => {
        const set = bare(all.map((label) => [label]));
        const options = { from: "all", to: "test", rest: "train", fraction: share, seed };
        const { train, test, ...others } = splitOff(set, options).splits;
        expect(others).toEqual({});
        expect([...train, ...test].sort((a, b) => Number.parseInt(a.path, 10) - Number.parseInt(b.path, 10))).toEqual(
          set.splits.all,
        );
        expect(Math.abs(test.length - share * all.length)).toBeLessThan(0.5 + 1e-9);
        for (const label of [0, 1, 2, 3]) {
          const count = all.filter((each) => each === label).length;
          const taken = test.filter(({ classes }) => classes[0] === label).length;
          expect(Math.abs(taken - share * count)).toBeLessThan(1);
        }
        expect(splitOff(set, options)).toEqual(splitOff(set, options));
      }),
    );
  });

  it("does not take the first images of a class, and takes others with another seed", () => {
    const set = bare(Array.from({ length: 40 }, () => [0]));
    const taken = [1, 2].map((seed) => pathsOf(splitOff(set, { from: "all", to: "val", fraction: 0.25, seed }).splits.val));
    expect(taken[0]).not.toEqual(taken[1]);
    expect(taken[0]).not.toEqual(pathsOf(set.splits.all).slice(0, 10));
    expect(splitOff(set, { from: "all", to: "val", fraction: 0.25, seed: 1 }).splits.all).toHaveLength(30);
  });

  it("counts an image of several classes for the rarest, so that it is in both parts", () => {
    const set = bare([...Array.from({ length: 20 }, () => [0, 1]), [0, 1, 2], [0, 1, 2], [1, 2], [0, 2]]);
    const { train, val } = splitOff(set, { from: "all", to: "val", rest: "train", fraction: 0.5, seed: 3 }).splits;
    expect([train, val].map((items) => items.filter(({ classes }) => classes.includes(2)).length)).toEqual([2, 2]);
  });

  it("keeps what belongs together in one part", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 20, maxLength: 50 }), fc.integer(), (scenes, seed) => {
        fc.pre(new Set(scenes).size > 3 && scenes.every((scene) => scenes.filter((each) => each === scene).length < 8));
        const together = ({ path }: { path: string }) => `${scenes[Number.parseInt(path, 10)]}`;
        const { all, test } = splitOff(bare(scenes.map(() => [])), {
          from: "all",
          to: "test",
          fraction: 0.5,
          seed,
          together,
        }).splits;
        const left = new Set(all.map(together));
        expect(test.filter((item) => left.has(together(item)))).toEqual([]);
        expect(Math.abs(test.length - scenes.length / 2)).toBeLessThanOrEqual(4.5);
      }),
    );
  });

  it("refuses splits that are not there or there already, and shares that leave nothing", () => {
    const set = bare([[0], [0], [1]]);
    const split = (options: object) => () => splitOff(set, { from: "all", to: "test", fraction: 0.5, seed: 1, ...options });
    expect(split({ from: "train" })).toThrow('has no split "train"; it has all');
    expect(split({ to: "all" })).toThrow("Give two new names");
    expect(split({ to: "x", rest: "x" })).toThrow("Give two new names");
    expect(split({ fraction: 1 })).toThrow("Got share 1");
    expect(split({ fraction: 0.01 })).toThrow("leaves 3 and 0");
  });
});

describe("groupClasses", () => {
  const files = {
    ...{
      "images/a.png": imageFile(1),
      "masks/a.png": mask([0, 1, 2, 3]),
      "labels/a.txt": "1 .5 .5 .1 .1\n3 .5 .5 .1 .1\n2 .5 .5 .1 .1",
    },
    ...{ "images/b.png": imageFile(2), "masks/b.png": mask([1]), "labels/b.txt": "1 .5 .5 .2 .2" },
    "classes.txt": "void\ncar\nbus\ntree\n",
  };
  const groupOf = (name: string) => ({ car: "vehicle", bus: "vehicle" })[name];

  it("maps pixels, with what is no class any more ignored, and says anew which classes a split lacks", async () => {
    const set = await openDataSet(folderOf(files), { task: "segmentation" });
    const grouped = groupClasses(set, (name) => (name === "tree" ? "plant" : groupOf(name)));
    expect(grouped).toMatchObject({ classes: ["vehicle", "plant"], ignore: 255 });
    expect([...(await grouped.splits.all[0].mask()).data.subarray(0, 4)]).toEqual([255, 0, 0, 1]);
    expect(countItems(grouped)).toEqual({ all: { images: 2, classes: { vehicle: 2, plant: 1 } } });
    expect(grouped.issues).toEqual([]);
    const vehicles = groupClasses(set, groupOf);
    expect([...(await vehicles.splits.all[0].mask()).data.subarray(0, 4)]).toEqual([255, 0, 0, 255]);
    expect(groupClasses(grouped, (name) => name).splits.all[0].classes).toEqual([0, 1]);
    expect([...(await groupClasses(grouped, (name) => name).splits.all[0].mask()).data.subarray(0, 4)]).toEqual([255, 0, 0, 1]);
  });

  it("maps boxes and labels, and leaves out what is no class any more", async () => {
    const boxes = groupClasses(await openDataSet(folderOf(files), { task: "counting" }), groupOf);
    expect(boxes.splits.all.map((item) => item.boxes.map(({ label }) => label))).toEqual([[0, 0], [0]]);
    expect(boxes.ignore).toBeUndefined();
    const set = await openDataSet(
      folderOf({ "car/a.png": imageFile(1), "bus/a.png": imageFile(2), "tree/a.png": imageFile(3) }),
      {
        task: "classification",
      },
    );
    const grouped = groupClasses(set, groupOf);
    expect(grouped.splits.all.map(({ path, label }) => [path, label])).toEqual([
      ["bus/a.png", 0],
      ["car/a.png", 0],
    ]);
    const many = {
      ...(await openDataSet(folderOf(files), { task: "segmentation" })),
      classes: Array.from({ length: 300 }, (_, i) => `${i}`),
    };
    expect(() => groupClasses(many, (name) => name)).toThrow("masks have at most 255");
  });
});
