/** The user's images as an index; features are extracted once and kept for the next visit. */
import { S2Error } from "s2-vision";
import { imageTokens } from "s2-vision/heads";
import { addImages, type ImageIndex, type IndexConfig, memoryVectors, openIndex, regionVectors } from "s2-vision/retrieval";
import { imageVector } from "s2-vision/tasks";
import { extract, loadImage, type Photo } from "s2-vision/web";
import { canvasOf } from "./draw.ts";
import { forScreen } from "./images.ts";
import { forgetImages, type KeptImage, keep, keepLabel, keptImages, keptLabel } from "./kept.ts";
import { load } from "./model.ts";
import { type Loaded, planOptions, session } from "./session.ts";

/** Windows of two tokens of the first scale, one token apart. */
const regions = { window: 2, stride: 1 };

interface Album {
  readonly index: ImageIndex;
  readonly images: Map<string, KeptImage>;
  /** Model and options of its images, which are added while others may be chosen on the page. */
  readonly extraction: Extraction;
}

/** Options of the album's extractions: those of the page, on the grid of the coarsest scale. */
const albumOptions = () => ({ ...planOptions(), outputScale: "coarsest" }) as const;

interface Extraction {
  readonly loaded: Loaded;
  readonly options: ReturnType<typeof albumOptions>;
}

let opened: { readonly model: Loaded; readonly label: string; readonly album: Promise<Album> } | undefined;

/**
 * Opens the album for the chosen model and options; loads the model if necessary.
 * @throws S2Error "index" when the stored album was made with another model or other options.
 */
export async function openAlbum(): Promise<Album> {
  if (!session.loaded) await load();
  const [loaded, options] = [session.loaded!, albumOptions()];
  const label = JSON.stringify(options);
  if (opened?.model !== loaded || opened?.label !== label)
    opened = { model: loaded, label, album: readAlbum({ loaded, options }) };
  try {
    return await opened.album;
  } catch (error) {
    opened = undefined;
    throw error;
  }
}

async function readAlbum(extraction: Extraction): Promise<Album> {
  const { loaded, options } = extraction;
  const label: IndexConfig = {
    model: loaded.name,
    modelHash: await hashOf(await loaded.file()),
    plan: JSON.stringify({ ...options, preprocessing: loaded.model.preprocessing }),
    pooling: "mean",
    regions,
  };
  const kept = await keptLabel();
  const store = memoryVectors();
  if (kept) await store.begin(JSON.stringify(kept));
  const index = await openIndex(store, label);
  if (!kept) await keepLabel(label);
  const images = await keptImages();
  await addImages(index, images);
  return { index, images: new Map(images.map((image) => [image.path, image])), extraction };
}

/** Adds the files that the album lacks and reports progress; returns the files that are not images, with the reason. */
export async function addFiles(
  files: readonly File[],
  onProgress: (done: number) => void,
  signal: AbortSignal,
): Promise<string[]> {
  const { index, images, extraction } = await openAlbum();
  const refused: string[] = [];
  for (const [i, file] of files.entries()) {
    signal.throwIfAborted();
    onProgress(i);
    const path = file.webkitRelativePath || file.name;
    const contentHash = `${file.size} ${file.lastModified}`;
    if (images.get(path)?.contentHash === contentHash) continue;
    try {
      const image = await indexImage(path, contentHash, await loadImage(file), extraction, signal);
      await addImages(index, [image]);
      await keep(image);
      images.set(path, image);
    } catch (error) {
      if (!(error instanceof S2Error)) throw error;
      refused.push(`${path}: ${error.message}`);
    }
  }
  return refused;
}

async function indexImage(
  path: string,
  contentHash: string,
  image: Photo,
  { loaded, options }: Extraction,
  signal: AbortSignal,
): Promise<KeptImage> {
  const tokens = imageTokens(await extract(loaded.model, image, { ...options, signal }));
  const picture = await jpegOf(image);
  const vectors = { vector: imageVector(tokens, "mean"), regions: regionVectors(tokens, regions) };
  return { path, contentHash, size: [image.height, image.width], ...vectors, picture };
}

function jpegOf(image: Photo): Promise<Blob> {
  const canvas = canvasOf(forScreen(image, 1024));
  return new Promise((give, refuse) =>
    canvas.toBlob((blob) => (blob ? give(blob) : refuse(new Error("The browser made no JPEG of the image."))), "image/jpeg", 0.9),
  );
}

export async function emptyAlbum(): Promise<void> {
  opened = undefined;
  await forgetImages();
}

async function hashOf(file: Uint8Array): Promise<string> {
  if (!globalThis.crypto?.subtle) throw new Error("Images are indexed on pages with https (or localhost) only.");
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", file as Uint8Array<ArrayBuffer>));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
