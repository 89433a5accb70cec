/** Masks of many images as one file in COCO's JSON: run lengths of each class in an image, or a polygon of each connected region. */
import type { Raster } from "./data-set.ts";
import { joinHoles, ringArea, traceRegions } from "./trace-polygons.ts";

/** A file in the making. */
export interface MaskFile {
  /** Adds the mask of an image, [height, width] of class ids; `path` names the image in the file. */
  add(path: string, mask: Raster): void;
  /** Returns the file's contents with all masks that were added. */
  bytes(): Uint8Array;
}

/** Forms of masks in a file. */
export interface CocoMasksOptions {
  /** One annotation for each connected region, its outline as a polygon, instead of one of run lengths for each class. */
  readonly polygons?: boolean;
}

/** Starts a file of masks of these classes; ids of categories are class ids. `writer` is the version of this package, which names it as the writer. */
export function newCocoMasks(classes: readonly string[], writer: string, { polygons = false }: CocoMasksOptions = {}): MaskFile {
  const images: object[] = [];
  const annotations: string[] = []; // JSON takes less memory than the numbers
  return {
    add(path, mask) {
      const { width, height } = mask;
      const image_id = images.push({ id: images.length + 1, file_name: path, width, height });
      for (const { label, ...shape } of polygons ? polygonsOf(mask) : shapesOf(mask, classes.length)) {
        const id = annotations.length + 1;
        annotations.push(JSON.stringify({ id, image_id, category_id: label, iscrowd: 0, ...shape }));
      }
    },
    bytes() {
      const categories = classes.map((name, id) => ({ id, name }));
      const head = JSON.stringify({
        s2_vision: writer,
        info: { description: "Masks predicted by s2 predict" },
        images,
        categories,
      });
      return new TextEncoder().encode(`${head.slice(0, -1)},"annotations":[${annotations.join(",\n")}]}\n`);
    },
  };
}

/** The pixels of a class, or of one of its regions, in COCO's fields. */
interface ClassShape {
  readonly label: number;
  readonly area: number;
  /** Left, top, width, height. */
  readonly bbox: readonly [number, number, number, number];
  readonly segmentation:
    | { readonly size: readonly [height: number, width: number]; readonly counts: readonly number[] }
    | readonly [polygon: readonly number[]];
}

/** Returns the connected regions of a mask; COCO's polygons have no holes, so these are joined to the outline. */
function polygonsOf(mask: Raster): ClassShape[] {
  return traceRegions(mask).map((region): ClassShape => {
    const { label, outline, holes } = region;
    const area = holes.reduce((sum, { ring }) => sum + ringArea(ring), ringArea(outline));
    const ends = (axis: 0 | 1) =>
      outline.reduce(
        ([low, high], value, i) => (i % 2 === axis ? [Math.min(low, value), Math.max(high, value)] : [low, high]),
        [Infinity, 0],
      );
    const [[left, right], [top, bottom]] = [ends(0), ends(1)];
    return { label, area, bbox: [left, top, right - left, bottom - top], segmentation: [joinHoles(region)] };
  });
}

/** Returns the classes of a mask; counts are lengths of runs without and with the class in turn, down the columns. */
function shapesOf({ width, height, data }: Raster, classes: number): ClassShape[] {
  const counts = Array.from({ length: classes }, (): number[] => []);
  const changed = new Uint32Array(classes); // where the last run of each class begins
  const area = new Uint32Array(classes);
  const [left, right] = [new Int32Array(classes), new Int32Array(classes)];
  const [top, bottom] = [new Int32Array(classes).fill(height), new Int32Array(classes)];
  let last = -1;
  for (let x = 0, at = 0; x < width; x++) {
    for (let y = 0; y < height; y++, at++) {
      const label = data[y * width + x];
      if (label !== last) {
        if (last >= 0) counts[last].push(at - changed[last]);
        if (last >= 0) changed[last] = at;
        counts[label].push(at - changed[label]);
        changed[label] = at;
        last = label;
      }
      if (area[label]++ === 0) left[label] = x;
      right[label] = x;
      if (y < top[label]) top[label] = y;
      if (y > bottom[label]) bottom[label] = y;
    }
  }
  const present = Array.from(area.keys()).filter((label) => area[label] > 0);
  return present.map((label) => {
    const rest = width * height - changed[label];
    return {
      label,
      area: area[label],
      bbox: [left[label], top[label], right[label] - left[label] + 1, bottom[label] - top[label] + 1],
      segmentation: { size: [height, width], counts: rest > 0 ? [...counts[label], rest] : counts[label] },
    };
  });
}
