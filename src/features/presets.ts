/** Options by the use that features are put to, measured in docs/decisions/0018-whole-image-first.md. */

export const PRESETS = {
  /** Masks, depth, places: the grid of the finest scale, half of the tiles. */
  dense: { scales: [1, 2, 3], fit: "whole", fusion: "bilinear", outputScale: "finest", tileShare: 0.5 },
  /** Classes and search by whole images. */
  global: { scales: [1, 2], fit: "whole", fusion: "bilinear" },
} as const;
