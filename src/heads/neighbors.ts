/** k nearest neighbors by cosine, their votes weighted by exp(cosine / temperature), as DINO evaluates (arXiv 2104.14294, §4.1). */
import { array, gtValue, integer, minValue, number, pipe, string } from "valibot";
import { S2Error, type Tensor } from "../core/index.ts";
import { finishGraph, Gemm, input, newGraph, type OpenedGraph, type OpenGraph, output, writeOnnx } from "../onnx/index.ts";
import { type Batches, channelsOf, type LabeledBatch } from "./batches.ts";
import { checkHead, type FeatureHead } from "./head.ts";
import type { OpenedHead } from "./linear.ts";
import { unitFeatures } from "./unit-features.ts";

/** A classifier of k nearest neighbors. */
export interface NeighborsHead extends FeatureHead {
  readonly kind: "neighbors";
  /** Names of the classes, by label. */
  readonly classes: readonly string[];
  /** Number of neighbors that vote. */
  readonly k: number;
  /** Divides the cosines in the votes' weights. */
  readonly temperature: number;
  /** Rows [n, channels], each scale of length 1 / √scales, and labels [n]. */
  readonly tensors: { readonly rows: Tensor; readonly labels: Tensor };
}

/** Options of `fitNeighbors`. */
export interface NeighborsOptions {
  /** Names of the classes, by label. */
  readonly classes: readonly string[];
  /** Channels of each scale; the cosines of the scales are averaged. */
  readonly channelsPerScale: readonly number[];
  /** Number of neighbors that vote; default 20, as DINO. */
  readonly k?: number;
  /** Divides the cosines in the votes' weights; default 0.07, as DINO. */
  readonly temperature?: number;
  /** Stops the fit. */
  readonly signal?: AbortSignal;
}

/**
 * Stores the rows that have a class.
 * @throws S2Error "labels" when there are fewer of them than `k`; "rows" for features of other channels.
 */
export async function fitNeighbors(
  train: Batches<LabeledBatch>,
  { classes, channelsPerScale, k = 20, temperature = 0.07, signal }: NeighborsOptions,
): Promise<NeighborsHead> {
  const channels = channelsOf(channelsPerScale);
  const vectors: Float32Array[] = [];
  const labels: number[] = [];
  let seen = 0;
  for await (const batch of train()) {
    signal?.throwIfAborted();
    const unit = unitFeatures(batch.features, channelsPerScale, channels, undefined, seen);
    seen += batch.labels.length;
    for (let i = 0; i < batch.labels.length; i++) {
      if (batch.labels[i] < 0 || batch.labels[i] >= classes.length) continue;
      labels.push(batch.labels[i]);
      vectors.push(unit.subarray(i * channels, (i + 1) * channels));
    }
  }
  if (labels.length < k)
    throw new S2Error("labels", `There are ${labels.length} rows with a class, and k is ${k}; give more rows, or a smaller k.`);
  const rows = new Float32Array(labels.length * channels);
  for (const [i, vector] of vectors.entries()) rows.set(vector, i * channels);
  const tensors = {
    rows: { dims: [labels.length, channels], data: rows },
    labels: { dims: [labels.length], data: Float32Array.from(labels) },
  };
  return { kind: "neighbors", classes, channelsPerScale, k, temperature, tensors };
}

/** Stored rows in one product: a block and its similarities stay in the caches. */
const block = 4096;

/**
 * Opens the head; it maps features [n, channels] to probabilities [n, classes], the fractions of the votes. Of equally near neighbors
 * the earlier row votes.
 * @throws S2Error "head" for another head or tensors of a wrong shape; `predict` "rows" for features of other channels.
 */
export async function openNeighbors(head: NeighborsHead, openGraph: OpenGraph): Promise<OpenedHead<Float32Array, Float32Array>> {
  const { classes, channelsPerScale, k, temperature, tensors } = head;
  const channels = checkNeighbors(head);
  const kept = tensors.labels.data.length;
  const graph = await openGraph(similarityFile(channels));
  return {
    async predict(features) {
      const unit = unitFeatures(features, channelsPerScale, channels);
      const near = nearest(features.length / channels, k);
      for (let from = 0; from < kept; from += block) {
        const rows = tensors.rows.data.subarray(from * channels, (from + block) * channels);
        keepNearest(near, await similarities(graph, unit, rows, channels), from);
      }
      return votes(near, tensors.labels.data, classes.length, temperature);
    },
    close: () => graph.close(),
  };
}

/** Checks a head of neighbors and returns its channels. @throws S2Error "head". */
export function checkNeighbors(head: NeighborsHead): number {
  const { classes, k, tensors } = head;
  const kept = tensors.labels?.data.length ?? 0;
  const positive = pipe(number(), gtValue(0));
  const fields = { classes: array(string()), k: pipe(number(), integer(), minValue(1)), temperature: positive };
  const channels = checkHead(head, "neighbors", fields, (channels) => ({ rows: [kept, channels], labels: [kept] }));
  checkLabels(tensors.labels.data, classes.length);
  if (k <= kept) return channels;
  throw new S2Error("head", `The neighbors head has k = ${k} and ${kept} rows; expected a k of at most that. Fit it again.`);
}

function checkLabels(labels: Float32Array, classes: number): void {
  const bad = labels.find((label) => !(Number.isInteger(label) && label >= 0 && label < classes));
  if (bad === undefined) return;
  throw new S2Error(
    "head",
    `The neighbors head has the label ${bad}; expected whole numbers from 0 to ${classes - 1}. Fit it again.`,
  );
}

function similarityFile(channels: number): Uint8Array {
  const graph = newGraph(17);
  const rows = input(graph, "rows", "float32", ["rows", channels]);
  const kept = input(graph, "kept", "float32", ["kept", channels]);
  output(Gemm(rows, kept, undefined, { transB: 1 }), "similarities");
  return writeOnnx(finishGraph(graph, "similarities"));
}

async function similarities(graph: OpenedGraph, rows: Float32Array, kept: Float32Array, channels: number): Promise<Float32Array> {
  const feed = (data: Float32Array) => ({ dims: [data.length / channels, channels], data });
  return (await graph.run({ rows: feed(rows), kept: feed(kept) })).similarities.data as Float32Array;
}

/** The k nearest stored rows of each row so far, nearest first: [n, k]. */
interface Nearest {
  readonly n: number;
  readonly k: number;
  readonly similarity: Float32Array;
  readonly index: Int32Array;
}

const nearest = (n: number, k: number): Nearest => ({
  ...{ n, k },
  similarity: new Float32Array(n * k).fill(Number.NEGATIVE_INFINITY),
  index: new Int32Array(n * k),
});

/** Updates the nearest with the similarities [n, m] to stored rows `from` to `from + m`. */
function keepNearest({ n, k, similarity, index }: Nearest, found: Float32Array, from: number): void {
  const m = found.length / n;
  for (let row = 0; row < n; row++) {
    const first = row * k;
    const last = first + k - 1;
    for (let j = 0; j < m; j++) {
      const value = found[row * m + j];
      if (!(value > similarity[last])) continue;
      let at = last;
      for (; at > first && value > similarity[at - 1]; at--) {
        similarity[at] = similarity[at - 1];
        index[at] = index[at - 1];
      }
      similarity[at] = value;
      index[at] = from + j;
    }
  }
}

/** Returns the fractions of the votes, [n, classes]. */
function votes({ n, k, similarity, index }: Nearest, labels: Float32Array, classes: number, temperature: number): Float32Array {
  const fractions = new Float32Array(n * classes);
  for (let row = 0; row < n; row++) {
    const nearestOne = similarity[row * k];
    let sum = 0;
    for (let i = row * k; i < (row + 1) * k; i++) {
      const vote = Math.exp((similarity[i] - nearestOne) / temperature); // at most 1: a small temperature does not overflow
      fractions[row * classes + labels[index[i]]] += vote;
      sum += vote;
    }
    for (let c = row * classes; c < (row + 1) * classes; c++) fractions[c] /= sum;
  }
  return fractions;
}
