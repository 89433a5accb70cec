/** Stores features and smaller copies of the user's images in IndexedDB. */
import { clear, createStore, entries, get, set } from "idb-keyval";
import type { ImageTokens } from "s2-vision/heads";
import type { IndexConfig } from "s2-vision/retrieval";

export interface KeptImage {
  readonly path: string;
  /** SHA-256 of the file. */
  readonly contentHash: string;
  readonly size: readonly [height: number, width: number];
  /** Tokens of all scales on the grid of the coarsest. */
  readonly tokens: ImageTokens;
  /** JPEG of at most 1024 pixels a side. */
  readonly picture: Blob;
}

const images = createStore("s2-playground-images", "images");
const about = createStore("s2-playground-about", "about");

export async function keptImages(): Promise<KeptImage[]> {
  const kept = await inWords(entries<string, KeptImage>(images));
  return kept.map(([, image]) => image).filter(({ tokens }) => tokens); // an earlier version kept vectors only
}

export const keep = (image: KeptImage): Promise<void> => inWords(set(image.path, image, images));

/** Reads the config of the stored features; undefined if none are stored. */
export const keptLabel = (): Promise<IndexConfig | undefined> => inWords(get<IndexConfig>("label", about));

export const keepLabel = (label: IndexConfig): Promise<void> => inWords(set("label", label, about));

export async function forgetImages(): Promise<void> {
  await inWords(Promise.all([clear(images), clear(about)]));
}

/** Gives the browser's refusals of its storage in words. */
async function inWords<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    const full = error.name === "QuotaExceededError";
    const why = full ? "The browser's storage for this page is full" : `The browser's storage cannot be used (${error.message})`;
    const advice = full
      ? "remove images here, or free space on this device"
      : "allow this page to store data; private windows often forbid it";
    throw new Error(`${why}; ${advice}.`, { cause: error });
  }
}
