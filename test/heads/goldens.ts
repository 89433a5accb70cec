/** The features and the predictions of scikit-learn that research/python/make-head-goldens.py wrote, and graphs on one thread. */
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { argmax } from "../../src/core/index.ts";
import type { LabeledBatch } from "../../src/heads/index.ts";
import type { OpenGraph } from "../../src/onnx/index.ts";
import { openGraph } from "../../src/runtimes/node/index.ts";
import { readGolden, type Stored } from "../fixtures/read.ts";

export interface HeadCase {
  readonly name: string;
  readonly right: number;
  readonly validation: number;
  readonly c: number;
  readonly alpha: number;
  readonly k: number;
  readonly temperature: number;
  readonly [tensor: string]: unknown;
}

const golden = readGolden<HeadCase>("heads");
const { widths: channelsPerScale } = JSON.parse(readFileSync(new URL("../fixtures/heads/cases.json", import.meta.url), "utf8"));

/** Channels of the two scales. */
export const goldenWidths: readonly number[] = channelsPerScale;
export const goldenClasses = ["coat", "hat", "shoe", "skirt"];

export const casesOf = (pattern: RegExp): [string, HeadCase][] =>
  golden.cases.filter(({ name }) => pattern.test(name)).map((one) => [one.name, one]);

export const floats = (one: HeadCase, tensor: string): Float32Array => golden.f32(one[tensor] as Stored).data;

export function goldenRows(split: "train" | "validation" | "test"): LabeledBatch {
  const [[, one]] = casesOf(new RegExp(`^rows ${split}$`));
  return { features: floats(one, "rows"), labels: Int32Array.from(golden.u8(one.labels as Stored).data) };
}

export const onOneThread: OpenGraph = (file) => openGraph(file, { threads: 1 });

export function largestDifference(got: Float32Array, expected: Float32Array): number {
  expect(got.length).toBe(expected.length);
  return got.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
}

/** Ratio of the largest difference to the largest number. */
export const relativeDifference = (got: Float32Array, expected: Float32Array): number =>
  largestDifference(got, expected) / expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

export const rightOnes = (predicted: Int32Array, labels: Int32Array): number =>
  predicted.filter((label, i) => label === labels[i]).length;

/** The class with the largest score in each row. */
export const classesOf = (scores: Float32Array, classes: number): Int32Array =>
  Int32Array.from({ length: scores.length / classes }, (_, row) => argmax(scores, row * classes, classes));

/** The same rows in batches of `size`, the last one shorter. */
export function inBatches({ features, labels }: LabeledBatch, size: number): LabeledBatch[] {
  const channels = features.length / labels.length;
  return Array.from({ length: Math.ceil(labels.length / size) }, (_, i) => ({
    features: features.subarray(i * size * channels, (i + 1) * size * channels),
    labels: labels.subarray(i * size, (i + 1) * size),
  }));
}
