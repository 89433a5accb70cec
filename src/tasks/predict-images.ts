/** `predictImages`: the predictions of a saved head for many images. */
import type { OpenGraph } from "../onnx/index.ts";
import { type ExtractedImage, type ExtractImagesOptions, extractImages } from "../store/index.ts";
import { openPredictor, type Prediction } from "./predict.ts";
import { checkHeadModel, type SavedHead } from "./saved-head.ts";

/** The head's model and how images are read; the extraction config is the head's. */
export interface PredictImagesOptions extends Omit<ExtractImagesOptions, "extraction"> {
  /** Runs the head's graph: `openGraph` of "s2-vision/node" or "s2-vision/web". */
  readonly openGraph: OpenGraph;
}

/** An image's prediction, or the reason why there is none. */
export type PredictedImage =
  | { readonly image: string; readonly prediction: Prediction }
  | Exclude<ExtractedImage, { readonly tokens: unknown }>;

/**
 * Yields the predictions of a saved head for images, in their order; one that fails is reported and does not stop the others.
 * @throws S2Error "head" when the model is not the one that the head was fitted with.
 */
export async function* predictImages(
  head: SavedHead,
  images: readonly string[],
  { openGraph, ...options }: PredictImagesOptions,
): AsyncGenerator<PredictedImage> {
  checkHeadModel(head, options);
  const opened = await openPredictor(head, openGraph);
  try {
    for await (const each of extractImages(images, { ...options, extraction: head.features.extraction }))
      yield "tokens" in each ? { image: each.image, prediction: await opened.predict(each.tokens) } : each;
  } finally {
    await opened.close();
  }
}
