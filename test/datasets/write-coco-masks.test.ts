/** Masks written as COCO's JSON: every pixel, area and box is the mask's, for tools and for our own reader. */
import { describe, expect, it } from "vitest";
import { newCocoMasks, openDataSet, type Raster } from "../../src/datasets/index.ts";
import { makeRandom } from "../../src/tensors/index.ts";
import { folderOf, imageFile } from "./data-folder.ts";

interface CocoFile {
  s2_vision: string;
  images: { id: number; file_name: string; width: number; height: number }[];
  categories: { id: number; name: string }[];
  annotations: {
    id: number;
    image_id: number;
    category_id: number;
    area: number;
    bbox: number[];
    segmentation: { size: number[]; counts: number[] };
  }[];
}

const classes = ["sky", "road", "never", "car"];
const random = makeRandom(5);
const drawn = (width: number, height: number, labelAt: (x: number, y: number) => number): Raster => {
  const data = Uint8Array.from({ length: width * height }, (_, i) => labelAt(i % width, Math.floor(i / width)));
  return { width, height, data };
};
const masks: Readonly<Record<string, Raster>> = {
  "streets/noise.png": drawn(8, 6, () => [0, 1, 3][Math.floor(3 * random())]),
  "streets/hole.png": drawn(9, 7, (x, y) => (x === 4 && y === 3 ? 3 : x > 1 && x < 7 && y > 0 ? 1 : 0)),
  "streets/whole.png": drawn(5, 4, () => 1),
  "streets/last.png": drawn(3, 2, (x, y) => (x === 2 && y === 1 ? 3 : 0)),
};

const coco = newCocoMasks(classes, "1.2.3");
for (const [path, mask] of Object.entries(masks)) coco.add(path, mask);
const bytes = coco.bytes();
const file: CocoFile = JSON.parse(new TextDecoder().decode(bytes));
const annotationsOf = (path: string) => {
  const { id } = file.images.find(({ file_name }) => file_name === path)!;
  return file.annotations.filter(({ image_id }) => image_id === id);
};

describe("masks as COCO's JSON", () => {
  it("paints every pixel of every image by its run lengths, down the columns", () => {
    for (const image of file.images) {
      const { width, height, data } = masks[image.file_name];
      expect([image.width, image.height]).toEqual([width, height]);
      const painted = new Int16Array(width * height).fill(-1);
      for (const { category_id, segmentation } of annotationsOf(image.file_name)) {
        expect(segmentation.size).toEqual([height, width]);
        const flags = segmentation.counts.flatMap((count, i) => new Array(count).fill(i % 2 === 1));
        expect(flags.length).toBe(width * height);
        flags.forEach((inside, i) => {
          if (inside) painted[(i % height) * width + Math.floor(i / height)] = category_id;
        });
      }
      expect([...painted]).toEqual([...data]);
    }
  });

  it("gives areas and boxes of the pixels, ids from 1 and no class that is not there", () => {
    expect(annotationsOf("streets/hole.png").map(({ category_id, area, bbox }) => ({ category_id, area, bbox }))).toEqual([
      { category_id: 0, area: 63 - 5 * 6, bbox: [0, 0, 9, 7] },
      { category_id: 1, area: 5 * 6 - 1, bbox: [2, 1, 5, 6] },
      { category_id: 3, area: 1, bbox: [4, 3, 1, 1] },
    ]);
    expect(annotationsOf("streets/whole.png").map(({ segmentation }) => segmentation.counts)).toEqual([[0, 20]]);
    expect(file.annotations.map(({ id }) => id)).toEqual(file.annotations.map((_, i) => i + 1));
    expect(file.categories).toEqual(classes.map((name, id) => ({ id, name })));
    expect(file.s2_vision).toBe("1.2.3"); // by which another run knows that it may replace the file
  });

  it("is a data set with the same masks, so that corrected predictions can be fitted", async () => {
    const images = Object.entries(masks).map(([path, { width, height }], i) => [path, imageFile(i + 1, width, height)]);
    const set = await openDataSet(folderOf({ ...Object.fromEntries(images), "predicted.json": bytes }), { task: "segmentation" });
    expect(set.issues.filter(({ used }) => !used)).toEqual([]);
    const items = Object.values(set.splits).flat();
    expect(items.length).toBe(4);
    for (const item of items) {
      const read = await item.mask();
      const names = Array.from(read.data, (id) => set.classes[id]);
      expect(names).toEqual(Array.from(masks[item.path].data, (id) => classes[id]));
    }
  });
});
