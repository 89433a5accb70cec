/** Two views made one: blended (mixup, arXiv 1710.09412), or a rectangle of one put into the other (CutMix, arXiv 1905.04899). */
import type { Random } from "../tensors/index.ts";
import type { View } from "./views.ts";

/** Either way as often; coarse and fine in the same way. The first view is changed. */
export function mixViews(first: View, second: View, side: number, random: Random): View {
  const share = random();
  const mix = random() < 0.5 ? blend(share) : cut(share, side, random);
  mix(first.coarse, second.coarse, 1);
  if (first.fine && second.fine) mix(first.fine, second.fine, 2);
  return first;
}

type Mix = (into: Uint8Array, from: Uint8Array, scale: number) => void;

const blend =
  (share: number): Mix =>
  (into, from) => {
    for (let i = 0; i < into.length; i++) into[i] = Math.round(into[i] + share * (from[i] - into[i]));
  };

/** A rectangle of the views' shape that covers `share` of them. */
function cut(share: number, side: number, random: Random): Mix {
  const size = Math.round(side * Math.sqrt(share));
  const [top, left] = [random(), random()].map((place) => Math.floor(place * (side - size + 1)));
  return (into, from, scale) => {
    for (let y = top * scale; y < (top + size) * scale; y++) {
      const [start, end] = [left, left + size].map((x) => (y * side + x) * scale * 3);
      into.set(from.subarray(start, end), start);
    }
  };
}
