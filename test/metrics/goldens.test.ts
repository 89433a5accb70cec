/** Figures are those of scikit-learn, torchmetrics, MMSeg, DINOv2's toolbox and pycocotools: who compares with a paper compares alike. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { argmax } from "../../src/core/index.ts";
import {
  aAcc,
  addImage,
  areaRecall,
  averagePrecision,
  brier,
  CALIBRATION_CELLS,
  calibrationSums,
  classAccuracies,
  classIoUs,
  countConfusion,
  countErrors,
  countRecalled,
  DEPTH_CELLS,
  depthMetrics,
  depthSums,
  ece,
  hitAt,
  isInTop,
  type Metric,
  mAcc,
  mean,
  meanAveragePrecision,
  mIoU,
  newSums,
  perImageMean,
  pooled,
  recallAt,
} from "../../src/metrics/index.ts";

const golden = (name: string) => JSON.parse(readFileSync(new URL(`../fixtures/metrics/${name}.json`, import.meta.url), "utf8"));
const DIGITS = 6; // within 5e-7

/** A metric over images whose sums are given. */
function over(rows: readonly ArrayLike<number>[], metric: Metric): number {
  const tally = newSums(rows[0].length);
  for (const [i, row] of rows.entries()) addImage(tally, `${i}`, row);
  return pooled(tally, metric).measure();
}

describe("classification, as scikit-learn and torchmetrics", () => {
  const { labels, scores, ...expected } = golden("classification") as {
    labels: number[];
    scores: number[][];
    confusion: number[][];
    perClass: number[];
  } & Record<"top1" | "top5" | "meanPerClass" | "brier" | "ece", number>;
  const confusion = new Float64Array(scores[0].length ** 2);
  countConfusion(
    confusion,
    scores.map((each) => argmax(each)),
    labels,
  );

  it("top-1, top-5, mean per class, confusion matrix", () => {
    expect([...confusion]).toEqual(expected.confusion.flat());
    const top = (k: number) =>
      over(
        scores.map((row, i) => [isInTop(k, row, labels[i]), 1]),
        mean,
      );
    expect(top(1)).toBeCloseTo(expected.top1, DIGITS);
    expect(top(5)).toBeCloseTo(expected.top5, DIGITS);
    expect(aAcc(confusion)).toBeCloseTo(expected.top1, DIGITS);
    expect(mAcc(confusion)).toBeCloseTo(expected.meanPerClass, DIGITS);
    for (const [id, value] of classAccuracies(confusion).entries()) expect(value).toBeCloseTo(expected.perClass[id], DIGITS);
  });

  it("Brier score and expected calibration error", () => {
    const probabilities = scores.map((row) => row.map((score) => score / row.reduce((sum, each) => sum + each, 0)));
    const brierRows = probabilities.map((row, i) => [brier(row, labels[i]), 1]);
    expect(over(brierRows, mean)).toBeCloseTo(expected.brier, DIGITS);
    const calibration = probabilities.map((row, i) => calibrationSums(row, labels[i]));
    expect(calibration[0]).toHaveLength(CALIBRATION_CELLS);
    expect(over(calibration, ece)).toBeCloseTo(expected.ece, DIGITS);
  });
});

describe("segmentation, as MMSeg", () => {
  const { predicted, truth, classes, ignore, ...expected } = golden("segmentation") as {
    predicted: number[][];
    truth: number[][];
    classes: number;
    ignore: number;
    confusion: number[][];
    iou: (number | null)[];
    accuracy: (number | null)[];
  } & Record<"mIoU" | "mAcc" | "aAcc", number>;
  const rows = truth.map((mask, i) => {
    const confusion = new Float64Array(classes ** 2);
    countConfusion(confusion, predicted[i], mask, ignore);
    return confusion;
  });

  it("mIoU, mAcc, aAcc with an ignored id, a class that is nowhere and one that is only predicted", () => {
    expect(over(rows, mIoU)).toBeCloseTo(expected.mIoU, DIGITS);
    expect(over(rows, mAcc)).toBeCloseTo(expected.mAcc, DIGITS);
    expect(over(rows, aAcc)).toBeCloseTo(expected.aAcc, DIGITS);
  });

  it("IoU and accuracy of each class, NaN where there is none", () => {
    const all = new Float64Array(classes ** 2);
    for (const [i, mask] of truth.entries()) countConfusion(all, predicted[i], mask, ignore);
    expect([...all]).toEqual(expected.confusion.flat());
    const check = (values: Float64Array, wanted: (number | null)[]) => {
      for (const [id, value] of values.entries())
        if (wanted[id] === null) expect(value).toBeNaN();
        else expect(value).toBeCloseTo(wanted[id]!, DIGITS);
    };
    check(classIoUs(all), expected.iou);
    check(classAccuracies(all), expected.accuracy);
    expect(expected.iou[5]).toBe(0);
  });
});

it("depth, as DINOv2's toolbox: the mean over images and over pixels, without missing and far values", () => {
  const { truth, predicted, ...expected } = golden("depth") as {
    truth: number[][];
    predicted: number[][];
    perImageMean: Record<string, number>;
    pooled: Record<string, number>;
  };
  const tally = newSums(DEPTH_CELLS);
  for (const [i, meters] of truth.entries()) addImage(tally, `${i}`, depthSums(predicted[i], meters));
  expect(Object.keys(depthMetrics).sort()).toEqual(Object.keys(expected.pooled).sort());
  for (const [name, metric] of Object.entries(depthMetrics)) {
    expect(perImageMean(tally, metric).measure(), name).toBeCloseTo(expected.perImageMean[name], DIGITS);
    expect(pooled(tally, metric).measure(), name).toBeCloseTo(expected.pooled[name], DIGITS);
  }
});

describe("rankings, as scikit-learn and torchmetrics", () => {
  const { k, lists, truth, scores, times, ...expected } = golden("ranking") as {
    k: number;
    lists: { relevant: number[]; hit: number; recall: number; averagePrecision: number }[];
    truth: number[][];
    scores: number[][];
    times: number[];
    averagePrecision: number[];
    weighted: number[];
    mAP: number;
  };

  it("recall@k in both its meanings, and average precision of a list", () => {
    for (const { relevant, ...list } of lists) {
      const all = relevant.filter((each) => each === 1).length;
      expect(hitAt(k, relevant)).toBe(list.hit);
      expect(recallAt(k, relevant, all)).toBeCloseTo(list.recall, DIGITS);
      const falling = relevant.map((_, i) => -i);
      expect(averagePrecision(falling, relevant)).toBeCloseTo(list.averagePrecision, DIGITS);
    }
  });

  it("average precision of scores with ties, of resampled images, and its mean over the classes that are there", () => {
    for (const [id, value] of expected.averagePrecision.entries()) {
      const column = (rows: number[][]) => rows.map((row) => row[id]);
      expect(averagePrecision(column(scores), column(truth))).toBeCloseTo(value, DIGITS);
      expect(averagePrecision(column(scores), column(truth), times)).toBeCloseTo(expected.weighted[id], DIGITS);
    }
    const images = scores.map((_, i) => `${i}`);
    const { measure } = meanAveragePrecision(images, scores.flat(), truth.flat());
    expect(measure()).toBeCloseTo(expected.mAP, DIGITS);
  });
});

it("objects: recall by area as pycocotools, errors of counts as scikit-learn", () => {
  const { boxes, found, recall, counts, predictedCounts, mae } = golden("objects") as {
    boxes: [number, number, number, number][][];
    found: number[][];
    recall: Record<"all" | "small" | "medium" | "large", number>;
    counts: number[][];
    predictedCounts: number[][];
    mae: number;
  };
  const rows = boxes.map((each, i) =>
    countRecalled(
      each.map(([left, top, width, height]) => ({ left, top, width, height })),
      found[i],
    ),
  );
  for (const area of ["all", "small", "medium", "large"] as const)
    expect(over(rows, areaRecall(area)), area).toBeCloseTo(recall[area], DIGITS);
  const errors = counts.map((row, i) => countErrors(predictedCounts[i], row));
  expect(over(errors, mean)).toBeCloseTo(mae, DIGITS);
});
