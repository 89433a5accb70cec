/** Images and masks from COCO's panoptic JSON: PNGs whose pixels are ids of segments, which the JSON gives classes. */
import { S2Error } from "../core/index.ts";
import { checkCocoSize, fileFinder, findCocoImages } from "./coco-images.ts";
import { type CocoAnnotation, type CocoFile, mergeCategories, readCocoFile } from "./coco-json.ts";
import type { DataSetIssue } from "./data-set.ts";
import { paintedIgnore } from "./ignored-id.ts";
import { invalidFile, readBytes, shortList } from "./invalid-file.ts";
import type { Draft, Known, Listing } from "./listing.ts";
import { idsOf, MAX_PIXELS } from "./paint-classes.ts";
import type { Raster } from "./png-values.ts";

/** Pixels of the segment 0 have no class. */
export async function readCocoPanoptic(listing: Listing, jsons: readonly string[]): Promise<Draft<Known<"segmentation">>> {
  const issues: DataSetIssue[] = [];
  const files: CocoFile<"panoptic">[] = [];
  for (const path of jsons) files.push(await readCocoFile(listing, path, "panoptic", issues));
  const { classes, labels } = await mergeCategories(listing, files, issues);
  const ignore = paintedIgnore(classes, listing.options.ignore);
  const pngs = listing.paths.filter((path) => /\.png$/i.test(path));
  const find = fileFinder(pngs.filter((path) => /panoptic|segmentation|mask|annotation/i.test(path)));
  const maskOf = new Map<CocoAnnotation<"panoptic">, string>();
  for (const { path, annotations } of files)
    for (const annotation of [...annotations.values()].flat()) {
      const [mask, other] = find(path, annotation.file_name);
      if (mask !== undefined && other === undefined) maskOf.set(annotation, mask);
    }
  const entries = findCocoImages(listing, files, new Set(maskOf.values()), issues).map((image) => ({
    path: image.path,
    split: image.split,
    read: async (size: readonly [number, number]) => {
      const { path: json, annotations } = files[image.file];
      checkCocoSize(image, json, size);
      const [annotation, second] = annotations.get(image.image.id)!;
      if (annotation === undefined || second !== undefined)
        throw invalidFile(image.path, `${json} has ${second ? "several annotations" : "no annotation"} of it; expected one.`);
      const maskPath = maskOf.get(annotation);
      if (maskPath === undefined)
        throw invalidFile(image.path, `${json}: its mask "${annotation.file_name}" is not there, or there are several.`);
      const ids = new Map<number, number>([[0, ignore]]);
      for (const { id, category_id } of annotation.segments_info) {
        const label = labels[image.file].get(category_id);
        if (label === undefined)
          throw invalidFile(image.path, `${json}: segment ${id} is of category ${category_id}, which has no name.`);
        ids.set(id, label);
      }
      const mask = async () => {
        try {
          return await decodeSegments(
            await readBytes(listing.folder, maskPath),
            ids,
            size,
            classes.length < 255 && ignore <= 255,
          );
        } catch (error) {
          if ((error as { problem?: DataSetIssue }).problem) throw error;
          throw invalidFile(maskPath, (error as Error).message, error);
        }
      };
      return { maskPath, mask, classes: idsOf(await mask(), ignore) };
    },
  }));
  return { classes, ignore, entries, issues };
}

/** A pixel's segment is R + 256 G + 65536 B (panopticapi's `rgb2id`). */
async function decodeSegments(
  bytes: Uint8Array,
  ids: ReadonlyMap<number, number>,
  [height, width]: readonly [number, number],
  small: boolean,
): Promise<Raster> {
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isPng = bytes.length > 33 && header.getUint32(0) === 0x89504e47 && header.getUint32(12) === 0x49484452; // IHDR
  if (!isPng) throw new S2Error("data-file", "It is not a PNG, or its start is damaged; copy or download it again.");
  const [w, h] = [header.getUint32(16), header.getUint32(20)];
  if (w !== width || h !== height)
    throw new S2Error("data-file", `It is ${w}x${h} pixels and its image ${width}x${height}; they must be alike.`);
  if (w * h > MAX_PIXELS) throw new S2Error("data-file", `It is ${w}x${h} pixels; masks are read up to ${MAX_PIXELS} pixels.`);
  const { decode } = await import("fast-png");
  let png: ReturnType<typeof decode>;
  try {
    png = decode(bytes, { checkCrc: true });
  } catch (error) {
    throw new S2Error("data-file", `It is a damaged PNG (${(error as Error).message}); copy or download it again.`, {
      cause: error,
    });
  }
  const { channels, depth, data: samples } = png;
  if (channels < 3 || depth !== 8)
    throw new S2Error(
      "data-file",
      `It is a PNG of ${channels} channels of ${depth} bits; expected ids of segments as RGB of 8 bits.`,
    );
  const data = small ? new Uint8Array(w * h) : new Uint16Array(w * h);
  const foreign = new Set<number>();
  let last = -1;
  let label = 0;
  for (let i = 0; i < data.length; i++) {
    const at = i * channels;
    const id = samples[at] + 256 * samples[at + 1] + 65536 * samples[at + 2];
    if (id !== last) {
      last = id;
      label = ids.get(id) ?? -1;
      if (label < 0) foreign.add(id);
    }
    data[i] = label;
  }
  if (foreign.size > 0)
    throw new S2Error("data-file", `It has pixels of segments that its annotation does not list: ${shortList([...foreign])}.`);
  return { width, height, data };
}
