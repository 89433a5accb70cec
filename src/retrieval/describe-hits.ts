/** `describeHits`: the result of a search as people read it. */
import type { Box } from "../core/index.ts";
import type { VectorHit } from "../tensors/index.ts";

/** Describes hits, the best first: score, image and, for regions, the box. */
export function describeHits(hits: readonly VectorHit[], asRegion: boolean): string[] {
  const region = ({ left, top, width, height }: Box) =>
    `  ${Math.round(left)},${Math.round(top)} ${Math.round(width)}x${Math.round(height)}`;
  if (hits.length === 0) return ["nothing else is in the index"];
  return hits.map(({ image, score, box }) => `${score.toFixed(3)}  ${image}${asRegion ? region(box) : ""}`);
}
