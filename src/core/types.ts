/** Types of S²: tensors, models, options, plans. */

/** Plain data, row-major; structurally what onnxruntime's and transformers.js's float32 tensors are. Images are [b, c, h, w]. */
export interface Tensor {
  /** Sizes of the axes. */
  readonly dims: readonly number[];
  /** Values; their count is the product of `dims`. */
  readonly data: Float32Array;
}

/** Facts about a model; `s2` checks the plan against them before the model runs. */
export interface Traits {
  /** Image size that the model was trained for, in pixels: [height, width]. Absent: any size. */
  readonly imageSize?: readonly [height: number, width: number];
  /** Other tile sizes run too (position embeddings are interpolated); then another size is a warning, not an error. */
  readonly dynamicSize?: boolean;
  /** Pixels on a side of one token. */
  readonly patchSize?: number;
  /** Tokens of one tile of `imageSize`, where they are not its whole patches: models of stages may fill a tile up that is no multiple. */
  readonly tileGrid?: readonly [rows: number, cols: number];
  /** Tokens before the grid: [CLS], registers. */
  readonly prefixTokens?: number;
  /** Tokens [b, n, c], or a feature map [b, c, h, w]. */
  readonly layout?: "bnc" | "bchw";
  /** The most images that one run takes. */
  readonly maxBatch?: number;
  /** Channels of one token. */
  readonly channels?: number;
  /** Multiply-adds of one tile of `imageSize`. */
  readonly multiplyAdds?: number;
}

/** Any function from images [b, c, h, w] to tokens [b, n, c] or maps [b, c, h, w]; with `traits`, plans are checked against them. */
export interface VisionModel {
  (images: Tensor): Tensor | Promise<Tensor>;
  /** Facts that plans are checked against. */
  readonly traits?: Traits;
  /** Runs a plan from the images to the fused features on the model's device; gives nothing where it cannot run this plan. @internal */
  readonly runOnDevice?: (plan: S2Plan, images: SourceImages) => Promise<DeviceFeatures | undefined>;
}

/** Images before they are resized: the floats of `s2`, or an image's bytes [height, width, 3]. @internal */
export type SourceImages =
  | { readonly kind: "floats"; readonly images: Tensor }
  | {
      readonly kind: "bytes";
      readonly width: number;
      readonly height: number;
      readonly data: Uint8Array;
      /** Pillow's filter that resizes the bytes; then (value · rescale - mean) / std. */
      readonly preprocessing: {
        readonly filter: "bicubic" | "bilinear" | "lanczos" | "box";
        readonly rescale: number;
        readonly mean: readonly number[];
        readonly std: readonly number[];
      };
    };

/** A rectangle in pixels of the image that was given; edges may be fractional. */
export interface Box {
  /** Left edge. */
  readonly left: number;
  /** Top edge. */
  readonly top: number;
  /** Pixels across. */
  readonly width: number;
  /** Pixels down. */
  readonly height: number;
}

/** See `S2Options.splitMode`. @internal */
export type SplitMode = "exact" | "resize" | "pad" | "cover";
/** See `S2Options.fusion`. @internal */
export type FusionMode = "reference" | "aligned" | "bilinear";

/** Options of S². The names are the reference's (`s2wrapper.forward`) in camelCase. */
export interface S2Options {
  /** Multiples of the image's size, cut to whole pixels; exactly one of `scales` and `imgSizes`. */
  scales?: readonly number[];
  /** Sizes in pixels: a side, or [height, width]. */
  imgSizes?: readonly (number | readonly [height: number, width: number])[];
  /** Largest side of a tile; the model's size. Default: the image's own size. */
  maxSplitSize?: number | readonly [height: number, width: number];
  /**
   * "exact" (default, the reference's main branch): each size is cut into equal tiles.
   * "resize" and "pad" (its any-shape branch): tiles are exactly `maxSplitSize`; the image is stretched or zero-padded to a whole number of them.
   * "cover": tiles are exactly `maxSplitSize` and share tokens, blended, where no whole number of them fills the image; sizes are whole tokens.
   */
  splitMode?: SplitMode;
  /** The scale whose token grid is the output's; negative counts from the end. Default 0. */
  resizeOutputToIdx?: number;
  /** The same by name: the scale of fewest or of most pixels; in place of `resizeOutputToIdx`. */
  outputScale?: "coarsest" | "finest";
  /** Tokens before the grid ([CLS], registers); averaged over a scale's tiles. Default 0. */
  numPrefixToken?: number;
  /** Tokens (default) or feature maps; must be what the model gives. */
  outputShape?: "bnc" | "bchw";
  /** Images per run of the model: `true` = one tile position of the whole batch, a number = that many; default: a scale at once. */
  splitForward?: boolean | number;
  /** Merges scales: "concat" on channels (default, the paper's), "add" (its ablation) or "mean". */
  merge?: "concat" | "add" | "mean";
  /** Filter before shrinking when a scale is smaller than the image; the reference does not. Default false. */
  antialias?: boolean;
  /** Tokens that neighboring tiles share at least, blended by distance from the tile's border. Default 0. */
  overlap?: number;
  /**
   * Brings scales onto the output's grid: as the reference (default), "aligned" by area in continuous image coordinates, or "bilinear", which is
   * "aligned" where a scale is finer than the output and bilinear (half-pixel centers, as torch's `interpolate`) where it is coarser.
   */
  fusion?: FusionMode;
  /** Stops before the next run of the model. */
  signal?: AbortSignal;
  /** Called after each run: tiles done (of one image), tiles in all, index of the scale. */
  onProgress?: (done: { tiles: number; of: number; scale: number }) => void;
  /** Called when a scale is ready: its index and its features on the output's grid, before they are merged. */
  onScale?: (scale: number, features: Tensor) => void;
}

/** Options of Dynamic S² (NVILA): square grids for all scales but the last, whose grid follows the image's shape. */
export interface DynamicS2Options extends Omit<S2Options, "scales" | "imgSizes" | "splitMode"> {
  /** Sides in pixels, rising, multiples of the first: 448, 896, 1344. Only their ratios count when `tile` is given. */
  scales: readonly number[];
  /** Side of a tile in pixels; default `scales[0]`. */
  tile?: number;
  /** Most tiles of the last scale. */
  maxTiles: number;
  /** "log-ratio" (default) treats an image and the turned image alike; "nvila" is exact to NVILA's code. */
  gridChoice?: "log-ratio" | "nvila";
}

/** Features that were fused on the model's device, and the token grid of a tile of the output's scale. @internal */
export interface DeviceFeatures {
  readonly features: Tensor;
  readonly tileGrid: { readonly rows: number; readonly cols: number };
}

/** One scale of a plan. Sizes and starts are pixels of the scaled image, boxes are pixels of the image that was given. */
export interface ScalePlan {
  /** The image is resized to this. */
  readonly size: readonly [height: number, width: number];
  /** Size that the tiles are cut from: `size`, then padded ("pad") or resized once more ("resize"). */
  readonly canvas: readonly [height: number, width: number];
  /** Zeros at the bottom and at the right of `size` within `canvas`. */
  readonly padding: readonly [bottom: number, right: number];
  /** Rows of tiles. */
  readonly rows: number;
  /** Columns of tiles. */
  readonly cols: number;
  /** Size of each tile. */
  readonly tile: readonly [height: number, width: number];
  /** Top of each row of tiles in the canvas; spaced by `tile` unless tiles overlap. */
  readonly rowStarts: readonly number[];
  /** Left of each column of tiles in the canvas. */
  readonly colStarts: readonly number[];
  /** Area of the image that each tile covers, row by row. */
  readonly tiles: readonly Box[];
  /** The detail of each tile, where tiles of little detail are skipped: see `ImagePlanOptions.minDetail`. */
  readonly detail?: readonly number[];
  /** Positions in `tiles` of those that are not run: their tokens are those of the scale before, enlarged bilinearly. */
  readonly skipped?: readonly number[];
  /** Token grid of this scale after stitching and cropping; known when the model's patch size is. */
  readonly grid?: { readonly rows: number; readonly cols: number };
  /** Channels [from, to) of the output that this scale fills; known when the model's channels are. */
  readonly channels?: readonly [from: number, to: number];
}

/** Tiles and settings of a run as plain JSON: made by `planS2` or `planDynamicS2`, run by `s2`. */
export interface S2Plan {
  /** Size of the image. */
  readonly image: readonly [height: number, width: number];
  /** Area of the image that the scales cover; absent: all of it. */
  readonly region?: Box;
  /** Scales in channel order. */
  readonly scales: readonly ScalePlan[];
  /** Tiles that the model runs on, per image. */
  readonly tiles: number;
  /** Index of the scale whose grid is the output's. */
  readonly outputScale: number;
  /** Token grid of the output; known when the model's patch size is. */
  readonly outputGrid?: { readonly rows: number; readonly cols: number };
  /** Multiply-adds per image; known when the model says its cost. */
  readonly multiplyAdds?: number;
  /** See `S2Options.splitMode`. */
  readonly splitMode: SplitMode;
  /** See `S2Options.numPrefixToken`. */
  readonly numPrefixToken: number;
  /** See `S2Options.outputShape`. */
  readonly outputShape: "bnc" | "bchw";
  /** See `S2Options.splitForward`. */
  readonly splitForward: boolean | number;
  /** See `S2Options.merge`. */
  readonly merge: "concat" | "add" | "mean";
  /** Antialiases never (the reference), when shrinking, or always (Pillow's filter, as NVILA). */
  readonly antialias: "never" | "shrinking" | "always";
  /** See `S2Options.overlap`. */
  readonly overlap: number;
  /** See `S2Options.fusion`. */
  readonly fusion: FusionMode;
  /** Warnings where the plan does what few expect. */
  readonly warnings: readonly PlanWarning[];
}

/** Says where a plan does what few expect; docs/errors.md lists the codes. */
export interface PlanWarning {
  /** Stable code. */
  readonly code: string;
  /** A sentence with the consequence and the way out. */
  readonly message: string;
  /** Names of the options that `message` contains. */
  readonly option?: string | readonly string[];
}
