/** What the browser keeps of the user's photos: their vectors and a smaller copy, in IndexedDB. */
import { clear, createStore, entries, get, set } from "idb-keyval";
import type { IndexLabel, PhotoVectors } from "s2-vision/retrieval";

export interface KeptPhoto extends PhotoVectors {
  /** JPEG of at most 1024 pixels a side. */
  readonly picture: Blob;
}

const photos = createStore("s2-playground-photos", "photos");
const about = createStore("s2-playground-about", "about");

export async function keptPhotos(): Promise<KeptPhoto[]> {
  return (await entries<string, KeptPhoto>(photos)).map(([, photo]) => photo);
}

export const keep = (photo: KeptPhoto): Promise<void> => set(photo.path, photo, photos);

/** What the vectors were made with; undefined where none are kept. */
export const keptLabel = (): Promise<IndexLabel | undefined> => get<IndexLabel>("label", about);

export const keepLabel = (label: IndexLabel): Promise<void> => set("label", label, about);

export async function forgetPhotos(): Promise<void> {
  await Promise.all([clear(photos), clear(about)]);
}
