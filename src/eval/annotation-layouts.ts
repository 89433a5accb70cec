/** Layouts whose annotations stand in JSON or XML files: what a folder has of them, and the reader for each kind. */

import { readCocoBoxes } from "./coco-boxes.ts";
import { findCocoFiles } from "./coco-files.ts";
import { readCocoMasks } from "./coco-masks.ts";
import { readCocoPanoptic } from "./coco-panoptic.ts";
import type { Kind } from "./data-set.ts";
import type { Folder } from "./folder.ts";
import type { Draft, Known, Listing } from "./listing.ts";
import type { Place } from "./place.ts";
import { hasVocFiles, readVocBoxes } from "./voc-boxes.ts";

export type Readers = { readonly [K in Kind]?: (listing: Listing) => Promise<Draft<Known<K>>> };

/** What the annotation files of a folder can be read as. */
export interface AnnotationLayout {
  /** Kinds that they clearly have. */
  readonly kinds: readonly Kind[];
  /** Readers for these kinds, and for others that may be asked for: outlines in the middle of a large file are not seen beforehand. */
  readonly readers: Readers;
}

/**
 * Annotation files that a folder has, with their readers. Label files come before JSON and XML for boxes, and PNGs in masks/ before the
 * outlines of JSON for masks; a panoptic file comes before these, since its PNGs are no masks without it.
 */
export async function annotationLayout(folder: Folder, places: readonly Place[]): Promise<AnnotationLayout> {
  const has = (role: Place["role"], extension: string) =>
    places.some((place) => place.role === role && place.extension === extension);
  const coco = await findCocoFiles(
    folder,
    places.map(({ path }) => path),
  );
  const { instances = [], panoptic = [], outlines = false } = coco ?? {};
  const labels = has("label", ".txt");
  const masks = has("mask", ".png");
  const readers: Readers = {
    ...(!coco && !labels && hasVocFiles(places) && { boxes: readVocBoxes }),
    ...(instances.length > 0 && !labels && { boxes: (listing) => readCocoBoxes(listing, instances) }),
    ...(instances.length > 0 && !masks && { masks: (listing) => readCocoMasks(listing, instances) }),
    ...(panoptic.length > 0 && { masks: (listing) => readCocoPanoptic(listing, panoptic) }),
  };
  const clear = (kind: Kind) => readers[kind] !== undefined && (kind !== "masks" || panoptic.length > 0 || outlines);
  return { kinds: (["masks", "boxes"] as const).filter(clear), readers };
}
