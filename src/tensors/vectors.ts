/** Keeping and searching vectors: what a place for them offers to those that make vectors (retrieval), so that they name no database. */
import type { Box } from "../core/index.ts";

/** One image's vectors, of length 1. */
export interface ImageVectors {
  /** Names the image; what is put again under the same path replaces what was there. */
  readonly path: string;
  /** Changes with the image's file (its SHA-256), so that an index knows which images are others now. */
  readonly contentHash: string;
  readonly size: readonly [height: number, width: number];
  readonly vector: Float32Array;
  /** `vectors` [count, channels], `boxes` [count, 4]: left, top, width, height in the image's pixels. */
  readonly regions: { readonly vectors: Float32Array; readonly boxes: Float64Array };
}

/** Vectors of whole images are kept apart from those of regions. */
export type VectorTable = "images" | "regions";

/** An image, or a part of one, that was found. */
export interface VectorHit {
  readonly image: string;
  readonly size: readonly [height: number, width: number];
  /** In the image's pixels; all of it for a hit among images. */
  readonly box: Box;
  /** Cosine with the query; an estimate where the place says so. */
  readonly score: number;
}

/** Storage of vectors: `memoryVectors` of "s2-vision/retrieval" or `openVectors` of "s2-vision/node". */
export interface VectorStore {
  /** Returns the config that the index was begun with. */
  config(): Promise<string | undefined>;
  begin(config: string): Promise<void>;
  /** Returns the content hashes of all images by their paths. */
  images(): Promise<ReadonlyMap<string, string>>;
  /** Numbers in a vector of this table; undefined while it has none. */
  channels(table: VectorTable): Promise<number | undefined>;
  put(images: readonly ImageVectors[]): Promise<void>;
  remove(paths: readonly string[]): Promise<void>;
  /** At most `count`, best first. */
  nearest(table: VectorTable, vector: Float32Array, count: number): Promise<VectorHit[]>;
  close(): Promise<void>;
}
