/** Views that are mixtures of two images: a student that matches its teacher on them learns more from few images (Beyer et al., arXiv 2106.05237, §3). */
import type { Pixels } from "../images/index.ts";
import type { Random } from "../tensors/index.ts";
import { drawView, type View, type ViewOptions } from "./views.ts";

/** Images and views that mixtures are drawn from. */
interface MixedOptions {
  readonly images: readonly string[];
  readonly load: (image: string) => Promise<Pixels>;
  readonly view: ViewOptions;
  /** Fraction of views that are mixtures. */
  readonly mixed: number;
}

/** Draws a view of an image, or a mixture of that with a view of any other. */
export async function drawMixedView(image: string, { images, load, view, mixed }: MixedOptions, random: Random): Promise<View> {
  const first = drawView(await load(image), view, random);
  if (mixed === 0 || random() >= mixed) return first;
  const other = await load(images[Math.floor(random() * images.length)]).catch(() => undefined); // reported when its own turn comes
  return other ? mixViews(first, drawView(other, view, random), view.side, random) : first;
}

/**
 * Mixes the second view into the first, coarse and fine alike: blended (mixup, arXiv 1710.09412), or a rectangle replaced (CutMix,
 * arXiv 1905.04899), with the same probability.
 */
function mixViews(first: View, second: View, side: number, random: Random): View {
  const fraction = random();
  const mix = random() < 0.5 ? blend(fraction) : cut(fraction, side, random);
  mix(first.coarse, second.coarse, 1);
  if (first.fine && second.fine) mix(first.fine, second.fine, 2);
  return first;
}

type Mix = (into: Uint8Array, from: Uint8Array, scale: number) => void;

/** Averages the pixels. */
const blend =
  (fraction: number): Mix =>
  (into, from) => {
    for (let i = 0; i < into.length; i++) into[i] = Math.round(into[i] + fraction * (from[i] - into[i]));
  };

/** Replaces a rectangle of the views' shape that covers `fraction` of them. */
function cut(fraction: number, side: number, random: Random): Mix {
  const size = Math.round(side * Math.sqrt(fraction));
  const [top, left] = [random(), random()].map((position) => Math.floor(position * (side - size + 1)));
  return (into, from, scale) => {
    for (let y = top * scale; y < (top + size) * scale; y++) {
      const [start, end] = [left, left + size].map((x) => (y * side + x) * scale * 3);
      into.set(from.subarray(start, end), start);
    }
  };
}
