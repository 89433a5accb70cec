/** Retrieval: an index of photos and their regions, searched by a photo, a region or words. Where its vectors lie comes in as a value. */
import { integer, looseObject, minValue, number, object, optional, picklist, pipe, string } from "valibot";
import { firstNotFinite, S2Error } from "../core/index.ts";
import type { PhotoVectors, VectorHit, VectorStore } from "../tensors/index.ts";
import { parseJson } from "../tensors/json.ts";
import { unit, type Windows } from "./regions.ts";

/** What decides an index's vectors: only vectors made alike can be compared. */
export interface IndexLabel {
  /** Names the model. */
  readonly model: string;
  /** A hash of all that determines its vectors: `modelFingerprint` of "s2-vision/tasks". */
  readonly modelHash: string;
  /** How photos are looked at (scales, fit, preprocessing ...), as a string that changes with it. */
  readonly plan: string;
  /** What stands for a whole photo: its tokens pooled, or "embedding", the vector that a CLIP-like model shares with its text side. */
  readonly pooling: "cls" | "mean" | "cls+mean" | "embedding";
  /** Windows of tokens that are indexed too; absent: whole photos alone. */
  readonly regions?: Windows;
}

export interface PhotoIndex {
  readonly store: VectorStore;
  readonly label: IndexLabel;
}

/** What is looked for: vectors of any length of the index's model and plan. */
export type Query =
  | { readonly photo: Float32Array }
  /** Of `regionVector`. */
  | { readonly region: Float32Array }
  /** A text's embedding by the text side of the index's model (`textEmbedder` of "s2-vision/transformers"). */
  | { readonly text: Float32Array };

export interface SearchOptions {
  /** Most hits; default 10. */
  top?: number;
  /** Regions: several of one photo, not only its best. */
  everyRegion?: boolean;
}

/**
 * Opens an index, or begins it where there is none.
 * @throws S2Error "index" when the index that is there was made with another model, plan or pooling; the first difference is said.
 */
export async function openIndex(store: VectorStore, label: IndexLabel): Promise<PhotoIndex> {
  if ((await store.label()) === undefined) await store.begin(JSON.stringify(label));
  // Also after beginning it: another process may have been first.
  refuseOther(readLabel((await store.label()) ?? JSON.stringify(label)), label);
  return { store, label };
}

/** Adds photos; one whose path is there already is replaced. Vectors are brought to length 1. @throws S2Error "index". */
export async function addPhotos({ store, label }: PhotoIndex, photos: readonly PhotoVectors[]): Promise<void> {
  const channels = { photos: await store.channels("photos"), regions: await store.channels("regions") };
  for (const { path, vector, regions } of photos) {
    channels.photos = checkVector(vector, channels.photos, `The vector of ${path}`);
    const count = regions.boxes.length / 4;
    if (count > 0 !== (label.regions !== undefined)) {
      throw new S2Error(
        "index",
        `${path} has ${count} regions, but the index is of ${label.regions ? "photos and regions" : "whole photos"}; give ${label.regions ? "regionVectors' of each photo" : "none, or open an index with regions"}.`,
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
  await store.put(photos.map(ofLengthOne));
}

export function removePhotos({ store }: PhotoIndex, paths: readonly string[]): Promise<void> {
  return store.remove(paths);
}

/**
 * What is most like the query, best first: whole photos for a photo or a text, regions (the best of each photo) for a region.
 * @throws S2Error "index" where the index has no regions or its model no text side, or for a vector that is not of it.
 */
export async function search({ store, label }: PhotoIndex, query: Query, options: SearchOptions = {}): Promise<VectorHit[]> {
  const { top = 10, everyRegion = false } = options;
  if (!(Number.isInteger(top) && top >= 1)) throw new S2Error("option", `top is ${top}; expected a whole number from 1.`);
  const [[kind, given]] = Object.entries(query) as [string, Float32Array][];
  const table = kind === "region" ? "regions" : "photos";
  if (kind === "text" && label.pooling !== "embedding") {
    throw new S2Error(
      "index",
      `A text was looked for in an index of ${label.model}'s "${label.pooling}" vectors, which no text side shares; ` +
        'index the image embeddings of a CLIP-like model, pooling "embedding".',
    );
  }
  if (kind === "region" && !label.regions) {
    throw new S2Error(
      "index",
      "A region was looked for in an index of whole photos; make one with regions, or look for a photo.",
    );
  }
  const channels = await store.channels(table);
  if (channels === undefined) return [];
  checkVector(given, channels, "The query");
  const vector = unit(given.slice());
  if (table === "photos" || everyRegion) return store.nearest(table, vector, top);
  return bestOfEach(store, vector, top);
}

/** More and more regions until enough photos are among them. */
async function bestOfEach(store: VectorStore, vector: Float32Array, top: number): Promise<VectorHit[]> {
  for (let count = 8 * top; ; count *= 4) {
    const found = await store.nearest("regions", vector, count);
    const best = new Map<string, VectorHit>();
    for (const hit of found) if (!best.has(hit.photo)) best.set(hit.photo, hit);
    if (best.size >= top || found.length < count) return [...best.values()].slice(0, top);
  }
}

function readLabel(text: string): IndexLabel {
  const advice = "It is damaged or not ours; make it anew.";
  return parseJson(indexLabel, text, { code: "index", name: "The index's own description", advice });
}

const count = pipe(number(), integer(), minValue(1));
const indexLabel = looseObject({
  ...{ model: string(), modelHash: string(), plan: string(), pooling: picklist(["cls", "mean", "cls+mean", "embedding"]) },
  regions: optional(object({ window: count, stride: count })),
});

function refuseOther(kept: IndexLabel, asked: IndexLabel): void {
  const model = ({ model, modelHash }: IndexLabel) => `the model ${model} (fingerprint ${modelHash.slice(0, 12)})`;
  const parts: [string, string][] = [
    // The name is for people: the same file under another name is the same model.
    kept.modelHash === asked.modelHash ? ["", ""] : [model(kept), model(asked)],
    [`the plan ${kept.plan}`, `the plan ${asked.plan}`],
    [`the pooling "${kept.pooling}"`, `the pooling "${asked.pooling}"`],
    [inWords(kept.regions), inWords(asked.regions)],
  ];
  const other = parts.find(([was, is]) => was !== is);
  if (!other) return;
  throw new S2Error(
    "index",
    `The index was made with ${other[0]}, and now comes ${other[1]}: their vectors cannot be compared. ` +
      "Use what it was made with, or make another index elsewhere.",
  );
}

const inWords = (regions: Windows | undefined) =>
  regions ? `regions of ${regions.window} tokens every ${regions.stride}` : "no regions";

/** Returns the vector's length, which all vectors of a table share. */
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

function ofLengthOne(photo: PhotoVectors): PhotoVectors {
  const { vectors, boxes } = photo.regions;
  const all = vectors.slice();
  const channels = all.length / (boxes.length / 4);
  for (let at = 0; at < all.length; at += channels) unit(all.subarray(at, at + channels));
  return { ...photo, vector: unit(photo.vector.slice()), regions: { vectors: all, boxes } };
}
