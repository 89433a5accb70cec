/** `extractMany`: features of many images in memory, in their order, several under way at once. */
import { badOption } from "../../core/index.ts";
import { type ExtractOptions, extractImage, type Features, type ImageModel, planImage } from "../../features/index.ts";
import { type ImageSource, isPhoto, type Photo } from "../../images/index.ts";
import { imagesAhead } from "../../store/index.ts";
import { loadImage } from "./load-image.ts";

/** Options of `extractMany`: those of `extract`, without hooks, which several images would call at once. */
export interface ExtractManyOptions extends Omit<ExtractOptions, "onProgress" | "onScale"> {
  /** Number of images under way: while the model runs on one, the next are decoded and cut. Default 3 on the CPU, 9 on a device. */
  readonly concurrency?: number;
}

/**
 * Extracts features of images, each as `extract` takes it, and yields them in the order of `images`, which may be a stream: at most
 * `concurrency` are read ahead. An image that fails is yielded with its error and stops no other.
 * @throws S2Error "option" and those of `planImage` for options that fit no image; the signal's own reason.
 */
export async function* extractMany<Image extends ImageSource | Photo>(
  model: ImageModel,
  images: Iterable<Image> | AsyncIterable<Image>,
  { concurrency = imagesAhead(model) + 1, ...options }: ExtractManyOptions = {},
): AsyncGenerator<{ readonly image: Image; readonly features: Features } | { readonly image: Image; readonly error: unknown }> {
  if (!(Number.isInteger(concurrency) && concurrency > 0))
    throw badOption("option", "concurrency", concurrency, "a whole number from 1");
  const { signal, preprocessing: _, ...scales } = options;
  planImage({ height: 1024, width: 1024 }, scales, model.traits); // options that a square image refuses fit no image
  const work = async (image: Image) => extractImage(model, isPhoto(image) ? image : await loadImage(image, { signal }), options);
  const under: { image: Image; features: Promise<Features> }[] = [];
  const take = async function* () {
    const { image, features } = under.shift()!;
    try {
      yield { image, features: await features };
    } catch (error) {
      signal?.throwIfAborted();
      yield { image, error };
    }
  };
  for await (const image of images) {
    signal?.throwIfAborted();
    const features = work(image);
    features.catch(() => {}); // awaited in its turn, if that comes
    under.push({ image, features });
    if (under.length >= concurrency) yield* take();
  }
  while (under.length > 0) yield* take();
}
