/** COCO's JSON in the layouts that people have gives boxes and masks of the right image, split and class, or says what is wrong with which file. */

import fc from "fast-check";
import { encode } from "fast-png";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { S2Error } from "../../src/core/index.ts";
import { type DataSet, type DataSetOptions, openDataSet, type Task } from "../../src/datasets/index.ts";
import { type Files, folderOf, imageFile, mask } from "./data-folder.ts";

const CATEGORIES = [
  { id: 7, name: "dog" },
  { id: 3, name: "cat" },
  { id: 90, name: "cup" },
];
const image = (id: number, file_name: string, rest = {}) => ({ id, file_name, width: 8, height: 6, ...rest });
const boxed = (image_id: number, category_id: number, bbox: unknown, rest = {}) => ({
  id: 10 * image_id,
  image_id,
  category_id,
  bbox,
  ...rest,
});
const coco = (images: object[], annotations: object[], categories: object[] = CATEGORIES) =>
  JSON.stringify({ info: {}, images, annotations, categories });

const open = <K extends Task>(files: Files, options?: DataSetOptions<K>) => openDataSet(folderOf(files), options);
const reasons = ({ issues }: DataSet) => Object.fromEntries(issues.map(({ path, reason }) => [path, reason]));
const paths = ({ splits }: DataSet) =>
  Object.fromEntries(
    Object.entries<readonly { path: string }[]>(splits).map(([name, items]) => [name, items.map(({ path }) => path)]),
  );

const json = coco(
  [image(1, "a.png"), image(2, "b.png")],
  [boxed(1, 7, [1, 2, 3, 4]), boxed(1, 3, [0, 0, 8, 6], { id: 11 }), boxed(1, 3, [0, 0, 2, 2], { id: 12, iscrowd: 1 })],
);

describe("boxes of COCO's JSON", () => {
  it("are in pixels with classes in ascending order of category ids; crowds are left out and counted", async () => {
    const set = await open({
      "annotations/instances_default.json": json,
      "images/a.png": imageFile(1),
      "images/b.png": imageFile(2),
    });
    if (set.task !== "counting") throw new Error(set.task);
    expect(set.classes).toEqual(["cat", "dog", "cup"]);
    expect(set.splits.all).toMatchObject([
      {
        path: "images/a.png",
        size: [6, 8],
        classes: [0, 1],
        labelPath: "annotations/instances_default.json",
        boxes: [
          { label: 1, left: 1, top: 2, width: 3, height: 4 },
          { label: 0, left: 0, top: 0, width: 8, height: 6 },
        ],
      },
      { path: "images/b.png", boxes: [], classes: [] },
    ]);
    expect(set.issues).toEqual([
      {
        path: "annotations/instances_default.json",
        reason: "1 boxes around crowds (iscrowd), in 1 images, are left out.",
        used: true,
      },
      { path: "all", reason: "The split has nothing of 1 of 3 classes: cup.", used: true },
    ]);
  });

  const one = (name: string) => coco([image(1, name)], []);
  it.each<[string, Files, Record<string, string[]>]>([
    [
      "COCO's own folders, with one file name in both splits",
      {
        ...{ "annotations/instances_train2017.json": one("0.png"), "annotations/instances_val2017.json": one("0.png") },
        ...{ "images/train2017/0.png": imageFile(1), "images/val2017/0.png": imageFile(2) },
      },
      { train: ["images/train2017/0.png"], val: ["images/val2017/0.png"] },
    ],
    [
      "COCO's own folders without images/, beside captions and keypoints",
      {
        ...{ "annotations/instances_train2017.json": one("0.png"), "annotations/instances_val2017.json": one("1.png") },
        ...{ "annotations/captions_val2017.json": "{}", "annotations/person_keypoints_val2017.json": "{}" },
        ...{ "train2017/0.png": imageFile(1), "val2017/1.png": imageFile(2) },
      },
      { train: ["train2017/0.png"], val: ["val2017/1.png"] },
    ],
    [
      "Roboflow's folders",
      {
        ...{ "train/_annotations.coco.json": one("a.png"), "valid/_annotations.coco.json": one("a.png") },
        ...{ "train/a.png": imageFile(1), "valid/a.png": imageFile(2) },
      },
      { train: ["train/a.png"], val: ["valid/a.png"] },
    ],
    [
      "one file whose names have folders",
      {
        "labels.json": coco([image(1, "train/a.png"), image(2, ".\\val\\a.png")], []),
        ...{ "train/a.png": imageFile(1), "val/a.png": imageFile(2) },
      },
      { train: ["train/a.png"], val: ["val/a.png"] },
    ],
    [
      "one file beside images without splits, as Label Studio writes it",
      { "result.json": one("images/a.png"), "images/a.png": imageFile(1) },
      { all: ["images/a.png"] },
    ],
    [
      "paths of another computer",
      {
        "train.json": coco([image(1, "/home/me/set/one/a.png"), image(2, "C:\\set\\two\\a.png")], []),
        ...{ "one/a.png": imageFile(1), "two/a.png": imageFile(2) },
      },
      { train: ["one/a.png", "two/a.png"] },
    ],
    [
      "names composed in another way",
      { "train.json": one("Caf\u0065\u0301.png"), "train/Caf\u00e9.png": imageFile(1) },
      { train: ["train/Caf\u00e9.png"] },
    ],
    [
      "splits in lists, which decide",
      {
        ...{ "annotations.json": coco([image(1, "a.png"), image(2, "b.png")], []), "images/a.png": imageFile(1) },
        ...{ "images/b.png": imageFile(2), "train.txt": "a\n", "val.txt": "b\n" },
      },
      { train: ["images/a.png"], val: ["images/b.png"] },
    ],
  ])("are found in %s", async (_, files, expected) => {
    const set = await open(files);
    expect(set.task).toBe("counting");
    expect(paths(set)).toEqual(expected);
    expect(set.issues.filter(({ used }) => !used)).toEqual([]);
  });

  it("go with no image of another split, and are refused where several images could be meant", async () => {
    const missing = await open({
      ...{ "annotations/instances_train2017.json": one("0.png"), "annotations/instances_val2017.json": one("0.png") },
      "images/train2017/0.png": imageFile(1),
    });
    expect(paths(missing)).toEqual({ train: ["images/train2017/0.png"] });
    expect(reasons(missing)["0.png"]).toBe("annotations/instances_val2017.json: There is no such file.");
    const several = await open({ "set.json": one("0.png"), "x/0.png": imageFile(1), "y/0.png": imageFile(2) });
    expect(reasons(several)["0.png"]).toContain('"x/0.png" and "y/0.png" could both be it');
    const absolute = await open({ "set.json": one("other/0.png"), "x/0.png": imageFile(1) });
    expect(reasons(absolute)).toMatchObject({
      "other/0.png": "set.json: There is no such file.",
      "x/0.png": "It is in none of the annotation files (set.json).",
    });
  });

  it("have classes that agree over files, matched by name, with a word where the files differ", async () => {
    const other = [
      { id: 1, name: "dog" },
      { id: 2, name: "bird" },
    ];
    const set = await open({
      "annotations/instances_train.json": coco([image(1, "a.png")], [boxed(1, 7, [1, 1, 2, 2])]),
      "annotations/instances_val.json": coco([image(1, "b.png")], [boxed(1, 1, [1, 1, 2, 2]), boxed(1, 2, [1, 1, 2, 2])], other),
      ...{ "images/a.png": imageFile(1), "images/b.png": imageFile(2) },
    });
    expect(set.classes).toEqual(["dog", "bird", "cat", "cup"]);
    expect([set.splits.train[0].classes, set.splits.val[0].classes]).toEqual([[0], [0, 1]]);
    expect(reasons(set)["annotations/instances_val.json"]).toBe(
      "Its categories are not those of annotations/instances_train.json; they are matched by name.",
    );
    const files = { "set.json": json, "a.png": imageFile(1), "b.png": imageFile(2) };
    expect((await open(files, { classes: ["cup", "cat", "dog"] })).splits.all[0].classes).toEqual([1, 2]);
    await expect(open(files, { classes: ["cup", "cat"] })).rejects.toThrow('lack categories of "set": dog');
  });

  it("that cannot be right cost their image, with the annotation and the cause", async () => {
    const bad: Record<string, [object, string]> = {
      outside: [boxed(1, 7, [5, 1, 5, 2]), "annotation 10 reaches 2.0 pixels out of the image, which is 8x6 (bbox 5, 1, 5, 2)"],
      flat: [boxed(1, 7, [1, 1, 0, 2]), "annotation 10 has no area"],
      three: [boxed(1, 7, [1, 1, 2]), "annotation 10 has the bbox [1,1,2], expected 4 numbers"],
      words: [boxed(1, 7, ["1", 1, 2, 2]), 'annotation 10 has the bbox ["1",1,2,2], expected 4 numbers'],
      none: [{ image_id: 1, category_id: 7 }, "annotation 1 of the image has the bbox nothing"],
      unnamed: [boxed(1, 8, [1, 1, 2, 2]), "annotation 10 is of category 8, which has no name"],
    };
    for (const [name, [annotation, cause]] of Object.entries(bad)) {
      const set = await open({
        "train.json": coco([image(1, "a.png"), image(2, "b.png")], [annotation]),
        "a.png": imageFile(1),
        "b.png": imageFile(2),
      });
      expect(paths(set), name).toEqual({ train: ["b.png"] });
      expect(reasons(set)["a.png"], name).toContain(`train.json: ${cause}`);
    }
  });

  it("are refused for an image of another size, also for one that EXIF turns", async () => {
    const turned = await sharp({ create: { width: 8, height: 6, channels: 3, background: "teal" } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const images = [image(1, "a.png", { width: 16 }), image(2, "b.jpg"), image(3, "c.png", { width: null, height: undefined })];
    const set = await open({
      "set.json": coco(images, []),
      "a.png": imageFile(1),
      "b.jpg": new Uint8Array(turned),
      "c.png": imageFile(3),
    });
    expect(paths(set)).toEqual({ all: ["c.png"] });
    expect(reasons(set)).toMatchObject({
      "a.png": "set.json says 16x6 pixels and the image is 8x6; they must be alike.",
      "b.jpg": expect.stringContaining(
        "set.json says 8x6 pixels and the image is 6x8; they must be alike. The image's EXIF turns it",
      ),
    });
  });

  it("report annotations of no image, images listed twice, and an image that two splits list", async () => {
    const set = await open({
      "train.json": coco([image(1, "a.png"), image(2, "a.png")], [boxed(9, 7, [1, 1, 2, 2])]),
      "val.json": coco([image(1, "a.png")], []),
      "a.png": imageFile(1),
    });
    expect(set.issues.slice(0, 3).map(({ path, reason, used }) => `${path}: ${reason} ${used}`)).toEqual([
      "train.json: 1 of its annotations are of images that it does not list (9). true",
      "a.png: train.json: It is listed a second time; the first counts. true",
      "a.png: val.json puts it in val, and train.json in train, where it is used. true",
    ]);
  });

  it("leave the folder to YOLO's labels where both are there", async () => {
    const set = await open({
      ...{ "annotations/instances_train.json": json, "images/train/a.png": imageFile(1), "labels/train/a.txt": "0 .5 .5 1 1" },
      "classes.txt": "thing\n",
    });
    expect(set.classes).toEqual(["thing"]);
  });
});

describe("files that are no COCO JSON", () => {
  it("are refused with the field that is wrong, when their name says what they should be", async () => {
    const refused = (text: string | Uint8Array) =>
      open({ "annotations/instances_train2017.json": text, "images/train2017/0.png": imageFile(1) });
    await expect(refused("{}")).rejects.toThrow("annotations/instances_train2017.json has images = nothing; expected");
    await expect(refused("")).rejects.toThrow("is not valid JSON");
    await expect(refused(json.slice(0, 100))).rejects.toThrow("is not valid JSON");
    await expect(refused(coco([{ id: 1 }], []))).rejects.toThrow("has images.0.file_name = nothing");
    await expect(refused(coco([image(1, "a"), image(1, "b")], []))).rejects.toThrow("lists two images of the id 1");
    await expect(refused(coco([image(1, "a")], [{ image_id: 1 }]))).rejects.toThrow("has annotations.0.category_id = nothing");
    await expect(refused(coco([image(1, "a")], [], []))).rejects.toThrow("has categories = []; expected at least one category");
  });

  it("are refused before they are parsed when no engine holds their text", async () => {
    const bytes = new Uint8Array(2 ** 29); // zeros that nobody reads take no memory
    await expect(open({ "instances_train.json": bytes, "a.png": imageFile(1) })).rejects.toThrow(
      "is 537 MB; JSON is read up to 536 MB",
    );
  });

  it("are refused in a sentence where values are nested too deeply to be shown", async () => {
    const deep = `${"[".repeat(1e5)}${"]".repeat(1e5)}`;
    const set = (...[annotation, task]: [string, Task]) =>
      open(
        {
          "train.json": coco([image(1, "a.png")], []).replace('"annotations":[]', `"annotations":[${annotation}]`),
          "a.png": imageFile(1),
        },
        { task },
      );
    await expect(set(`{"image_id":${deep},"category_id":3}`, "counting")).rejects.toThrow(
      "has annotations.0.image_id = a value that is nested",
    );
    const bbox = await set(`{"image_id":1,"category_id":3,"bbox":${deep}}`, "counting");
    expect(reasons(bbox)["a.png"]).toContain("has the bbox a value that is nested");
    for (const segmentation of [deep, `[[${deep},1,1,1,1,1]]`, `{"size":[6,8],"counts":[${deep}]}`]) {
      const masks = await set(`{"image_id":1,"category_id":3,"segmentation":${segmentation}}`, "segmentation");
      expect(reasons(masks)["a.png"]).toContain("train.json: annotation 1 of the image");
    }
  });

  it("are passed over when their name does not: the folder is read as it lies", async () => {
    const files = {
      "hat/a.png": imageFile(1),
      "shoe/b.png": imageFile(2),
      "hat/notes.json": '{"images": 3}',
      "list.json": "[]",
    };
    expect((await open(files)).task).toBe("classification");
  });

  it("give an S2Error or problems for any damage, and no other error", async () => {
    const files = { "a.png": imageFile(1), "b.png": imageFile(2) };
    const rle = { size: [6, 8], counts: "a0P1" };
    const full = coco(
      [image(1, "a.png"), image(2, "b.png")],
      [
        boxed(1, 7, [1, 2, 3, 4], { segmentation: [[1, 1, 4, 1, 4, 4]] }),
        boxed(2, 3, [0, 0, 8, 6], { segmentation: rle, iscrowd: 1 }),
      ],
    );
    const whole = new TextEncoder().encode(full);
    const values = fc.constantFrom<unknown>(
      null,
      -1,
      1e308,
      2 ** 53,
      "x",
      "",
      [],
      {},
      [[]],
      [[1]],
      true,
      0.5,
      Number.NaN,
      ["1"],
      { size: 1 },
    );
    const paths: (string | number)[][] = [];
    const collect = (value: unknown, at: (string | number)[]) => {
      if (at.length > 0) paths.push(at);
      if (typeof value === "object" && value !== null)
        for (const [key, each] of Object.entries(value)) collect(each, [...at, key]);
    };
    collect(JSON.parse(full), []);
    const replaced = fc.tuple(fc.constantFrom(...paths), values).map(([path, value]) => {
      const copy = JSON.parse(full);
      const parent = path.slice(0, -1).reduce((each, key) => each[key], copy);
      parent[path.at(-1)!] = value;
      return new TextEncoder().encode(JSON.stringify(copy));
    });
    const cut = fc.nat(whole.length).map((length) => whole.subarray(0, length));
    const flipped = fc
      .tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }))
      .map(([at, bits]) => whole.map((byte, i) => (i === at ? byte ^ bits : byte)));
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(replaced, cut, flipped),
        fc.constantFrom<Task>("counting", "segmentation"),
        async (bytes, task) => {
          try {
            const set = await open({ ...files, "instances_train.json": bytes }, { task });
            for (const items of Object.values(set.splits)) for (const item of items) expect(item.path).toMatch(/^[ab]\.png$/);
          } catch (error) {
            if (!(error instanceof S2Error)) throw error;
          }
        },
      ),
      { seed: 8, numRuns: 400 },
    );
  });
});

describe("masks of COCO's JSON", () => {
  const square = [1, 1, 3, 1, 3, 3, 1, 3];
  const runs = [6 * 5, 12, 6]; // the columns 5 and 6
  const files = (annotations: object[], more: Files = {}) => ({
    "annotations/instances_train.json": coco([image(1, "a.png")], annotations),
    "images/a.png": imageFile(1),
    ...more,
  });
  const outline = (category_id: number, segmentation: unknown, rest = {}) => ({
    id: 5,
    image_id: 1,
    category_id,
    segmentation,
    ...rest,
  });
  const ids = async (set: DataSet) => {
    if (set.task !== "segmentation") throw new Error(set.task);
    return [...(await set.splits.train[0].mask()).data];
  };
  const drawn = (value: (x: number, y: number) => number) =>
    Array.from({ length: 48 }, (_, i) => value(i % 8, Math.floor(i / 8)));
  const inSquare = (x: number, y: number) => x >= 1 && x < 3 && y >= 1 && y < 3;

  it("are painted from polygons, run lengths and crowds, with the background after the classes", async () => {
    const expected = drawn((x, y) => (inSquare(x, y) ? 1 : x === 5 || x === 6 ? 0 : 3));
    for (const counts of [runs, "n0<6"]) {
      const crowd = outline(3, { size: [6, 8], counts }, { iscrowd: 1 });
      for (const polygon of [[square], square]) {
        const set = await open(files([outline(7, polygon), crowd]), { task: "segmentation" });
        expect(set).toMatchObject({ classes: ["cat", "dog", "cup", "background"], ignore: 255 });
        expect(set.splits.train[0]).toMatchObject({ classes: [0, 1, 3], maskPath: "annotations/instances_train.json" });
        expect(await ids(set)).toEqual(expected);
      }
    }
  });

  it("are asked for where there are boxes and outlines, and not where there are boxes alone", async () => {
    await expect(open(files([outline(7, [square], { bbox: [1, 1, 2, 2] })]))).rejects.toThrow(
      "has data for segmentation and counting",
    );
    expect((await open(files([boxed(1, 7, [1, 1, 2, 2], { segmentation: [] })]))).task).toBe("counting");
  });

  it("that cannot be right cost their image, with the annotation and the cause", async () => {
    const bad: [object, string][] = [
      [outline(7, [[1, 1, 2, 2]]), "annotation 5: its polygon has 4 numbers"],
      [outline(7, [[1, 1, 2, 2, "3", 3]]), 'annotation 5: number 4 of its polygon is "3"'],
      [outline(7, []), 'annotation 5 has no segmentation; without outlines the task is "counting"'],
      [outline(7, undefined), "annotation 5 has no segmentation"],
      [outline(7, "x"), "annotation 5 has a segmentation that is neither polygons nor run lengths"],
      [outline(7, { size: [8, 6], counts: runs }), "annotation 5 has run lengths of 6x8 pixels and the image is 8x6"],
      [outline(7, { size: [6, 8], counts: [30, 12] }), "annotation 5: the runs of its mask cover 42 pixels"],
      [outline(8, [square]), "annotation 5 is of category 8, which has no name"],
    ];
    for (const [annotation, cause] of bad) {
      const set = await open(files([annotation]), { task: "segmentation" });
      expect(reasons(set)["images/a.png"], cause).toContain(`annotations/instances_train.json: ${cause}`);
    }
  });
});

describe("masks of COCO's panoptic JSON", () => {
  const SEGMENTS = [5, 300, 70000];
  /** Segments 5, 300 and 70000 and none, a column each in turn. */
  const png = (segments = [...SEGMENTS, 0], width = 8) => {
    const data = new Uint8Array(3 * width * 6);
    for (let i = 0; i < width * 6; i++) {
      const id = segments[(i % width) % segments.length];
      data.set([id & 255, (id >> 8) & 255, id >> 16], 3 * i);
    }
    return encode({ width, height: 6, channels: 3, depth: 8, data });
  };
  const panoptic = (info = SEGMENTS.map((id, i) => ({ id, category_id: [7, 3, 7][i] }))) =>
    coco([image(1, "a.png")], [{ image_id: 1, file_name: "a.png", segments_info: info }]);
  const files = (json: string, bytes: Uint8Array) => ({
    ...{ "annotations/panoptic_val2017.json": json, "annotations/panoptic_val2017/a.png": bytes },
    "images/val2017/a.png": imageFile(1),
  });

  it("give the class of each segment, and no class where there is none", async () => {
    const set = await open(files(panoptic(), png()));
    if (set.task !== "segmentation") throw new Error(set.task);
    expect(set).toMatchObject({ classes: ["cat", "dog", "cup"], ignore: 255 });
    expect(set.splits.val[0]).toMatchObject({ classes: [0, 1], maskPath: "annotations/panoptic_val2017/a.png" });
    expect([...(await set.splits.val[0].mask()).data.subarray(0, 8)]).toEqual([1, 0, 1, 255, 1, 0, 1, 255]);
    expect(set.issues.filter(({ used }) => !used)).toEqual([]);
  });

  it("are refused where mask and JSON do not go together", async () => {
    const reason = async (json: string, bytes: Uint8Array) =>
      Object.entries(reasons(await open(files(json, bytes))))[0].join(": ");
    const at = "annotations/panoptic_val2017/a.png: ";
    expect(await reason(panoptic([]), png())).toBe(
      `${at}It has pixels of segments that its annotation does not list: 5, 300, 70000.`,
    );
    expect(await reason(panoptic([{ id: 5, category_id: 1 }]), png())).toContain("segment 5 is of category 1, which has no name");
    expect(await reason(panoptic(), png(SEGMENTS, 9))).toBe(`${at}It is 9x6 pixels and its image 8x6; they must be alike.`);
    expect(await reason(panoptic(), mask([1]))).toContain("It is a PNG of 1 channels of 8 bits; expected ids of segments as RGB");
    expect(await reason(panoptic(), png().subarray(0, 60))).toContain("It is a damaged PNG");
    expect(await reason(panoptic(), new Uint8Array(50))).toBe(
      `${at}It is not a PNG, or its start is damaged; copy or download it again.`,
    );
    expect(await reason(coco([image(1, "a.png")], []).replace('"info"', '"segments_info": 1, "info"'), png())).toContain(
      "has no annotation of it",
    );
  });
});
