/** Images and masks from COCO's panoptic JSON: PNGs whose pixels are ids of segments, to which the JSON gives classes. */
import { S2Error } from "../core/index.ts";
import { paintedIgnore } from "./class-names.ts";
import { fileFinder, readCoco } from "./coco-images.ts";
import type { CocoAnnotation } from "./coco-json.ts";
import type { DataSetImage, Raster } from "./data-set.ts";
import { invalidFile, readBytes, reading, shortList } from "./files.ts";
import type { Draft, Listing } from "./listing.ts";
import { idsOf, MAX_PIXELS } from "./paint-classes.ts";
import { decodePng, readPngSize } from "./png-values.ts";

/** Reads masks of classes. Pixels of the segment 0 have no class. */
export async function readCocoPanoptic(listing: Listing, jsons: readonly string[]): Promise<Draft<"segmentation">> {
  const { files, classes, issues, entries } = await readCoco(listing, jsons, "panoptic");
  const ignore = paintedIgnore(classes, listing.options.ignore);
  const pngs = listing.paths.filter((path) => /\.png$/i.test(path) && /panoptic|segmentation|mask|annotation/i.test(path));
  const find = fileFinder(pngs);
  const maskOf = new Map<CocoAnnotation<"panoptic">, string>();
  for (const { path, annotations } of files)
    for (const annotation of [...annotations.values()].flat()) {
      const [mask, other] = find(path, annotation.file_name);
      if (mask !== undefined && other === undefined) maskOf.set(annotation, mask);
    }
  const small = classes.length < 255 && ignore <= 255;
  const found = entries<"segmentation">(async ({ path, json, annotations, labels }, size) => {
    const refuse = (reason: string) => invalidFile(path, `${json}${reason}`);
    const [annotation, second] = annotations;
    if (annotation === undefined || second !== undefined)
      throw refuse(` has ${second ? "several annotations" : "no annotation"} of it; expected one.`);
    const maskPath = maskOf.get(annotation);
    if (maskPath === undefined) throw refuse(`: its mask "${annotation.file_name}" is not there, or there are several.`);
    const ids = new Map<number, number>([[0, ignore]]);
    for (const { id, category_id } of annotation.segments_info) {
      const label = labels.get(category_id);
      if (label === undefined) throw refuse(`: segment ${id} is of category ${category_id}, which has no name.`);
      ids.set(id, label);
    }
    const mask = () => reading(maskPath, async () => decodeSegments(await readBytes(listing.folder, maskPath), ids, size, small));
    return { maskPath, mask, classes: idsOf(await mask(), ignore) };
  }, new Set(maskOf.values()));
  return { classes, ignore, entries: found, issues: issues.all };
}

/** Decodes class ids; a pixel's segment is R + 256 G + 65536 B (panopticapi's `rgb2id`). @throws S2Error "data-file" with a sentence. */
async function decodeSegments(
  bytes: Uint8Array,
  ids: ReadonlyMap<number, number>,
  [height, width]: DataSetImage["size"],
  small: boolean,
): Promise<Raster> {
  const { width: w, height: h } = readPngSize(bytes);
  if (w !== width || h !== height)
    throw new S2Error("data-file", `It is ${w}x${h} pixels and its image ${width}x${height}; they must be equal.`);
  if (w * h > MAX_PIXELS) throw new S2Error("data-file", `It is ${w}x${h} pixels; masks are read up to ${MAX_PIXELS} pixels.`);
  const { channels, depth, data: samples } = await decodePng(bytes);
  if (channels < 3 || depth !== 8)
    throw new S2Error(
      "data-file",
      `It is a PNG of ${channels} channels of ${depth} bits; expected ids of segments as RGB of 8 bits.`,
    );
  const data = small ? new Uint8Array(w * h) : new Uint16Array(w * h);
  const unknown = new Set<number>();
  let last = -1;
  let label = 0;
  for (let i = 0; i < data.length; i++) {
    const at = i * channels;
    const id = samples[at] + 256 * samples[at + 1] + 65536 * samples[at + 2];
    if (id !== last) {
      last = id;
      label = ids.get(id) ?? -1;
      if (label < 0) unknown.add(id);
    }
    data[i] = label;
  }
  if (unknown.size > 0)
    throw new S2Error("data-file", `It has pixels of segments that its annotation does not list: ${shortList([...unknown])}.`);
  return { width, height, data };
}
