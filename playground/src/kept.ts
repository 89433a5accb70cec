/** Stores vectors and smaller copies of the user's images in IndexedDB. */
import { clear, createStore, entries, get, set } from "idb-keyval";
import type { ImageVectors, IndexConfig } from "s2-vision/retrieval";

export interface KeptImage extends ImageVectors {
  /** JPEG of at most 1024 pixels a side. */
  readonly picture: Blob;
}

const images = createStore("s2-playground-images", "images");
const about = createStore("s2-playground-about", "about");

export async function keptImages(): Promise<KeptImage[]> {
  return (await entries<string, KeptImage>(images)).map(([, image]) => image);
}

export const keep = (image: KeptImage): Promise<void> => set(image.path, image, images);

/** Reads the config of the stored vectors; undefined if none are stored. */
export const keptLabel = (): Promise<IndexConfig | undefined> => get<IndexConfig>("label", about);

export const keepLabel = (label: IndexConfig): Promise<void> => set("label", label, about);

export async function forgetImages(): Promise<void> {
  await Promise.all([clear(images), clear(about)]);
}
