/** The user's photos as an index: each is looked at once, and found again on the next visit. */
import { S2Error } from "s2-vision";
import { photoTokens } from "s2-vision/heads";
import { addPhotos, type IndexLabel, memoryVectors, openIndex, type PhotoIndex, regionVectors } from "s2-vision/retrieval";
import { photoVector } from "s2-vision/tasks";
import { extract, loadImage, type Photo } from "s2-vision/web";
import { canvasOf } from "./draw.ts";
import { forgetPhotos, type KeptPhoto, keep, keepLabel, keptLabel, keptPhotos } from "./kept.ts";
import { load } from "./model.ts";
import { forScreen } from "./photos.ts";
import { type Loaded, session } from "./session.ts";

/** Squares of two tokens of the first scale, a token apart. */
const regions = { window: 2, stride: 1 };

interface Album {
  readonly index: PhotoIndex;
  readonly photos: Map<string, KeptPhoto>;
}

let opened: { readonly by: Loaded; readonly scales: readonly number[]; readonly album: Promise<Album> } | undefined;

/**
 * The album for the model and the scales that are chosen; loads the model where there is none.
 * @throws S2Error "index" when what is kept was made with others.
 */
export async function openAlbum(): Promise<Album> {
  if (!session.loaded) await load();
  const { loaded, scales } = session;
  if (opened?.by !== loaded || opened?.scales !== scales) opened = { by: loaded!, scales, album: readAlbum(loaded!, scales) };
  try {
    return await opened.album;
  } catch (error) {
    opened = undefined;
    throw error;
  }
}

async function readAlbum(loaded: Loaded, scales: readonly number[]): Promise<Album> {
  const label: IndexLabel = {
    model: loaded.name,
    modelHash: await hashOf(await loaded.file()),
    plan: JSON.stringify({ scales, preprocessing: loaded.model.preprocessing }),
    pooling: "mean",
    regions,
  };
  const kept = await keptLabel();
  const store = memoryVectors();
  if (kept) await store.begin(JSON.stringify(kept));
  const index = await openIndex(store, label);
  if (!kept) await keepLabel(label);
  const photos = await keptPhotos();
  await addPhotos(index, photos);
  return { index, photos: new Map(photos.map((photo) => [photo.path, photo])) };
}

/** Looks at the files that the album does not have yet; `told` hears how far it is. Files that are no photos come back with the reason. */
export async function addFiles(files: readonly File[], told: (done: number) => void, signal: AbortSignal): Promise<string[]> {
  const { index, photos } = await openAlbum();
  const refused: string[] = [];
  for (const [i, file] of files.entries()) {
    signal.throwIfAborted();
    told(i);
    const path = file.webkitRelativePath || file.name;
    const mark = `${file.size} ${file.lastModified}`;
    if (photos.get(path)?.mark === mark) continue;
    try {
      const photo = await lookAt(path, mark, await loadImage(file), signal);
      await addPhotos(index, [photo]);
      await keep(photo);
      photos.set(path, photo);
    } catch (error) {
      if (!(error instanceof S2Error)) throw error;
      refused.push(`${path}: ${error.message}`);
    }
  }
  return refused;
}

async function lookAt(path: string, mark: string, photo: Photo, signal: AbortSignal): Promise<KeptPhoto> {
  const tokens = photoTokens(await extract(session.loaded!.model, photo, { scales: session.scales, signal }));
  const picture = await jpegOf(photo);
  const vectors = { vector: photoVector(tokens, "mean"), regions: regionVectors(tokens, regions) };
  return { path, mark, size: [photo.height, photo.width], ...vectors, picture };
}

function jpegOf(photo: Photo): Promise<Blob> {
  const canvas = canvasOf(forScreen(photo, 1024));
  return new Promise((give, refuse) =>
    canvas.toBlob((blob) => (blob ? give(blob) : refuse(new Error("The browser made no JPEG of the photo."))), "image/jpeg", 0.9),
  );
}

export async function emptyAlbum(): Promise<void> {
  opened = undefined;
  await forgetPhotos();
}

async function hashOf(file: Uint8Array): Promise<string> {
  if (!globalThis.crypto?.subtle) throw new Error("Photos are indexed on pages with https (or localhost) only.");
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", file as Uint8Array<ArrayBuffer>));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
