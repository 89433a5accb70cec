/** Heads as the end of a larger graph: from the tokens of images to scores, masks, depths or counts. */
import { resize, S2Error } from "../core/index.ts";
import type { ImageTokens, Pooling } from "../features/index.ts";
import {
  Cast,
  Concat,
  constant,
  Div,
  Equal,
  Exp,
  Gather,
  MatMul,
  Max,
  Mul,
  node,
  ReduceL2,
  ReduceMean,
  ReduceSum,
  Reshape,
  type ShapedValue,
  Slice,
  Softmax,
  Sub,
  Transpose,
  Unsqueeze,
} from "../onnx/index.ts";
import { checkDepth, type DepthHead, depthRows } from "./depth.ts";
import type { FeatureHead } from "./head.ts";
import { linearRows } from "./linear.ts";
import { checkNeighbors, type NeighborsHead } from "./neighbors.ts";
import { checkObjects, type ObjectsHead, objectRows } from "./objects.ts";
import { checkProbe, type ProbeHead, probeRows } from "./probe.ts";
import { checkPrototypes, type PrototypesHead, prototypeScores } from "./prototypes.ts";
import { checkSegmentation, type SegmentationHead } from "./segmentation.ts";
import { gridFeatures } from "./tokens.ts";

/** Outputs of a graph by name. */
export type Outputs = Readonly<Record<string, ShapedValue>>;

/** Facts about the images of a graph: those of `ImageTokens` but for the values. */
export type TokenLayout = Omit<ImageTokens, "data">;

/**
 * Adds a classifier to the graph of tokens [batch, n, channels]: `scores` [batch, classes] and `class`, int32 [batch].
 * @throws S2Error "head" for a damaged head or one of another kind, "rows" for tokens of other scales.
 */
export function classOutputs(head: FeatureHead, tokens: ShapedValue, layout: TokenLayout, pooling: Pooling): Outputs {
  const vectors = pooled(tokens, layout, pooling);
  const scales = layout.channelsPerScale.map((width) => (pooling === "cls+mean" ? 2 * width : width));
  if (String(scales) !== String(head.channelsPerScale))
    throw new S2Error(
      "rows",
      `The model gives scales of [${scales.join(", ")}] channels, and the head is of [${head.channelsPerScale.join(", ")}]; export with the model that the head was fitted with.`,
    );
  const scores = classScores(head, vectors);
  return { scores, class: largest(scores, 1, "int32") };
}

function classScores(head: FeatureHead, vectors: ShapedValue): ShapedValue {
  if (head.kind === "neighbors") return neighborScores(head as NeighborsHead, vectors);
  if (head.kind === "prototypes") {
    const prototypes = head as PrototypesHead;
    checkPrototypes(prototypes);
    const { center } = prototypes.tensors;
    const centered = Sub(vectors, constant(vectors.graph, "float32", [1, ...center.dims], center.data, "center"));
    return prototypeScores(prototypes, unitRows(centered, head.channelsPerScale));
  }
  checkProbe(head as ProbeHead);
  return probeRows(head as ProbeHead, vectors);
}

/** One vector for each image, as `imageVector` makes it: [batch, channels]. */
function pooled(tokens: ShapedValue, { channels, prefix, channelsPerScale }: TokenLayout, pooling: Pooling): ShapedValue {
  if (pooling !== "mean" && prefix === 0)
    throw new S2Error("option", `The pooling "${pooling}" needs a [CLS] token, and these features have none.`);
  const [batch] = tokens.dims;
  const cls = () => Reshape(Slice(tokens, 0, 1, 1), [batch, channels]);
  if (pooling === "cls") return cls();
  const mean = ReduceMean(Slice(tokens, prefix, Number.POSITIVE_INFINITY, 1), [1], { keepdims: 0 });
  if (pooling === "mean") return mean;
  const pair = [cls(), mean].map((vector) => byScale(vector, channelsPerScale));
  return Concat(
    channelsPerScale.flatMap((_, scale) => pair.map((vectors) => vectors[scale])),
    1,
  );
}

function byScale(rows: ShapedValue, channelsPerScale: readonly number[]): ShapedValue[] {
  let from = 0;
  return channelsPerScale.map((width) => Slice(rows, from, (from += width), 1));
}

/** Shorter vectors count as zeros. */
const SHORTEST = 1e-30;

/** Rows as `unitFeatures` makes them: the channels of each scale of length 1 / √scales. */
function unitRows(rows: ShapedValue, channelsPerScale: readonly number[]): ShapedValue {
  const unit = byScale(rows, channelsPerScale).map((scale) => Div(scale, Max(ReduceL2(scale, [1]), SHORTEST)));
  return Mul(Concat(unit, 1), 1 / Math.sqrt(channelsPerScale.length));
}

/** The votes of the k nearest rows: a softmax over their cosines, summed by class. */
function neighborScores(head: NeighborsHead, vectors: ShapedValue): ShapedValue {
  checkNeighbors(head);
  const { graph, dims } = vectors;
  const { classes, channelsPerScale, k, temperature, tensors } = head;
  const rows = { weight: tensors.rows, bias: { dims: tensors.labels.dims, data: new Float32Array(tensors.labels.data.length) } };
  const cosines = linearRows(unitRows(vectors, channelsPerScale), rows);
  const [nearest, index] = node(
    "TopK",
    [cosines, constant(graph, "int64", [1], BigInt64Array.of(BigInt(k)))],
    {},
    { outputs: 2 },
  );
  const shape = [dims[0], k];
  const votes = Softmax(Mul({ ...nearest, type: "float32", dims: shape }, 1 / temperature));
  const labels = constant(graph, "int64", tensors.labels.dims, BigInt64Array.from(tensors.labels.data, BigInt), "labels");
  const voted = Gather(labels, { ...index, type: "int64", dims: shape } as ShapedValue); // [batch, k]
  const ids = constant(graph, "int64", [1, 1, classes.length], BigInt64Array.from(classes.keys(), BigInt));
  const isOf = Cast(Equal(Unsqueeze(voted, [2]), ids), "float32"); // [batch, k, classes]
  return ReduceSum(Mul(isOf, Unsqueeze(votes, [2])), [1], { keepdims: 0 });
}

const largest = (scores: ShapedValue, axis: number, type: "int32" | "uint8"): ShapedValue =>
  Cast(node("ArgMax", [scores], { axis, keepdims: 0 })[0], type);

/**
 * Adds a head that predicts at every location: `mask`, uint8 [batch, height, width] of class ids; `depth`, float32 [batch, height, width] in
 * meters; or `counts` and `presence` [batch, classes] and `locations` [batch, rows, cols, classes].
 * @throws S2Error "head" for a damaged head, "rows" for tokens of other scales, or of images that are cropped or padded.
 */
export function denseOutputs(head: FeatureHead, tokens: ShapedValue, layout: TokenLayout): Outputs {
  const { grid, size } = layout;
  const [batch] = tokens.dims;
  const cells = grid.rows * grid.cols;
  gridFeatures({ ...layout, prefix: 0, data: new Float32Array(cells * layout.channels) }, head.channelsPerScale); // for its errors
  const patches = layout.prefix > 0 ? Slice(tokens, layout.prefix, Number.POSITIVE_INFINITY, 1) : tokens;
  const rows = Reshape(patches, [-1, layout.channels]);
  if (head.kind === "segmentation") {
    const { classes, tensors } = head as SegmentationHead;
    checkSegmentation(head as SegmentationHead);
    const scores = Reshape(linearRows(rows, tensors), [-1, grid.rows, grid.cols, classes.length]);
    return { mask: named(largest(enlarged(Transpose(scores, [0, 3, 1, 2]), layout), 1, "uint8"), [batch, ...size]) };
  }
  if (head.kind === "depth") {
    checkDepth(head as DepthHead);
    const meters = Reshape(depthRows(head as DepthHead, rows), [-1, grid.rows, grid.cols]);
    return { depth: named(enlarged(meters, layout), [batch, ...size]) };
  }
  const { classes } = head as ObjectsHead;
  checkObjects(head as ObjectsHead);
  const locations = Reshape(objectRows(head as ObjectsHead, rows), [-1, grid.rows, grid.cols, classes.length]);
  const counts = named(ReduceSum(locations, [1, 2], { keepdims: 0 }), [batch, classes.length]);
  const presence = Sub(constant(tokens.graph, "float32", [], Float32Array.of(1)), Exp(Mul(counts, -1)));
  return { counts, presence, locations: named(locations, [batch, grid.rows, grid.cols, classes.length]) };
}

const named = (value: ShapedValue, dims: ShapedValue["dims"]): ShapedValue => ({ ...value, dims });

/** Enlarges the last two axes from the grid to the image's pixels bilinearly, as `resize` does: by a matrix for each axis. */
function enlarged(maps: ShapedValue, { grid: { rows, cols }, size: [height, width] }: TokenLayout): ShapedValue {
  const { graph } = maps;
  const down = weights(rows, height);
  const lines = Float32Array.from({ length: height * rows }, (_, i) => down[(i % rows) * height + Math.floor(i / rows)]);
  const tall = MatMul(constant(graph, "float32", [height, rows], lines, "down"), maps);
  return MatMul(tall, constant(graph, "float32", [cols, width], weights(cols, width), "across"));
}

/** The weight of each of `count` cells in each of `pixels` pixels, [count, pixels]. */
function weights(count: number, pixels: number): Float32Array {
  const identity = Float32Array.from({ length: count * count }, (_, i) => (i % (count + 1) === 0 ? 1 : 0));
  return resize({ dims: [1, count, 1, count], data: identity }, [1, pixels], { mode: "bilinear" }).data;
}
