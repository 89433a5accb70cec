/** Samples that a linear head classifies: whole photos, or cells of a photo's grid by its mask or boxes. */
import type { DataSet, ItemOf } from "s2-vision/datasets";
import type { TaskData } from "../evaluate.ts";
import { SPLITS, type Split } from "./photos.ts";

/** The samples of one photo. */
export interface PhotoSamples {
  readonly key: string;
  readonly split: Split;
  /** Class of each sample, row by row over the grid; -1 for one without a class. */
  readonly labels: Int32Array;
  /** Fraction of the photo that the sample's object or class covers; NaN where that is not known. */
  readonly areas: Float32Array;
}

type Mask = Awaited<ReturnType<ItemOf["segmentation"]["mask"]>>;

/** The grid of the samples; one cell is the whole photo. */
type Grid = { readonly rows: number; readonly cols: number };

export interface SampleSet {
  readonly photos: readonly PhotoSamples[];
  readonly classes: readonly string[];
}

/** Labels the samples of all photos of a set. Cells beside all boxes have a class of their own, "background". */
export async function samplesOf({ folder, set, splits }: TaskData, grid: Grid): Promise<SampleSet> {
  const photos: PhotoSamples[] = [];
  for (const split of SPLITS)
    for (const item of splits[split])
      photos.push({ key: `${folder.name}/${item.path}`, split, ...(await cellsOf(set, item, grid)) });
  return { photos, classes: set.task === "counting" ? [...set.classes, "background"] : set.classes };
}

async function cellsOf(set: DataSet, item: ItemOf[keyof ItemOf], grid: Grid): Promise<Pick<PhotoSamples, "labels" | "areas">> {
  if ("mask" in item) return cellsOfMask(await item.mask(), grid, set.classes.length, set.ignore ?? -1);
  if ("boxes" in item) return cellsOfBoxes(item, grid, set.classes.length);
  return { labels: Int32Array.of((item as ItemOf["classification"]).label), areas: Float32Array.of(Number.NaN) };
}

/** Takes the class of most pixels of each cell, where it has half of them, and the fraction of the photo with that class. */
function cellsOfMask({ width, height, data }: Mask, { rows, cols }: Grid, classes: number, ignore: number) {
  const counts = new Int32Array(rows * cols * classes);
  const totals = new Int32Array(classes);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const id = data[y * width + x];
      if (id === ignore || id >= classes) continue;
      const cell = Math.floor((y * rows) / height) * cols + Math.floor((x * cols) / width);
      counts[cell * classes + id]++;
      totals[id]++;
    }
  const half = (width * height) / (rows * cols) / 2;
  const labels = new Int32Array(rows * cols).fill(-1);
  const areas = new Float32Array(rows * cols).fill(Number.NaN);
  for (let cell = 0; cell < rows * cols; cell++)
    for (let id = 0; id < classes; id++) {
      if (counts[cell * classes + id] < half) continue;
      labels[cell] = id;
      areas[cell] = totals[id] / (width * height);
    }
  return { labels, areas };
}

/** Takes the class of the smallest box around the middle of each cell, and the fraction of the photo that the box covers. */
function cellsOfBoxes({ boxes, size: [height, width] }: ItemOf["counting"], { rows, cols }: Grid, background: number) {
  const labels = new Int32Array(rows * cols).fill(background);
  const areas = new Float32Array(rows * cols).fill(Number.NaN);
  for (let cell = 0; cell < rows * cols; cell++) {
    const [x, y] = [(((cell % cols) + 0.5) * width) / cols, ((Math.floor(cell / cols) + 0.5) * height) / rows];
    for (const { left, top, width: across, height: down, label } of boxes) {
      const area = (across * down) / (width * height);
      if (x < left || x >= left + across || y < top || y >= top + down || areas[cell] <= area) continue;
      labels[cell] = label;
      areas[cell] = area;
    }
  }
  return { labels, areas };
}
