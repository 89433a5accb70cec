/** Layouts of benchmarks and tools are recognized by their kind, and what is none of them is refused with what was found: never a classifier of folders. */
import { describe, expect, it } from "vitest";
import { type DataSet, openDataSet } from "../../src/datasets/index.ts";
import { depth, type Files, folderOf, imageFile, mask } from "./data-folder.ts";

let shade = 1000;
const images = (...paths: string[]): Files => Object.fromEntries(paths.map((path) => [path, imageFile(shade++)]));
const masks = (ids: readonly number[], ...paths: string[]): Files => Object.fromEntries(paths.map((path) => [path, mask(ids)]));
const text = (content: string, ...paths: string[]): Files => Object.fromEntries(paths.map((path) => [path, content]));
const open = (files: Files, options = {}) => openDataSet(folderOf(files), options);
const paths = (set: DataSet) =>
  Object.fromEntries(
    Object.entries<readonly { path: string }[]>(set.splits).map(([split, items]) => [split, items.map(({ path }) => path)]),
  );
const bad = ({ issues }: DataSet) => issues.filter(({ used }) => !used).map(({ path }) => path);

describe("layouts of masks", () => {
  it("Pascal VOC, whose lists are of a part of the images", async () => {
    const set = await open({
      ...images("VOC2012/JPEGImages/1.jpg.png", "VOC2012/JPEGImages/2.png", "VOC2012/JPEGImages/3.png"),
      ...masks([0, 15, 255], "VOC2012/SegmentationClass/1.jpg.png", "VOC2012/SegmentationClass/2.png"),
      ...masks([1, 2, 255], "VOC2012/SegmentationObject/2.png"),
      ...text("1.jpg\n", "VOC2012/ImageSets/Segmentation/train.txt"),
      ...text("2\n", "VOC2012/ImageSets/Segmentation/val.txt"),
      ...text("1.jpg\n2\n", "VOC2012/ImageSets/Segmentation/trainval.txt"),
      ...text("3 1\n", "VOC2012/ImageSets/Main/cat_train.txt"),
    });
    expect(set).toMatchObject({ task: "segmentation", ignore: 255 });
    expect(paths(set)).toEqual({ train: ["VOC2012/JPEGImages/1.jpg.png"], val: ["VOC2012/JPEGImages/2.png"] });
    expect(set.splits.train[0].classes.map((id) => set.classes[id])).toEqual(["background", "person"]);
    expect(bad(set)).toEqual([]);
    const notes = set.issues.map(({ reason }) => reason).join("\n");
    expect(notes).toContain("the 21 of Pascal VOC");
    expect(notes).toContain("1 images are in none of");
  });

  it.each(["labelIds", "labelTrainIds"])("Cityscapes with %s: the 19 classes that are evaluated", async (form) => {
    const set = await open({
      ...images("leftImg8bit/train/ulm/ulm_0_1_leftImg8bit.png", "leftImg8bit/val/bonn/bonn_0_1_leftImg8bit.png"),
      ...masks(form === "labelIds" ? [7, 26, 3] : [0, 13, 255], `gtFine/train/ulm/ulm_0_1_gtFine_${form}.png`),
      ...masks(form === "labelIds" ? [7, 33] : [0, 18], `gtFine/val/bonn/bonn_0_1_gtFine_${form}.png`),
      ...masks([9], "gtFine/train/ulm/ulm_0_1_gtFine_color.png", "gtFine/train/ulm/ulm_0_1_gtFine_instanceIds.png"),
      ...text("{}", "gtFine/train/ulm/ulm_0_1_gtFine_polygons.json"),
    });
    expect(set).toMatchObject({ task: "segmentation", ignore: 255 });
    expect(paths(set)).toEqual({
      train: ["leftImg8bit/train/ulm/ulm_0_1_leftImg8bit.png"],
      val: ["leftImg8bit/val/bonn/bonn_0_1_leftImg8bit.png"],
    });
    expect(set.splits.train[0].classes.map((id) => set.classes[id])).toEqual(["road", "car"]);
    expect(set.splits.val[0].classes.map((id) => set.classes[id])).toEqual(["road", "bicycle"]);
    expect(bad(set)).toEqual([]);
    expect(set.issues.find(({ path }) => path === "gtFine/")?.reason).toContain("2 files (.png) are not read");
  });

  it("Cityscapes with both forms: labelTrainIds are read, the others counted", async () => {
    const set = await open({
      ...images("leftImg8bit/train/ulm/u_leftImg8bit.png"),
      ...masks([0, 13], "gtFine/train/ulm/u_gtFine_labelTrainIds.png"),
      ...masks([7, 26], "gtFine/train/ulm/u_gtFine_labelIds.png"),
    });
    expect(set.splits.train[0]).toMatchObject({ maskPath: "gtFine/train/ulm/u_gtFine_labelTrainIds.png", classes: [0, 13] });
    expect(set.issues.find(({ path }) => path === "gtFine/")?.reason).toContain("u_gtFine_labelIds.png");
  });

  it("ADE20K: objectInfo150.txt names ids from 1, and 0, other objects, is ignored", async () => {
    const files = {
      ...images("images/training/a.png", "images/validation/b.png"),
      ...masks([0, 1, 2], "annotations/training/a.png", "annotations/validation/b.png"),
    };
    const info = "Idx\tRatio\tTrain\tVal\tStuff\tName\n1\t0.15\t11\t1\t1\twall\n2\t0.1\t6\t1\t1\tbuilding, edifice\n";
    const set = await open({ ...files, "objectInfo150.txt": info });
    expect(set).toMatchObject({ task: "segmentation", ignore: 0, classes: ["", "wall", "building, edifice"] });
    expect(paths(set)).toEqual({ train: ["images/training/a.png"], val: ["images/validation/b.png"] });
    expect(set.splits.val[0].classes).toEqual([1, 2]);
    const shifted = await open({ ...files, "classes.txt": "wall\nbuilding\n" });
    expect(shifted.issues[0].reason).toContain('start each line with its id ("1 wall")');
  });

  it.each([
    ["NAME_mask.png beside NAME.jpg", "a.jpg", "a_mask.png"],
    ["NAME_seg.png in a folder for splits", "train/a.jpg", "train/a_seg.png"],
    ["NAME-label.png", "x/a.jpeg", "x/a-label.png"],
    ["a folder of masks with endings", "images/a.jpg", "masks/a_segmentation.png"],
    ["CamVid: train/ beside train_labels/", "train/a.png", "train_labels/a_L.png"],
    ["MMSeg: img_dir/ and ann_dir/", "img_dir/train/a.jpg", "ann_dir/train/a.png"],
    ["Images_Training/ and Masks_Training/", "Images_Training/a.jpg", "Masks_Training/a.png"],
    ["labels/ of PNGs", "train/images/a.jpg", "train/labels/a.png"],
  ])("%s", async (_, imagePath, maskPath) => {
    const set = await open({ ...images(imagePath), ...masks([0, 1], maskPath), "classes.txt": "sky\nroad\n" });
    expect(set.task).toBe("segmentation");
    expect(Object.values(paths(set))).toEqual([[imagePath]]);
    expect(Object.values(set.splits)[0][0]).toMatchObject({ maskPath, classes: [0, 1] });
    expect(bad(set)).toEqual([]);
  });

  it("of two masks for one image neither wins in silence", async () => {
    const set = await open({ ...images("images/a.png"), ...masks([0], "masks/a.png", "gt/a.png"), "classes.txt": "sky\n" });
    expect(bad(set)).toHaveLength(1);
  });
});

describe("layouts of boxes", () => {
  const names = { "obj.names": "cat\ndog\n" };
  const line = "1 0.5 0.5 0.25 0.5\n";

  it.each([
    ["beside the images, as darknet has them", "a.jpg.png", "a.jpg.txt"],
    ["in obj_train_data/, as CVAT has them", "obj_train_data/a.png", "obj_train_data/a.txt"],
    ["beside the images in images/", "images/train/a.png", "images/train/a.txt"],
    ["in labels/ of a split by year", "train2017/images/a.png", "train2017/labels/a.txt"],
  ])("label files %s", async (_, imagePath, labelPath) => {
    const set = await open({ ...images(imagePath), [labelPath]: line, ...names });
    expect(set.task).toBe("counting");
    expect(Object.values(set.splits)[0][0]).toMatchObject({ path: imagePath, labelPath, classes: [1] });
    expect(bad(set)).toEqual([]);
  });

  it("names among the labels are read, one going on where another ends; two that differ are refused", async () => {
    const files = { ...images("images/train/a.png"), "labels/train/a.txt": line };
    const set = await open({ ...files, "labels/classes.txt": "cat\n", "labels/train/classes.txt": "cat\ndog\n" });
    expect([set.classes, bad(set)]).toEqual([["cat", "dog"], []]);
    const differing = open({ ...files, "labels/classes.txt": "dog\ncat\n", "labels/train/classes.txt": "cat\ndog\n" });
    await expect(differing).rejects.toThrow('"labels/classes.txt" and "labels/train/classes.txt" differ');
  });

  it("lists with absolute paths of another machine are found here by the end of the path", async () => {
    const files = { ...images("images/a.png", "images/b.png"), ...text(line, "labels/a.txt", "labels/b.txt"), ...names };
    const set = await open({ ...files, "train.txt": "/home/ann/set/images/a.PNG\n", "valid.txt": "C:\\set\\images\\b.png\r\n" });
    expect(paths(set)).toEqual({ train: ["images/a.png"], val: ["images/b.png"] });
    expect(bad(set)).toEqual([]);
  });
});

describe("splits are found in the spellings that people use", () => {
  it.each([
    ["train", "Training", "TrainSet", "train_set", "Training_Set", "train2017", "train-data", "TRAIN", "trn"],
    ["val", "val2017", "valid", "Validation", "val_set", "ValidationSet", "valset", "dev"],
    ["test", "Testing", "test-set", "Test_Set", "test2015", "TestData", "eval"],
  ])("%s", async (split, ...spellings) => {
    for (const spelling of spellings) {
      const other = split === "train" ? "test" : "train";
      const set = await open(
        images(`${spelling}/hat/1x.png`, `${spelling}/cap/2y.png`, `${other}/hat/3z.png`, `${other}/cap/4w.png`),
      );
      expect(Object.keys(set.splits).sort(), spelling).toEqual([split, other].sort());
      expect(set.classes).toEqual(["cap", "hat"]);
    }
  });

  it("but a class of such a name stays a class", async () => {
    const teams = await open(images("dev/a.png", "sales/b.png", "ops/c.png"));
    expect(teams.classes).toEqual(["dev", "ops", "sales"]);
    const vehicles = await open(images("car/a.png", "bus/b.png", "train/c.png"));
    expect(vehicles.classes).toEqual(["bus", "car", "train"]);
    const both = await open(images("train/dev/a.png", "train/sales/b.png", "test/dev/c.png", "test/sales/d.png"));
    expect([both.classes, Object.keys(both.splits)]).toEqual([
      ["dev", "sales"],
      ["test", "train"],
    ]);
    const domains = await open(images("photo/a.png", "sketch/b.png"));
    expect(domains.classes).toEqual(["photo", "sketch"]);
    const faces = await open(images("mask/a.png", "no_mask/b.png"));
    expect(faces.classes).toEqual(["mask", "no_mask"]);
  });

  it("two spellings of one split are joined with a note", async () => {
    const set = await open(images("train/hat/1x.png", "train/cap/2x.png", "val/hat/3x.png", "dev/cap/4x.png"));
    expect(paths(set).val).toEqual(["dev/cap/4x.png", "val/hat/3x.png"]);
    expect(set.issues.map(({ reason }) => reason)).toContain('The folders "dev" and "val" are read as one split, val.');
  });

  it("and folders that archives repeat or wrap around everything are none", async () => {
    const twice = await open(
      images("training_set/training_set/cat/1a.png", "training_set/training_set/dog/2b.png", "test_set/test_set/cat/3c.png"),
    );
    expect([twice.classes, Object.keys(twice.splits).sort()]).toEqual([
      ["cat", "dog"],
      ["test", "train"],
    ]);
    const wrapped = await open(images("PetImages/Cat/7a.png", "PetImages/Dog/9b.png"));
    expect(wrapped.classes).toEqual(["Cat", "Dog"]);
  });
});

describe("what is no set of classes is refused with what was found", () => {
  const numbered = (folder: string, extension = "png") =>
    images(...["0001", "0002", "0003"].map((name) => `${folder}/${name}.${extension}`));

  it.each([
    [
      "images and annotations of another program",
      { ...numbered("JPEGImages"), ...text("<x/>", "Labels/0001.xml") },
      "JPEGImages/ (3 .png)",
    ],
    [
      "COCO's JSON",
      { ...numbered("pics/a"), ...numbered("pics/b"), ...text('{"images":[],"annotations":[]}', "coco.json") },
      "coco.json",
    ],
    [
      "LabelMe's JSON beside images",
      { ...images("x/p.png", "y/q.png"), ...text("{}", "x/p.json") },
      '"x/p.json" holds annotations',
    ],
    [
      "pairs by name",
      { ...images("left/street.png", "left/park.png"), ...images("right/street.png", "right/park.png") },
      "pairs and not classes",
    ],
    ["pairs by number in two formats", { ...numbered("in", "jpg"), ...numbered("out", "png") }, "pairs and not classes"],
    [
      "pairs with endings",
      { ...images("scan/p7.png", "scan/q9.png"), ...masks([0], "truth/p7_seg.png", "truth/q9_seg.png") },
      "pairs and not classes",
    ],
    ["one folder", numbered("holiday"), 'one class, "holiday"'],
    ["images in none", images("a.png", "b.png"), "its top (2 .png)"],
    ["folders of splits alone", images("train/a.png", "val/b.png"), "train/ (1 .png), val/ (1 .png)"],
    ["a table that was not given", { ...images("pics/a.png"), "labels.csv": "id,breed\na,pug\n" }, "--list labels.csv"],
  ] as [string, Files, string][])("%s", async (_, files, said) => {
    const error = await open(files).catch((refused) => refused);
    expect(error).toMatchObject({ code: "data-set" });
    expect(error.message).toContain("laid out in no way that is known");
    expect(error.message).toContain(said);
  });

  it("but images numbered through in every class are classes, and so is whatever is asked for as such", async () => {
    const numbered = await open(images("s1/1.png", "s1/2.png", "s2/1.png", "s2/2.png"));
    expect([numbered.classes, bad(numbered)]).toEqual([["s1", "s2"], []]);
    const asked = await open(images("left/street.png", "left/park.png", "right/street.png", "right/park.png"), {
      task: "classification",
    });
    expect(asked.classes).toEqual(["left", "right"]);
  });

  it("and depth with labels in PNGs is depth", async () => {
    const files = { ...images("rgb/a.png"), "depth/a.png": depth([5]), ...masks([1], "labels/a.png") };
    expect((await open(files, { metersPerUnit: 0.001 })).task).toBe("depth");
  });
});

describe("names and files", () => {
  it("in Unicode's decomposed form are those of lists in the composed one", async () => {
    const set = await open({
      ...images("Hu\u0308te/gru\u0308n.png", "Mu\u0308tzen/rot.png"),
      "train.txt": "H\u00fcte/gr\u00fcn.png\n",
      "test.txt": "M\u00fctzen/rot\n",
      "classes.txt": "M\u00fctzen\nH\u00fcte\n",
    });
    expect(paths(set)).toEqual({ train: ["Hu\u0308te/gru\u0308n.png"], test: ["Mu\u0308tzen/rot.png"] });
    expect([set.splits.train[0].classes, bad(set)]).toEqual([[1], []]);
  });

  it("that could be images and are not decoded are named one by one; those of the system are passed over", async () => {
    const set = await open({
      ...images("train/images/a.png"),
      ...masks([0], "train/masks/a.png"),
      ...text("x", "train/images/IMG_1.HEIC", "old/scan.bmp", "Thumbs.db", "train/masks/desktop.ini", "__MACOSX/train/a.png"),
      "classes.txt": "sky\n",
    });
    expect(bad(set).sort()).toEqual(["old/scan.bmp", "train/images/IMG_1.HEIC"]);
    expect(set.issues.find(({ path }) => path === "old/scan.bmp")?.reason).toContain("(.bmp) are not decoded");
  });
});
