/** The user's images as indexes of one scale and of all; features are extracted once and kept for the next visit. */
import { S2Error } from "s2-vision";
import { type ImageTokens, imageTokens } from "s2-vision/heads";
import { addImages, type ImageIndex, type IndexConfig, memoryVectors, openIndex, regionVectors } from "s2-vision/retrieval";
import { imageVector, takeScales } from "s2-vision/tasks";
import { extract, loadImage, type Photo } from "s2-vision/web";
import { canvasOf, jpegOf } from "./draw.ts";
import { hashOf } from "./hash.ts";
import { forScreen } from "./images.ts";
import { forgetImages, type KeptImage, keep, keepLabel, keptImages, keptLabel } from "./kept.ts";
import { load } from "./model.ts";
import { type Loaded, planOptions, session } from "./session.ts";

/** Windows of two tokens of the first scale, one token apart. */
const regions = { window: 2, stride: 1 };

interface Album {
  /** An index of the first scale, where there are more, and one of all. */
  readonly indexes: readonly ImageIndex[];
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
  const all = await openIndex(store, label); // refuses what was made otherwise
  if (!kept) await keepLabel(label);
  const indexes = options.scales.length > 1 ? [await openIndex(memoryVectors(), label), all] : [all];
  const images = await keptImages();
  await addTo(indexes, images);
  return { indexes, images: new Map(images.map((image) => [image.path, image])), extraction };
}

/** Tokens of the first scale, where there are more, and of all, as the album's indexes are. */
export const tokensOfSides = (tokens: ImageTokens): ImageTokens[] =>
  tokens.channelsPerScale.length > 1 ? [takeScales(tokens, [0]), tokens] : [tokens];

async function addTo(indexes: readonly ImageIndex[], images: readonly KeptImage[]): Promise<void> {
  for (const [side, index] of indexes.entries()) {
    const vectors = images.map(({ path, contentHash, size, tokens: all }) => {
      const tokens = tokensOfSides(all)[side];
      return { path, contentHash, size, vector: imageVector(tokens, "mean"), regions: regionVectors(tokens, regions) };
    });
    await addImages(index, vectors);
  }
}

/** Adds the files that the album lacks, by their content, and reports progress; returns the files that are not images, with the reason. */
export async function addFiles(
  files: readonly File[],
  onProgress: (done: number, path: string) => void,
  signal: AbortSignal,
): Promise<string[]> {
  const { indexes, images, extraction } = await openAlbum();
  const refused: string[] = [];
  for (const [i, file] of files.entries()) {
    signal.throwIfAborted();
    const path = file.webkitRelativePath || file.name;
    onProgress(i, path);
    const bytes = new Uint8Array(await file.arrayBuffer());
    const contentHash = await hashOf(bytes);
    if ([...images.values()].some((image) => image.contentHash === contentHash)) continue;
    try {
      const image = await indexImage(path, contentHash, await loadImage(bytes), extraction, signal);
      await keep(image);
      await addTo(indexes, [image]);
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
  return {
    path,
    contentHash,
    size: [image.height, image.width],
    tokens,
    picture: await jpegOf(canvasOf(forScreen(image, 1024))),
  };
}

export async function emptyAlbum(): Promise<void> {
  opened = undefined;
  await forgetImages();
}
