/** A list of masks: a folder in which some photos have masks is a data set of these, and every row that cannot be used is named. */
import { describe, expect, it } from "vitest";
import { openDataSet } from "../../src/datasets/index.ts";
import { folderOf, imageFile, mask } from "./data-folder.ts";

const list = (rows: string) => ({
  "a.jpg": imageFile(1),
  "sub/b.png": imageFile(2),
  "sub/c.png": imageFile(3),
  "masks/a.png": mask([0, 1]),
  "masks/b.png": mask([1]),
  "masks/large.png": mask([1], 9, 9),
  "masks/unnamed.png": mask([7]),
  "classes.txt": "sky\nroad\n",
  "masks.csv": rows,
});
const options = { list: "masks.csv", task: "segmentation" } as const;

describe("a list of masks", () => {
  it("pairs each photo with its mask, wherever they lie, and leaves the others out", async () => {
    const set = await openDataSet(folderOf(list("path,mask\na.jpg,masks/a.png\nsub/b.png,masks/b.png\n")), options);
    expect(set).toMatchObject({ task: "segmentation", classes: ["sky", "road"], ignore: 255 });
    expect(set.splits.all.map(({ path, classes }) => [path, classes])).toEqual([
      ["a.jpg", [0, 1]],
      ["sub/b.png", [1]],
    ]);
    expect([...(await set.splits.all[0].mask()).data.slice(0, 4)]).toEqual([0, 1, 0, 1]);
    expect(set.issues.filter(({ used }) => !used)).toEqual([]);
  });

  it("finds photos in folders that are named for labels, by their whole path, as a list of classes does", async () => {
    const files = {
      "a.png": imageFile(4),
      "gt/a.png": imageFile(1),
      "labels/b.png": imageFile(2),
      "masks/a.png": mask([0]),
      "classes.txt": "sky\n",
    };
    const masks = { ...files, "masks.csv": "path,mask\ngt/a.png,masks/a.png\n" };
    expect((await openDataSet(folderOf(masks), options)).splits.all.map(({ path }) => path)).toEqual(["gt/a.png"]);
    const labels = { ...files, "labels.csv": "path,label\ngt/a.png,hat\nlabels/b.png,shoe\n" };
    const set = await openDataSet(folderOf(labels), { list: "labels.csv" });
    expect(set.splits.all.map(({ path }) => path)).toEqual(["gt/a.png", "labels/b.png"]);
  });

  it("has splits where a column names them", async () => {
    const rows = "path,mask,split\na.jpg,masks/a.png,train\nsub/b.png,masks/b.png,test\nsub/c.png,masks/b.png,\n";
    const set = await openDataSet(folderOf(list(rows)), options);
    expect([set.splits.train.length, set.splits.test.length]).toEqual([1, 1]);
    expect(set.issues[0].reason).toBe("masks.csv (line 4): It has no split, and others have.");
  });

  it("names each row that cannot be used", async () => {
    const rows = [
      ...["path,mask", "a.jpg,masks/large.png", "gone.jpg,masks/a.png", "sub/b.png,", "sub/c.png,masks/gone.png"],
      ...["sub/c.png,masks/a.png", "b.png,masks/unnamed.png"],
    ];
    const set = await openDataSet(folderOf(list(rows.join("\n"))), options);
    const reasons = set.issues.filter(({ used }) => !used).map(({ path, reason }) => `${path}: ${reason}`);
    expect(reasons).toEqual([
      "gone.jpg: masks.csv (line 3): There is no such file.",
      "sub/b.png: masks.csv (line 4): It has no mask.",
      'sub/c.png: masks.csv (line 5): Its mask "masks/gone.png" is not there.',
      "sub/c.png: masks.csv (line 6): It is listed a second time; the first line counts.",
      "sub/b.png: masks.csv (line 7): It is listed a second time; the first line counts.",
      "masks/large.png: It is 9x9 pixels and its image 8x6; they must be equal.",
    ]);
  });
});
