/** Mixtures of two views: blended (mixup, arXiv 1710.09412), or a rectangle of one put into the other (CutMix, arXiv 1905.04899). */
import type { Random } from "../tensors/index.ts";
import type { View } from "./views.ts";

/** Mixes the second view into the first, either way with the same probability, coarse and fine alike. */
export function mixViews(first: View, second: View, side: number, random: Random): View {
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
