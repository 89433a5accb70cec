/** `extractDataSet`: features of a data set's images, from the store or by the model, reduced to what the task needs. */
import { S2Error } from "../core/index.ts";
import type { DataSetImage, Task } from "../datasets/index.ts";
import { type ImageTokens, imageVector } from "../features/index.ts";
import { type ExtractImagesOptions, extractImages } from "../store/index.ts";

/** Features of images by their paths. */
export type ImageFeatures = ReadonlyMap<string, ImageTokens>;

/** An image that could not be used, and a sentence that says why. */
export interface FailedImage {
  readonly path: string;
  readonly reason: string;
}

/** One image of `extractDataSet` that is done. */
export interface ExtractionProgress {
  readonly path: string;
  /** Images done so far, this one included, and images in all. */
  readonly done: number;
  readonly of: number;
  /** Why the image failed, if it did. */
  readonly reason?: string;
  /** True if its stored features were damaged and were made again. */
  readonly damaged: boolean;
}

/** The model, its extraction config, the store, and how images are read and decoded. */
export interface ExtractDataSetOptions extends Omit<ExtractImagesOptions, "onImage"> {
  /** Called for each image that is done or has failed. */
  readonly onImage?: (progress: ExtractionProgress) => void | Promise<void>;
}

/** The features of a data set's images and the images that have none. */
export interface ExtractedDataSet {
  readonly features: ImageFeatures;
  readonly failed: readonly FailedImage[];
}

/**
 * Extracts the features of all images; one that fails is listed and does not stop the others. For classification only the first prefix token
 * and the mean of the grid stay in memory, which any pooling can be computed from.
 * @throws S2Error "image-broken" when no image could be used; "rows" when images are cropped or padded and the task needs all of each.
 */
export async function extractDataSet(
  images: readonly DataSetImage[],
  task: Task,
  { onImage, ...options }: ExtractDataSetOptions,
): Promise<ExtractedDataSet> {
  const features = new Map<string, ImageTokens>();
  const failed: FailedImage[] = [];
  const damaged = new Set<string>();
  const reduce = task === "classification" ? pooledTokens : checkCoverage;
  const extracted = extractImages(
    images.map(({ path }) => path),
    { ...options, onImage: ({ image, stale }) => void (stale?.includes("file") && damaged.add(image)) },
  );
  for await (const each of extracted) {
    const path = each.image;
    if ("tokens" in each) features.set(path, reduce(each.tokens));
    else failed.push({ path, reason: each.issue });
    const reason = "tokens" in each ? {} : { reason: each.issue };
    await onImage?.({ path, done: features.size + failed.length, of: images.length, ...reason, damaged: damaged.has(path) });
  }
  if (features.size > 0) return { features, failed };
  throw new S2Error(
    "image-broken",
    `None of the ${images.length} images could be used; expected at least one.${failed.length > 0 ? ` The first, ${failed[0].path}: ${failed[0].reason}` : ""}`,
  );
}

/** Refuses at the first image, not when all are done. */
function checkCoverage(tokens: ImageTokens): ImageTokens {
  if (!tokens.gridGeometry) return tokens;
  throw new S2Error(
    "rows",
    'The features cover a part of the image, which was cropped or padded, and segmentation, depth and counting need all of it; use fit "squash" or fit "keep".',
    { option: "fit" },
  );
}

/** The first prefix token, and the mean of the grid as its only token: a hundredth of the memory. */
function pooledTokens(tokens: ImageTokens): ImageTokens {
  const { channels, prefix, channelsPerScale, size } = tokens;
  const mean = imageVector(tokens, "mean");
  const data = new Float32Array(prefix > 0 ? 2 * channels : channels);
  if (prefix > 0) data.set(tokens.data.subarray(0, channels));
  data.set(mean, data.length - channels);
  return { data, channels, prefix: Math.min(1, prefix), grid: { rows: 1, cols: 1 }, channelsPerScale, size };
}
