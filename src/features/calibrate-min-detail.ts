/** From example images to a threshold: the `minDetail` at which they run a given fraction of their tiles. */
import { badOption } from "../core/index.ts";
import { imagenet, type Photo } from "../images/index.ts";
import type { ExtractOptions, ImageModel } from "./extract.ts";
import { explicitOptions, planImage } from "./plan-image.ts";
import { scalePixels } from "./scale-pixels.ts";

/**
 * Returns the `minDetail` at which these images, all together, run the fraction `tileFraction` of their tiles. With `tileFraction` alone every image runs as many
 * tiles as any other; with a threshold, images of much detail run more and flat ones fewer. Images are resized as by `extract` with these options;
 * the model does not run. The first scale always runs, so a smaller fraction than its own gives a threshold above all details.
 * @throws S2Error "option" without images or where `tileFraction` is not between 0 and 1, and those of `planImage`.
 */
export async function calibrateMinDetail(
  model: Pick<ImageModel, "traits" | "preprocessing">,
  images: Iterable<Photo> | AsyncIterable<Photo>,
  options: ExtractOptions,
): Promise<number> {
  const { preprocessing = model.preprocessing ?? imagenet, ...rest } = options;
  const { tileFraction, ...others } = explicitOptions(rest);
  if (!(tileFraction! > 0 && tileFraction! < 1))
    throw badOption("option", "tileFraction", tileFraction, "a fraction above 0 and below 1");
  const details: number[] = [];
  let all = 0;
  for await (const image of images) {
    const { scales } = planImage(image, { ...others, minDetail: Number.MIN_VALUE }, model.traits, (plan, index) =>
      scalePixels(image, plan, index, preprocessing.filter),
    );
    for (const { tiles, detail = [] } of scales) {
      all += tiles.length;
      details.push(...detail);
    }
  }
  if (all === 0) throw badOption("option", "images", 0, "at least one image");
  const rising = details.sort((a, b) => a - b);
  const skipped = Math.ceil((1 - tileFraction!) * all);
  if (rising.length === 0) return 0;
  return rising[skipped] ?? Number((rising[rising.length - 1] + 0.001).toFixed(3)); // details have three decimals
}
