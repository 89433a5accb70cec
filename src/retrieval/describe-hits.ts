/** `describeHits`: the result of a search as people read it. */
import type { Box } from "../core/index.ts";
import type { VectorHit } from "../tensors/index.ts";

/** Describes hits, the best first: score, image and, for regions, the box, in columns. */
export function describeHits(hits: readonly VectorHit[], asRegion: boolean): string[] {
  if (hits.length === 0) return ["nothing else is in the index"];
  const width = asRegion ? Math.max(...hits.map(({ image }) => image.length)) : 0;
  return hits.map(({ image, score, box }) =>
    [score.toFixed(3), image.padEnd(width), ...(asRegion ? [describeBox(box)] : [])].join("  "),
  );
}

/** Returns a box as "left,top widthxheight" in whole pixels. */
export const describeBox = ({ left, top, width, height }: Box): string =>
  `${Math.round(left)},${Math.round(top)} ${Math.round(width)}x${Math.round(height)}`;
