/** `exportHead`: a model, S² and a fitted head as one ONNX file from an image's bytes to its prediction. */
import { S2Error, type S2Plan, type Traits, withGrid } from "../core/index.ts";
import { explicitOptions, imageTokens, makeFeatures, planImage } from "../features/index.ts";
import { classOutputs, denseOutputs, type FeatureHead, type Outputs, type TokenLayout } from "../heads/index.ts";
import { imagenet, type Preprocessing } from "../images/index.ts";
import { type ExportPlanOptions, exportPlan } from "../models/index.ts";
import { embeddedTraits, type ModelProto, metadataOf, readOnnx, type ShapedValue, writeOnnx } from "../onnx/index.ts";
import type { ExtractionConfig } from "../store/index.ts";
import type { TaskHead } from "./fit.ts";
import type { SavedHead } from "./saved-head.ts";

/** The part of a saved head that goes into the file. */
export type ExportedHead = TaskHead &
  Pick<SavedHead, "fitted"> & { readonly features: Pick<SavedHead["features"], "extraction"> };

/** Options of `exportHead`; traits and preprocessing are those of the loaded model. */
export interface ExportHeadOptions extends Pick<ExportPlanOptions, "output" | "dtype" | "compute"> {
  /** The `traits` of the loaded model. */
  readonly traits: Traits;
  /** Rescaling and normalization of the pixels; default ImageNet's, as in `extract`. */
  readonly preprocessing?: Preprocessing;
  /** Size of the images that the file takes: a side, or [height, width]. Default: the largest scale of the head's extraction, as a square. */
  readonly imageSize?: number | readonly [height: number, width: number];
  /** Tiles per run of the model; default a scale at once. */
  readonly splitForward?: number;
}

/**
 * Writes one ONNX file around a model's ONNX file. Input: `pixels`, uint8 [batch, height, width, 3] in RGB. Outputs by task: `scores` [batch, classes] and
 * `class`, int32 [batch]; `mask`, uint8 [batch, height, width]; `depth`, meters [batch, height, width]; or `counts` and `presence` [batch, classes] and
 * `locations` [batch, rows, cols, classes]. They equal `predictImages` on images of that size, and images of other sizes are resized before. The
 * metadata has `s2.task`, `s2.labels` (JSON), `s2.head` and `s2.plan`.
 * @throws S2Error "option" for a head whose tiles are skipped by content; "head" for a damaged head; "rows" for another model than the head's, or
 * cropped or padded images; those of `planImage` and `exportS2`.
 */
export function exportHead(model: Uint8Array, head: ExportedHead, options: ExportHeadOptions): Uint8Array {
  return writeOnnx(exportHeadProto(readOnnx(model), head, options).file);
}

/** `exportHead` of a file that has been read, before it is written, and the plan of its images. */
export function exportHeadProto(
  model: ModelProto,
  head: ExportedHead,
  options: ExportHeadOptions,
): { readonly file: ModelProto; readonly plan: S2Plan } {
  const { traits, preprocessing = imagenet, splitForward = 0, imageSize: _, output = namedOutput(model), ...others } = options;
  const plan = { ...planOf(head, options), splitForward: splitForward > 0 && splitForward };
  const file = exportPlan(model, plan, {
    ...{ traits, preprocessing, output, ...others },
    metadata: { "s2.task": head.task, "s2.labels": JSON.stringify(head.classes), "s2.head": head.fitted },
    outputs: (tokens, tileGrid) => outputsOf(head, tokens, layoutOf(tokens, plan, tileGrid)),
  });
  return { file, plan };
}

/** Returns the output that the file's metadata names as its features, as `loadModel` takes it. */
function namedOutput(model: ModelProto): string | undefined {
  const { output } = embeddedTraits(metadataOf(model));
  return model.graph.output?.some(({ name }) => name === output) ? output : undefined;
}

function planOf({ features: { extraction } }: ExportedHead, { imageSize, traits }: ExportHeadOptions): S2Plan {
  const { minDetail = 0, tileFraction = 1 } = extraction;
  if (minDetail > 0 || tileFraction < 1)
    throw new S2Error(
      "option",
      "The head's features skip tiles by what each image shows (minDetail or tileFraction), and a file runs the same tiles for every image; fit a head without them to export it.",
    );
  const size = imageSize ?? largestScale(extraction, traits);
  const [height, width] = typeof size === "number" ? [size, size] : size;
  return planImage({ height, width }, extraction, traits);
}

/** Returns the largest scale of an extraction as a square, [side, side], or a size that it names. */
function largestScale(extraction: ExtractionConfig, traits: Traits): readonly [height: number, width: number] {
  const { scales = [], imgSizes = [], maxSplitSize, maxTiles } = explicitOptions(extraction);
  const tile = maxSplitSize ?? traits.imageSize ?? 224;
  const [height, width] = typeof tile === "number" ? [tile, tile] : tile;
  const pixels = maxTiles !== undefined && scales[0] !== 1; // sides of Dynamic S²
  const factors = pixels ? [] : scales;
  const sizes = [
    ...factors.map((scale) => [Math.round(height * scale), Math.round(width * scale)] as const),
    ...[...(pixels ? scales : []), ...imgSizes].map((size) => (typeof size === "number" ? ([size, size] as const) : size)),
  ];
  return sizes.reduce((most, size) => (size[0] * size[1] > most[0] * most[1] ? size : most), sizes[0] ?? [height, width]);
}

/** Facts about the tokens, as a prediction has them. */
function layoutOf(tokens: ShapedValue, plan: S2Plan, tileGrid: { rows: number; cols: number }): TokenLayout {
  const empty = { dims: [1, 0, tokens.dims[2] as number], data: new Float32Array(0) };
  return imageTokens(makeFeatures(withGrid(plan, empty, tileGrid), plan));
}

function outputsOf({ task, pooling, ...head }: ExportedHead, tokens: ShapedValue, layout: TokenLayout): Outputs {
  const fitted = head as unknown as FeatureHead;
  return task === "classification"
    ? classOutputs(fitted, tokens, layout, pooling ?? "mean")
    : denseOutputs(fitted, tokens, layout);
}
