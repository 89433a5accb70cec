/** k nearest neighbors by cosine, their votes weighted by exp(cosine / temperature), as DINO evaluates (arXiv 2104.14294, §4.1). */
import { array, gtValue, integer, minValue, number, pipe, string } from "valibot";
import { S2Error, type Tensor } from "../core/index.ts";
import { finishGraph, Gemm, input, newGraph, type OpenedGraph, type OpenGraph, output, writeOnnx } from "../onnx/index.ts";
import { checkFields, checkHead, type FeatureHead } from "./head.ts";
import type { OpenedHead } from "./probe.ts";
import { type Batches, channelsOf, type LabeledBatch, rowCount } from "./rows.ts";
import { unitFeatures } from "./unit-rows.ts";

/** Tensors: rows [n, channels], each scale of unit length over the root of the number of scales, and labels [n]. */
export interface NeighborsHead extends FeatureHead {
  readonly kind: "neighbors";
  readonly classes: readonly string[];
  /** How many neighbors vote. */
  readonly k: number;
  readonly temperature: number;
  readonly tensors: { readonly rows: Tensor; readonly labels: Tensor };
}

export interface NeighborsOptions {
  readonly classes: readonly string[];
  /** Channels of each scale; the cosines of the scales are averaged. */
  readonly channelsPerScale: readonly number[];
  /** Default 20, as DINO. */
  readonly k?: number;
  /** Default 0.07, as DINO. */
  readonly temperature?: number;
  readonly signal?: AbortSignal;
}

/**
 * Keeps the rows that have a class.
 * @throws S2Error "labels" when there are fewer of them than `k`; "rows" for rows of another width.
 */
export async function fitNeighbors(
  train: Batches<LabeledBatch>,
  { classes, channelsPerScale, k = 20, temperature = 0.07, signal }: NeighborsOptions,
): Promise<NeighborsHead> {
  const channels = channelsOf(channelsPerScale);
  const parts: Float32Array[] = [];
  const labels: number[] = [];
  let seen = 0;
  for await (const batch of train()) {
    signal?.throwIfAborted();
    const unit = unitFeatures(batch.features, channelsPerScale, channels, undefined, seen);
    seen += batch.labels.length;
    for (let i = 0; i < batch.labels.length; i++) {
      if (batch.labels[i] < 0 || batch.labels[i] >= classes.length) continue;
      labels.push(batch.labels[i]);
      parts.push(unit.subarray(i * channels, (i + 1) * channels));
    }
  }
  if (labels.length < k)
    throw new S2Error("labels", `There are ${labels.length} rows with a class, and k is ${k}; give more rows, or a smaller k.`);
  const rows = new Float32Array(labels.length * channels);
  for (const [i, part] of parts.entries()) rows.set(part, i * channels);
  const tensors = {
    rows: { dims: [labels.length, channels], data: rows },
    labels: { dims: [labels.length], data: Float32Array.from(labels) },
  };
  return { kind: "neighbors", classes, channelsPerScale, k, temperature, tensors };
}

/** Kept rows in one product: a block and its similarities stay in the caches. */
const block = 4096;

/**
 * Opens it: rows [n, channels] to probabilities [n, classes], the fractions of the votes. Of neighbors that are equally near, the earlier counts.
 * @throws S2Error "head" for another head or misshapen tensors; `predict` "rows" for rows of another width.
 */
export async function openNeighbors(head: NeighborsHead, openGraph: OpenGraph): Promise<OpenedHead<Float32Array, Float32Array>> {
  const kept = head.tensors.labels?.data.length ?? 0;
  checkFields(head, "neighbors", {
    classes: array(string()),
    k: pipe(number(), integer(), minValue(1)),
    temperature: pipe(number(), gtValue(0)),
  });
  const { classes, channelsPerScale, k, temperature, tensors } = head;
  const channels = channelsOf(channelsPerScale);
  checkHead(head, "neighbors", { rows: [kept, channels], labels: [kept] });
  checkLabels(tensors.labels.data, classes.length);
  if (k > kept)
    throw new S2Error("head", `The neighbors head has k = ${k} and ${kept} rows; expected a k of at most that. Fit it again.`);
  const graph = await openGraph(similarityFile(channels));
  return {
    async predict(rows) {
      const unit = unitFeatures(rows, channelsPerScale, channels);
      const n = rowCount(rows, channels);
      const near = nearest(n, k);
      for (let from = 0; from < kept; from += block) {
        const to = Math.min(kept, from + block);
        keepNearest(
          near,
          await similarities(graph, unit, tensors.rows.data.subarray(from * channels, to * channels), channels),
          from,
        );
      }
      return votes(near, tensors.labels.data, classes.length, temperature);
    },
    close: () => graph.close(),
  };
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

/** The k nearest of each row so far, nearest first: [n, k]. */
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

/** Takes in the similarities [n, m] to kept rows `from` to `from + m`. */
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
