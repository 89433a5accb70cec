/** Outlines of objects painted into one mask of class ids. */
import { S2Error } from "../core/index.ts";
import type { Raster } from "./data-set.ts";
import { MAX_STEPS, polygonRuns, type Runs, readPolygon, readRuns, type Work } from "./runs.ts";

/** Class of pixels that no object covers, unless the data set names one. */
const BACKGROUND = "background";

/** Limit of the pixels of a painted mask. */
export const MAX_PIXELS = 2 ** 27;

/** Limit of the pixels that all objects of an image cover together, unless four times the image is more. */
const MAX_PAINTED = 2 ** 27;

/** Classes of painted masks, with the ids of pixels that no object covers and of ignored ones. */
export interface Palette {
  readonly classes: readonly string[];
  readonly background: number;
  readonly ignore: number;
}

/** Adds the background after the other classes, so that objects have the same class ids in masks as in boxes. */
export function paletteOf(names: readonly string[], ignore: number): Palette {
  const named = names.findIndex((name) => name.toLowerCase() === BACKGROUND);
  return named >= 0
    ? { classes: names, background: named, ignore }
    : { classes: [...names, BACKGROUND], background: names.length, ignore };
}

/** An object with polygons or run lengths as a file has them. */
export interface Shape {
  readonly label: number;
  readonly polygons?: readonly (readonly unknown[])[];
  readonly counts?: string | readonly unknown[];
  /** Name in messages: "annotation 12". */
  readonly name: string;
}

/**
 * Paints the class ids of an image's pixels. Pixels in objects of two classes get `ignore`, since it is unknown which one is in front
 * (torchvision's segmentation reference ignores them as well).
 * @throws S2Error "data-file" with a clause.
 */
export function paintClasses(shapes: readonly Shape[], size: readonly [height: number, width: number], palette: Palette): Raster {
  const [height, width] = size;
  const pixels = height * width;
  if (pixels > MAX_PIXELS)
    throw new S2Error("data-file", `it is ${width}x${height} pixels; masks are painted up to ${MAX_PIXELS} pixels`);
  const { classes, background, ignore } = palette;
  const overlap = classes.length < 255 && ignore <= 255 ? 254 : 65534; // no class has this id
  const data = overlap === 254 ? new Uint8Array(pixels) : new Uint16Array(pixels);
  data.fill(background);
  const work: Work & { painted: number } = { steps: MAX_STEPS, painted: Math.max(MAX_PAINTED, 4 * pixels) };
  for (const shape of shapes) {
    if (shape.label === background) continue;
    try {
      for (const runs of runsOf(shape, size, work)) paint(data, runs, size, { label: shape.label, background, overlap }, work);
    } catch (error) {
      if (!(error instanceof S2Error)) throw error;
      throw new S2Error("data-file", `${shape.name}: ${error.message}`);
    }
  }
  for (let i = 0; i < pixels; i++) if (data[i] === overlap) data[i] = ignore;
  return { width, height, data };
}

function* runsOf({ polygons, counts }: Shape, size: readonly [number, number], work: Work): Generator<Runs> {
  if (counts !== undefined) yield readRuns(counts, size[0] * size[1]);
  for (const polygon of polygons ?? []) yield polygonRuns(readPolygon(polygon, size), size, work);
}

function paint(
  data: Raster["data"],
  runs: Runs,
  [height, width]: readonly [number, number],
  { label, background, overlap }: { label: number; background: number; overlap: number },
  work: { painted: number },
): void {
  let at = 0;
  for (let i = 0; i < runs.length; i++) {
    const end = at + runs[i];
    if (i % 2 === 1) {
      if ((work.painted -= runs[i]) < 0)
        throw new S2Error("data-file", `the objects of its image cover more pixels together than any drawing needs`);
      let x = Math.floor(at / height);
      let y = at - x * height;
      for (let n = at; n < end; n++) {
        const pixel = y * width + x;
        if (data[pixel] === background) data[pixel] = label;
        else if (data[pixel] !== label) data[pixel] = overlap;
        if (++y === height) {
          y = 0;
          x++;
        }
      }
    }
    at = end;
  }
}

/** Returns the class ids that occur in a mask, ascending, without the ignored one. */
export function idsOf({ data }: Raster, ignore: number): number[] {
  const present = new Uint8Array(65536);
  for (let i = 0; i < data.length; i++) present[data[i]] = 1;
  present[ignore] = 0;
  const ids: number[] = [];
  for (let id = 0; id < present.length; id++) if (present[id] === 1) ids.push(id);
  return ids;
}
