/** Images and masks from YOLO segmentation labels: images/ and labels/, a line "class x1 y1 x2 y2 x3 y3 ..." a polygon. */
import { needClassNames, USUAL_NAMES } from "./class-names.ts";
import { paintedIgnore } from "./ignored-id.ts";
import { invalidFile } from "./invalid-file.ts";
import type { Draft, Known, Listing } from "./listing.ts";
import { idsOf, type Palette, paintClasses, paletteOf } from "./paint-classes.ts";
import { pairFiles } from "./pairs.ts";
import type { PathFacts } from "./path-facts.ts";
import type { Raster } from "./png-values.ts";
import { YOLO_LABEL } from "./yolo-boxes.ts";
import { readLabelFile, readYoloLines, refuseLines } from "./yolo-lines.ts";

/** Returns true where label files are there and no masks; the label files then have to be polygons. */
export const hasYoloPolygons = (places: readonly PathFacts[]): boolean =>
  places.some(({ role, extension }) => role === "label" && extension === ".txt") &&
  !places.some(({ role, extension }) => role === "mask" && extension === ".png");

/** Pixels of no polygon are background. A box among the polygons is refused: what of it is the object cannot be known. */
export async function readYoloMasks({
  folder,
  paths,
  locations,
  splits,
  options,
}: Listing): Promise<Draft<Known<"segmentation">>> {
  const names = await needClassNames(folder, paths, options.classes, USUAL_NAMES.boxes);
  const palette = paletteOf(names, paintedIgnore(names, options.ignore));
  const { pairs, problems } = pairFiles(locations, [YOLO_LABEL], splits);
  const entries = pairs.map(({ image, split, labelFiles }) => ({
    path: image.path,
    split,
    read: async (size: readonly [number, number]) => {
      const maskPath = labelFiles.label!;
      const mask = async () => paintLines(await readLabelFile(folder, maskPath), names, size, palette, maskPath);
      return { maskPath, mask, classes: idsOf(await mask(), palette.ignore) };
    },
  }));
  const { classes, ignore } = palette;
  return { classes, ignore, entries, issues: problems };
}

function paintLines(
  text: string,
  names: readonly string[],
  size: readonly [height: number, width: number],
  palette: Palette,
  path: string,
): Raster {
  const [height, width] = size;
  const objects = readYoloLines(text, { classes: names }, path);
  const boxes = objects.filter(({ polygon }) => polygon === undefined);
  refuseLines(
    boxes.map(({ line }) => `line ${line} is a box, expected a polygon: masks need outlines`),
    path,
  );
  const shapes = objects.map(({ line, label, polygon }) => ({
    label,
    polygons: [polygon!.map((value, i) => value * (i % 2 === 0 ? width : height))],
    name: `line ${line}`,
  }));
  try {
    return paintClasses(shapes, size, palette);
  } catch (error) {
    throw invalidFile(path, `${(error as Error).message}.`, error);
  }
}
