/** Options by the use that features are put to. */

export const PRESETS = {
  /** Masks, depth, places: all scales in the image's own shape, on the grid of the finest; measured in docs/decisions/0019-whole-image-first.md. */
  dense: { scales: [1, 2, 3], fit: "keep", splitMode: "cover", fusion: "bilinear", outputScale: "finest" },
} as const;
