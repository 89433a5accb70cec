/** An index of images and their regions, searched by an image, a region or a text. Its storage is passed as a value. */
import { integer, looseObject, minValue, number, object, optional, picklist, pipe, string } from "valibot";
import { badOption, firstNotFinite, S2Error } from "../core/index.ts";
import type { ImageVectors, VectorHit, VectorStore } from "../tensors/index.ts";
import { parseJson } from "../tensors/json.ts";
import { unit, type Windows } from "./regions.ts";

/** All that determines the vectors of an index; only vectors of the same config can be compared. */
export interface IndexConfig {
  /** Name of the model, for messages. */
  readonly model: string;
  /** Hash of the model's files and traits: `modelFingerprint` of "s2-vision/tasks". */
  readonly modelHash: string;
  /** Fingerprint of the extraction options (scales, fit, preprocessing ...): `optionsFingerprint` of "s2-vision/tasks". */
  readonly plan: string;
  /** The vector of a whole image: its tokens pooled, or "embedding", the space that a CLIP-like model shares with its text encoder. */
  readonly pooling: "cls" | "mean" | "cls+mean" | "embedding";
  /** Windows of tokens that are indexed too; without it, only whole images are. */
  readonly regions?: Windows;
}

/** An open index. */
export interface ImageIndex {
  /** Storage of the vectors. */
  readonly store: VectorStore;
  /** Configuration that the vectors were made with. */
  readonly config: IndexConfig;
}

/** A vector to search for, of any length, made with the index's config: of `imageVector`, of `regionVector`, or of a text. */
export type Query =
  | { readonly image: Float32Array }
  | { readonly region: Float32Array }
  /** From `textEmbedder` of "s2-vision/transformers". */
  | { readonly text: Float32Array };

/** Options of `search`. */
export interface SearchOptions {
  /** Most hits; default 10. */
  top?: number;
  /** Returns all regions of an image, not only its best; default false. */
  everyRegion?: boolean;
}

/**
 * Opens an index, or creates it in an empty store.
 * @throws S2Error "index" when the index was made with another model, plan or pooling, naming the first difference.
 */
export async function openIndex(store: VectorStore, config: IndexConfig): Promise<ImageIndex> {
  if ((await store.config()) === undefined) await store.begin(JSON.stringify(config));
  // Also after creating it: another process may have been first.
  const text = (await store.config()) ?? JSON.stringify(config);
  const advice = "It is damaged, or not by s2-vision; make it anew.";
  refuseOther(parseJson(configSchema, text, { code: "index", name: "The index's own description", advice }), config);
  return { store, config };
}

/** Adds images, or replaces those of the same path. Vectors are scaled to length 1. @throws S2Error "index" for vectors of another length. */
export async function addImages({ store, config }: ImageIndex, images: readonly ImageVectors[]): Promise<void> {
  const channels = { images: await store.channels("images"), regions: await store.channels("regions") };
  for (const { path, vector, regions } of images) {
    channels.images = checkVector(vector, channels.images, `The vector of ${path}`);
    const count = regions.boxes.length / 4;
    if (count > 0 !== (config.regions !== undefined)) {
      throw new S2Error(
        "index",
        `${path} has ${count} regions, but the index is of ${config.regions ? "images and regions" : "whole images"}; give ${config.regions ? "those of regionVectors for each image" : "none, or open an index with regions"}.`,
      );
    }
    if (count > 0) {
      const each = regions.vectors.length / count;
      for (let i = 0; i < count; i++)
        channels.regions = checkVector(
          regions.vectors.subarray(i * each, (i + 1) * each),
          channels.regions,
          `Region ${i} of ${path}`,
        );
    }
  }
  await store.put(images.map(ofLengthOne));
}

/** Removes images by their paths; others are ignored. */
export function removeImages({ store }: ImageIndex, paths: readonly string[]): Promise<void> {
  return store.remove(paths);
}

/**
 * Returns the most similar vectors, best first: whole images for an image or a text, regions (the best of each image) for a region.
 * @throws S2Error "index" where the index has no regions or its model no text encoder, or for a vector of another length.
 */
export async function search({ store, config }: ImageIndex, query: Query, options: SearchOptions = {}): Promise<VectorHit[]> {
  const { top = 10, everyRegion = false } = options;
  if (!(Number.isInteger(top) && top >= 1)) throw badOption("option", "top", top, "a whole number from 1");
  const [[type, given]] = Object.entries(query) as [string, Float32Array][];
  const table = type === "region" ? "regions" : "images";
  if (type === "text" && config.pooling !== "embedding") {
    throw new S2Error(
      "index",
      `Got a text for an index of ${config.model}'s "${config.pooling}" vectors, which no text encoder shares; ` +
        'index the image embeddings of a CLIP-like model, pooling "embedding".',
    );
  }
  if (type === "region" && !config.regions) {
    throw new S2Error("index", "Got a region for an index of whole images; make an index with regions, or search by an image.");
  }
  const channels = await store.channels(table);
  if (channels === undefined) return [];
  checkVector(given, channels, "The query");
  const vector = unit(given.slice());
  if (table === "images" || everyRegion) return store.nearest(table, vector, top);
  return bestOfEach(store, vector, top);
}

/** Searches more and more regions until they are of enough images. */
async function bestOfEach(store: VectorStore, vector: Float32Array, top: number): Promise<VectorHit[]> {
  for (let count = 8 * top; ; count *= 4) {
    const found = await store.nearest("regions", vector, count);
    const best = new Map<string, VectorHit>();
    for (const hit of found) if (!best.has(hit.image)) best.set(hit.image, hit);
    if (best.size >= top || found.length < count) return [...best.values()].slice(0, top);
  }
}

const count = pipe(number(), integer(), minValue(1));
const configSchema = looseObject({
  ...{ model: string(), modelHash: string(), plan: string(), pooling: picklist(["cls", "mean", "cls+mean", "embedding"]) },
  regions: optional(object({ window: count, stride: count })),
});

function refuseOther(kept: IndexConfig, asked: IndexConfig): void {
  const model = ({ model, modelHash }: IndexConfig) => `the model ${model} (fingerprint ${modelHash.slice(0, 12)})`;
  const differences: [string, string][] = [
    // The name is for messages only: the same file under another name is the same model.
    kept.modelHash === asked.modelHash ? ["", ""] : [model(kept), model(asked)],
    [`the plan ${kept.plan}`, `the plan ${asked.plan}`],
    [`the pooling "${kept.pooling}"`, `the pooling "${asked.pooling}"`],
    [inWords(kept.regions), inWords(asked.regions)],
  ];
  const other = differences.find(([was, is]) => was !== is);
  if (!other) return;
  throw new S2Error(
    "index",
    `The index was made with ${other[0]}; got ${other[1]}, whose vectors cannot be compared with it. ` +
      "Use what it was made with, or make another index elsewhere.",
  );
}

const inWords = (regions: Windows | undefined) =>
  regions ? `regions of ${regions.window} tokens every ${regions.stride}` : "no regions";

/** Checks a vector and returns its length, which all vectors of a table share. */
function checkVector(vector: Float32Array, channels: number | undefined, what: string): number {
  if (channels !== undefined && vector.length !== channels) {
    throw new S2Error(
      "index",
      `${what} has ${vector.length} numbers; the index holds ${channels}. Give one of the same model, scales and pooling.`,
    );
  }
  if (vector.length > 0 && firstNotFinite(vector) < 0) return vector.length;
  throw new S2Error("index", `${what} is empty or has numbers that are not finite; check the model's output.`);
}

/** Scales all vectors of an image to length 1. */
function ofLengthOne(image: ImageVectors): ImageVectors {
  const { vectors, boxes } = image.regions;
  const all = vectors.slice();
  const channels = all.length / (boxes.length / 4);
  for (let at = 0; at < all.length; at += channels) unit(all.subarray(at, at + channels));
  return { ...image, vector: unit(image.vector.slice()), regions: { vectors: all, boxes } };
}
