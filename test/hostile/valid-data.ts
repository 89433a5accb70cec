/** Small valid data of each kind that is read, data sets of each layout among them: what hostile data are made from. */
import { encode } from "fast-png";
import { depth, mask, photo } from "../datasets/data-folder.ts";
import type { Files } from "./corpus.ts";
import type { Valid } from "./damage-files.ts";
import { validFeatures } from "./valid-features.ts";
import { validTraining } from "./valid-training.ts";

const text = (files: Readonly<Record<string, Uint8Array | string>>): Files =>
  Object.fromEntries(Object.entries(files).map(([name, content]) => [name, Buffer.from(content as string)]));
const four = (make: (i: number) => Record<string, Uint8Array | string>) => Object.assign({}, ...[0, 1, 2, 3].map(make));
const split = (i: number) => ["train", "val"][i % 2];

const categories = [
  { id: 7, name: "dog", supercategory: "animal", isthing: 1 },
  { id: 3, name: "cat", supercategory: "animal", isthing: 1 },
];
const images = [0, 1, 2, 3].map((id) => ({ id, file_name: `${id}.png`, width: 8, height: 6 }));
const segmentations = [
  [[1, 1, 4, 1, 4, 4]],
  { size: [6, 8], counts: "a0P1" },
  { size: [6, 8], counts: [8, 3, 37] },
  [
    [0, 0, 8, 0, 8, 6],
    [1, 1, 2, 1, 2, 2],
  ],
];
const instances = JSON.stringify({
  ...{ info: {}, images, categories },
  annotations: images.map(({ id }) => ({
    ...{ id, image_id: id, category_id: id % 2 ? 7 : 3, bbox: [1, 2, 3, 4], area: 12, iscrowd: Number(id === 1) },
    segmentation: segmentations[id],
  })),
});
const panoptic = JSON.stringify({
  ...{ info: {}, images, categories },
  annotations: images.map(({ id, file_name }) => ({
    ...{ image_id: id, file_name },
    segments_info: [5, 300, 70_000].map((segment, i) => ({
      id: segment,
      category_id: [7, 3, 7][i],
      area: 16,
      bbox: [0, 0, 8, 6],
      iscrowd: 0,
    })),
  })),
});

function segments(): Uint8Array {
  const data = new Uint8Array(3 * 48);
  for (let i = 0; i < 48; i++) {
    const id = [5, 300, 70_000][i % 3];
    data.set([id & 255, (id >> 8) & 255, id >> 16], 3 * i);
  }
  return encode({ width: 8, height: 6, channels: 3, depth: 8, data });
}

const voc = (i: number) =>
  `<?xml version="1.0"?>\n<annotation><folder>VOC</folder><filename>${i}.png</filename><size><width>8</width><height>6</height><depth>3</depth></size>` +
  `<object><name>${["cat", "dog"][i % 2]}</name><pose>Left</pose><truncated>0</truncated><difficult>0</difficult>` +
  "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>5</xmax><ymax>6</ymax></bndbox></object></annotation>\n";

const sets: readonly (readonly [Record<string, Uint8Array | string>, string?])[] = [
  [{ ...four((i) => ({ [`${split(i)}/${"xy"[i >> 1]}/${i}q.png`]: photo(i) })), "classes.txt": "x\ny\n" }],
  [
    {
      ...four((i) => ({ [`p/${i}.png`]: photo(i) })),
      "list.csv": '\ufeff,path,label,split\n0,p/0.png,a,train\n1,p/1.png,"b, c",val\n2,p/2.png,a,test\n3,p/3.png,"b, c",train\n',
    },
    "data set by list",
  ],
  [{ ...four((i) => ({ [`p/${i}.png`]: photo(i) })), "train.txt": "p/0.png 1\np/1.png 0\n", "val.txt": "p/2.png 1\n" }],
  [
    {
      ...four((i) => ({ [`${split(i)}/images/${i}.png`]: photo(i), [`${split(i)}/masks/${i}.png`]: mask([0, 1, 255]) })),
      "data.yaml": "path: .\ntrain: train/images\nval: val/images\nnames:\n  0: sky\n  1: road\n",
    },
  ],
  [
    {
      ...four((i) => ({ [`JPEGImages/${i}.png`]: photo(i), [`SegmentationClass/${i}.png`]: mask([0, 15, 255]) })),
      ...{ "ImageSets/Segmentation/train.txt": "0\n1\n", "ImageSets/Segmentation/val.txt": "2\n3\n" },
    },
  ],
  [
    {
      ...four((i) => ({ [`JPEGImages/${i}.png`]: photo(i), [`Annotations/${i}.xml`]: voc(i) })),
      ...{ "ImageSets/Main/train.txt": "0\n1\n", "ImageSets/Main/val.txt": "2\n3\n" },
    },
  ],
  [
    {
      ...four((i) => ({ [`images/training/${i}.png`]: photo(i), [`annotations/training/${i}.png`]: mask([0, 1]) })),
      "objectInfo150.txt": "Idx\tRatio\tName\n1\t0.1\twall\n",
    },
  ],
  [
    {
      ...four((i) => ({ [`images/${i}.png`]: photo(i), [`labels/${i}.txt`]: "0 .5 .5 .1 .1\n1 0.1 0.1 0.1 0.1\n" })),
      ...{ "obj.names": "cat\ndog\n", "splits.csv": "path;split\nimages/0.png;train\nimages/1.png;val\n" },
    },
  ],
  [
    {
      ...four((i) => ({ [`images/train/${i}.png`]: photo(i), [`labels/train/${i}.txt`]: "0 .1 .1 .5 .1 .5 .5 .1 .5\n" })),
      "data.yaml": "names: [cat, dog]\nnc: 2\ntrain: images/train\n",
    },
  ],
  [{ ...four((i) => ({ [`images/val2017/${i}.png`]: photo(i) })), "annotations/instances_val2017.json": instances }],
  [{ ...four((i) => ({ [`train/${i}.png`]: photo(i) })), "train/_annotations.coco.json": instances }],
  [
    {
      ...four((i) => ({ [`images/val2017/${i}.png`]: photo(i), [`annotations/panoptic_val2017/${i}.png`]: segments() })),
      "annotations/panoptic_val2017.json": panoptic,
    },
  ],
  [four((i) => ({ [`rgb/${i}.png`]: photo(i), [`depth/${i}.png`]: depth([5, 9]) })), "data set of depth"],
];

async function make(): Promise<readonly Valid[]> {
  const folders = sets.flatMap(([files, reader = "data set"]): Valid[] => {
    const texts = Object.keys(files).some((name) => !name.endsWith(".png"));
    const valid = { reader, files: text(files) };
    // Texts decide most, and are few.
    return texts ? [valid, valid, { ...valid, among: /(?<!png)$/ }, { ...valid, among: /(?<!png)$/ }] : [valid, valid];
  });
  return [...folders, ...(await validFeatures()), ...(await validTraining())];
}

let made: Promise<readonly Valid[]> | undefined;
export const validData = (): Promise<readonly Valid[]> => (made ??= make());
