/** Masks of single objects painted into one mask of class ids. */
import { S2Error } from "../core/index.ts";
import type { Raster } from "./png-values.ts";
import { MAX_STEPS, polygonRuns, readPolygon, type Work } from "./polygon-runs.ts";
import { type Runs, readRuns } from "./run-lengths.ts";

/** The class of pixels that no object covers, where the data set names no such class itself. */
const BACKGROUND = "background";

/** Pixels of the largest photo whose mask is painted. */
export const MAX_PIXELS = 2 ** 27;

/** Pixels that all objects of a photo may cover together: this many, or four times the photo. */
const MAX_PAINTED = 2 ** 27;

/** Classes of masks: those of the objects, one for what no object covers, and the id that is no class. */
export interface Palette {
  readonly classes: readonly string[];
  readonly background: number;
  readonly ignore: number;
}

/** Adds the background after the other classes, so that an object has the same class id in masks as in boxes. */
export function paletteOf(names: readonly string[], ignore: number): Palette {
  const named = names.findIndex((name) => name.toLowerCase() === BACKGROUND);
  return named >= 0
    ? { classes: names, background: named, ignore }
    : { classes: [...names, BACKGROUND], background: names.length, ignore };
}

/** An object: polygons or run lengths, as they stand in a file. */
export interface Shape {
  readonly label: number;
  readonly polygons?: readonly (readonly unknown[])[];
  readonly counts?: string | readonly unknown[];
  /** Names the object in messages: "annotation 12". */
  readonly name: string;
}

/**
 * Class ids of a photo's pixels. Where objects of two classes overlap the pixel gets `ignore`, since nothing says which one is in front
 * (torchvision's segmentation reference leaves such pixels out as well).
 * @throws S2Error "data-file" with the reason as a sentence.
 */
export function paintClasses(shapes: readonly Shape[], size: readonly [height: number, width: number], palette: Palette): Raster {
  const [height, width] = size;
  const pixels = height * width;
  if (pixels > MAX_PIXELS)
    throw new S2Error("data-file", `it is ${width}x${height} pixels; masks are painted up to ${MAX_PIXELS} pixels`);
  const { classes, background, ignore } = palette;
  const overlap = classes.length < 255 && ignore <= 255 ? 254 : 65534; // no class has it: 254 or fewer, or as many as ids allow
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
        throw new S2Error("data-file", `the objects of its photo cover more pixels together than any drawing needs`);
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

/** Class ids that occur in a mask, ascending, without the ignored one. */
export function idsOf({ data }: Raster, ignore: number): number[] {
  const there = new Uint8Array(65536);
  for (let i = 0; i < data.length; i++) there[data[i]] = 1;
  there[ignore] = 0;
  const ids: number[] = [];
  for (let id = 0; id < there.length; id++) if (there[id] === 1) ids.push(id);
  return ids;
}
