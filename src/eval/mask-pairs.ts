/** Photos and masks of one class id a pixel: images/ and masks/, as CamVid and ADE20k lie on disk. */
import { needClassNames } from "./class-names.ts";
import { flaw, readBytes, some } from "./flaw.ts";
import type { Folder } from "./folder.ts";
import type { Draft, Known, Listing } from "./listing.ts";
import { pairFiles } from "./pairs.ts";
import { decodePngValues, type Raster } from "./png-values.ts";

/** Classes of these names are no class, unless the option `ignore` says another; else MMSeg's 255 is none. */
const NO_CLASS = /^(void|unlabell?ed|ignored?)$/i;
const MMSEG_IGNORE = 255;

export async function readMaskPairs({ folder, paths, places, splits, options }: Listing): Promise<Draft<Known<"masks">>> {
  const classes = await needClassNames(folder, paths, options.classes, ["classes.txt", "semantic_classes.yaml"]);
  const named = classes.findIndex((name) => NO_CLASS.test(name));
  const ignore = options.ignore ?? (named >= 0 ? named : MMSEG_IGNORE);
  const part = { role: "mask", extension: ".png", what: "mask (a PNG of class ids)" } as const;
  const { pairs, problems } = pairFiles(places, [part], splits);
  const entries = pairs.map(({ photo, split, parts }) => ({
    path: photo.path,
    split,
    read: async (size: readonly [number, number]) => {
      const maskPath = parts.mask!;
      const mask = () => readMask(folder, maskPath, size);
      return { maskPath, mask, classes: idsIn(await mask(), classes, ignore, maskPath) };
    },
  }));
  return { classes, ignore, entries, problems };
}

/** A mask of its photo's size, or a `flaw`. */
export async function readMask(folder: Folder, path: string, [height, width]: readonly [number, number]): Promise<Raster> {
  const bytes = await readBytes(folder, path);
  let mask: Raster;
  try {
    const { width, height, data } = await decodePngValues(bytes);
    mask = { width, height, data };
  } catch (error) {
    throw flaw(path, (error as Error).message, error);
  }
  if (mask.width === width && mask.height === height) return mask;
  throw flaw(path, `It is ${mask.width}x${mask.height} pixels and its photo ${width}x${height}; they must be alike.`);
}

/** Class ids of a mask without the ignored one; an id that no class has is a `flaw`. */
function idsIn({ data }: Raster, classes: readonly string[], ignore: number, path: string): number[] {
  const pixels = new Uint32Array(65536);
  for (let i = 0; i < data.length; i++) pixels[data[i]]++;
  pixels[ignore] = 0;
  const ids: number[] = [];
  for (let id = 0; id < pixels.length; id++) if (pixels[id] > 0) ids.push(id);
  const foreign = ids.filter((id) => !classes[id]);
  if (foreign.length === 0) return ids;
  const count = foreign.reduce((sum, id) => sum + pixels[id], 0);
  throw flaw(path, `${count} of its pixels have ids that no class has: ${some(foreign)}. Name them, or give ignore.`);
}
