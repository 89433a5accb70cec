/** Options by the use that features are put to; measured in docs/decisions/0019-whole-image-first.md. */

export const PRESETS = {
  /** Masks, depth, places: all scales in the image's own shape, on the grid of the finest. */
  dense: { scales: [1, 2, 3], fit: "keep", splitMode: "cover", fusion: "bilinear", outputScale: "finest" },
  /** Classes, search by whole images: the image's own shape within the square of 2x, 5 tiles at most. */
  global: { scales: [1, 2], fit: "within", fusion: "bilinear" },
} as const;
