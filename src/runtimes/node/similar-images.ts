/** Images, or regions of them, that are similar to an image or to a region of it. */
import { join, relative, resolve } from "node:path";
import { type Box, S2Error } from "../../core/index.ts";
import { type heatPicture, type ImageTokens, imageVector, type Pooling, takeScales } from "../../features/index.ts";
import {
  boxAround,
  gridGeometryOf,
  type IndexedImage,
  indexConfigOf,
  indexImages,
  openIndex,
  regionVector,
  search,
  similarities,
} from "../../retrieval/index.ts";
import { type ExtractImagesOptions, extractImages } from "../../store/index.ts";
import type { VectorHit } from "../../tensors/index.ts";
import type { IndexLocation } from "./image-index.ts";
import { loadImage } from "./load-image.ts";

/** The region of an image that is searched for; without one, the whole image is. */
export interface Region {
  /** Pixel in the middle of the region. */
  readonly at?: readonly [x: number, y: number];
  /** Box in pixels. */
  readonly box?: readonly [left: number, top: number, width: number, height: number];
  /** Side of regions in tokens. */
  readonly window: number;
}

/** Options of `findSimilar`. */
export interface FindSimilarOptions extends Region {
  /** Default: "embedding" for a text, else "cls" where the model has a prefix token, else "mean". */
  readonly pooling?: Pooling;
  /** Number of images to find. */
  readonly top: number;
  /** Called when an index is one file because LanceDB is not installed. */
  readonly onFallback?: () => void;
  /** Called for each image that is added to the index, kept in it or removed, or that fails. */
  readonly onIndexed?: (image: IndexedImage) => void;
}

/** Result of `findSimilar`. */
export interface SimilarImages {
  /** Size of the image that was searched for. */
  readonly size?: readonly [height: number, width: number];
  /** The region that was searched for, in pixels. */
  readonly box?: Box;
  /** Best first, each image once; the image itself is left out. */
  readonly hits: readonly VectorHit[];
  /** Numbers of images that were added to the index, kept, removed or failed; undefined for an index that exists. */
  readonly index?: Readonly<Record<"added" | "kept" | "removed" | "failed", number>>;
}

/**
 * Brings the index of a location up to date and searches it for an image, a region of it or the vector of a text; without one of these there
 * are no hits. For a text, the model of `extraction` gives embeddings: `images` of `loadClip`.
 * @throws S2Error "index" for an index of another model or other options.
 */
export async function findSimilar(
  wanted: string | { readonly text: Float32Array } | undefined,
  location: IndexLocation,
  extraction: ExtractImagesOptions,
  options: FindSimilarOptions,
): Promise<SimilarImages> {
  const { window, top, onFallback, onIndexed } = options;
  const image = typeof wanted === "string" ? wanted : undefined;
  const { pooling = (extraction.model.traits?.prefixTokens ?? 0) > 0 ? "cls" : "mean" } = options;
  const asRegion = options.at !== undefined || options.box !== undefined;
  const config = indexConfigOf(extraction, {
    pooling: typeof wanted === "object" ? "embedding" : pooling,
    ...(asRegion && { regions: { window, stride: Math.ceil(window / 2) } }),
  });
  const tokens = image === undefined ? undefined : await tokensOf(image, location.base, extraction);
  const box = tokens && asRegion ? boxOf(tokens, options) : undefined;
  const ofImage = tokens && (box ? { region: regionVector(tokens, box) } : { image: imageVector(tokens, pooling) });
  const query = typeof wanted === "object" ? wanted : ofImage;
  const { store, inFile, save } = await location.open(config);
  if (inFile && location.images) onFallback?.();
  try {
    const index = await openIndex(store, config);
    const counts = { added: 0, kept: 0, removed: 0, failed: 0 };
    for await (const each of location.images ? indexImages(index, location.images, extraction) : []) {
      counts["done" in each ? each.done : "failed"]++;
      onIndexed?.(each);
    }
    if (counts.added + counts.removed + counts.failed > 0) await save();
    const found = query ? await search(index, query, { top: top + 1 }) : [];
    const name = image !== undefined && relative(location.base, resolve(image));
    const others = found.filter((hit) => hit.image !== name).slice(0, top);
    const result = { box, size: tokens?.size };
    if (!location.images) return { ...result, hits: others };
    return { ...result, hits: others.map((hit) => ({ ...hit, image: join(location.prefix, hit.image) })), index: counts };
  } finally {
    await store.close();
  }
}

/** Similarities of all regions of an image to one of them, as heat maps: by the first scale, by the first two, and so on. */
export async function similarityMaps(
  image: string,
  extraction: ExtractImagesOptions,
  region: Region,
): Promise<{ readonly box: Box; readonly maps: Parameters<typeof heatPicture>[1]; readonly grid: ImageTokens["grid"] }> {
  const tokens = await tokensOf(image, process.cwd(), extraction);
  const box = boxOf(tokens, region);
  const maps = tokens.channelsPerScale.map((_, last) => {
    const first = takeScales(tokens, [...Array(last + 1).keys()]);
    return { heat: { ...first.grid, data: similarities(first, regionVector(first, box)) }, gridGeometry: gridGeometryOf(first) };
  });
  return { box, maps, grid: tokens.grid };
}

/** @throws S2Error of the image's file when it cannot be read. */
async function tokensOf(image: string, base: string, extraction: ExtractImagesOptions): Promise<ImageTokens> {
  for await (const each of extractImages([relative(base, resolve(image))], extraction)) {
    if ("tokens" in each) return each.tokens;
    await loadImage(image); // its errors are more precise
    throw new S2Error("image-broken", `${image}: ${each.issue}`);
  }
  throw new S2Error("image-not-found", `There is no image at ${image}.`);
}

function boxOf(tokens: ImageTokens, { at, box, window }: Region): Box {
  if (at) return boxAround(tokens, at[0], at[1], window);
  const [left, top, width, height] = box!;
  return { left, top, width, height };
}
