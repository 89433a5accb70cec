/** The data that S² speaks of: tensors, models, options, plans. Nothing here runs. */

/** Plain data, row-major; structurally what onnxruntime's and transformers.js's float32 tensors are. Images are [b, c, h, w]. */
export interface Tensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** What a model says of itself; `s2` checks the plan against it before the model runs. */
export interface Traits {
  /** The tile that the model was made for, in pixels: [height, width]. Absent: any size is as good as another. */
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
  readonly traits?: Traits;
}

/** A rectangle in pixels of the image that was given; edges may be fractional. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** How S² looks at an image. The names are the reference's (`s2wrapper.forward`) in camelCase. */
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
   */
  splitMode?: "exact" | "resize" | "pad";
  /** The scale whose token grid is the output's; negative counts from the end. Default 0. */
  resizeOutputToIdx?: number;
  /** Tokens before the grid ([CLS], registers); averaged over a scale's tiles. Default 0. */
  numPrefixToken?: number;
  /** Tokens (default) or feature maps; must be what the model gives. */
  outputShape?: "bnc" | "bchw";
  /** Images per run of the model: `true` = one tile position of the whole batch, a number = that many; default: a scale at once. */
  splitForward?: boolean | number;
  /** How scales are joined: on channels (default, the paper's), or summed (its ablation), or averaged. */
  merge?: "concat" | "add" | "mean";
  /** Filter before shrinking when a scale is smaller than the image; the reference does not. Default false. */
  antialias?: boolean;
  /** Tokens that neighboring tiles share at least, blended by distance from the tile's border. Default 0. */
  overlap?: number;
  /** How scales are pooled onto the output's grid: as the reference (default), or "aligned" in continuous image coordinates. */
  fusion?: "reference" | "aligned";
  /** Stops before the next run of the model. */
  signal?: AbortSignal;
  /** Called after each run: tiles done (of one image), tiles in all, index of the scale. */
  onProgress?: (done: { tiles: number; of: number; scale: number }) => void;
  /** Called when a scale is ready: its index and its features on the output's grid, before they are merged. */
  onScale?: (scale: number, features: Tensor) => void;
}

/** How Dynamic S² (NVILA) looks at an image: square grids for all scales but the last, whose grid follows the image's shape. */
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

/** One scale of a plan. Sizes and starts are pixels of the scaled image, boxes are pixels of the image that was given. */
export interface ScalePlan {
  /** The image is resized to this. */
  readonly size: readonly [height: number, width: number];
  /** What the tiles are cut from: `size`, then padded ("pad") or resized once more ("resize"). */
  readonly canvas: readonly [height: number, width: number];
  /** Zeros at the bottom and at the right of `size` within `canvas`. */
  readonly padding: readonly [bottom: number, right: number];
  readonly rows: number;
  readonly cols: number;
  readonly tile: readonly [height: number, width: number];
  /** Top of each row and left of each column of tiles in the canvas; evenly spaced by `tile` unless tiles overlap. */
  readonly rowStarts: readonly number[];
  readonly colStarts: readonly number[];
  /** Row by row: the part of the image that each tile sees. */
  readonly tiles: readonly Box[];
  /** Token grid of this scale after stitching and cropping; known when the model's patch size is. */
  readonly grid?: { readonly rows: number; readonly cols: number };
  /** Channels [from, to) of the output that this scale fills; known when the model's channels are. */
  readonly channels?: readonly [from: number, to: number];
}

/** Which tiles there are and what becomes of them: plain JSON, made by `planS2` or `planDynamicS2`, run by `s2`. */
export interface S2Plan {
  readonly image: readonly [height: number, width: number];
  /** The part of the image that the scales show; absent: all of it. */
  readonly region?: Box;
  readonly scales: readonly ScalePlan[];
  /** Tiles in all, per image. */
  readonly tiles: number;
  /** Index of the scale whose grid is the output's. */
  readonly outputScale: number;
  readonly outputGrid?: { readonly rows: number; readonly cols: number };
  /** Multiply-adds per image; known when the model says its cost. */
  readonly multiplyAdds?: number;
  readonly splitMode: "exact" | "resize" | "pad";
  readonly numPrefixToken: number;
  readonly outputShape: "bnc" | "bchw";
  readonly splitForward: boolean | number;
  readonly merge: "concat" | "add" | "mean";
  /** When resizing is antialiased: never (the reference), when shrinking, or always (Pillow's filter, as NVILA). */
  readonly antialias: "never" | "shrinking" | "always";
  readonly overlap: number;
  readonly fusion: "reference" | "aligned";
  readonly warnings: readonly PlanWarning[];
}

/** Says where a plan does what few expect; docs/errors.md lists the codes. */
export interface PlanWarning {
  readonly code: string;
  readonly message: string;
  /** Names of the options that `message` contains. */
  readonly option?: string | readonly string[];
}
