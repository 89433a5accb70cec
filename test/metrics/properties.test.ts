/** Properties of metrics for any predictions: metrics in their bounds, perfect is perfect, order does not matter, nothing is measured of nonsense. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { argmax } from "../../src/core/index.ts";
import {
  aAcc,
  addImage,
  areaOf,
  areaRecall,
  averagePrecision,
  brier,
  calibrationSums,
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
  mAcc,
  meanAveragePrecision,
  mIoU,
  newSums,
  perImageMean,
  pooled,
  recallAt,
  sumImages,
} from "../../src/metrics/index.ts";

const CLASSES = 5;
const IGNORE = 255;
const id = fc.integer({ min: 0, max: CLASSES - 1 });
const pixel = fc.tuple(id, fc.oneof({ weight: 5, arbitrary: id }, { weight: 1, arbitrary: fc.constant(IGNORE) }));
const pixels = fc.array(pixel, { minLength: 1, maxLength: 60 }).filter((all) => all.some(([, truth]) => truth !== IGNORE));
const matrixOf = (all: readonly (readonly [number, number])[]) => {
  const confusion = new Float64Array(CLASSES ** 2);
  const [predicted, truth] = [all.map(([p]) => p), all.map(([, t]) => t)];
  countConfusion(confusion, predicted, truth, IGNORE);
  return confusion;
};

describe("confusion matrices", () => {
  it("give figures from 0 to 1, and IoU of a class is never above its accuracy", () => {
    fc.assert(
      fc.property(pixels, (all) => {
        const confusion = matrixOf(all);
        for (const metric of [aAcc, mAcc, mIoU]) {
          expect(metric(confusion)).toBeGreaterThanOrEqual(0);
          expect(metric(confusion)).toBeLessThanOrEqual(1);
        }
        expect(mIoU(confusion)).toBeLessThanOrEqual(mAcc(confusion) + 1e-12);
      }),
    );
  });

  it("are 1 everywhere exactly when every pixel is right, whatever is predicted where truth is ignored", () => {
    fc.assert(
      fc.property(pixels, (all) => {
        const right = all.map(([predicted, truth]) => [truth === IGNORE ? predicted : truth, truth] as const);
        for (const metric of [aAcc, mAcc, mIoU]) expect(metric(matrixOf(right))).toBe(1);
        const wrong = all.some(([predicted, truth]) => truth !== IGNORE && predicted !== truth);
        for (const metric of [aAcc, mAcc, mIoU]) expect(metric(matrixOf(all)) < 1).toBe(wrong);
      }),
    );
  });

  it("do not depend on the order of pixels or the naming of classes, and count every pixel once", () => {
    const renaming = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: CLASSES });
    fc.assert(
      fc.property(pixels, fc.integer(), renaming, (all, seed, names) => {
        const turned = [...all.slice(Math.abs(seed) % all.length), ...all.slice(0, Math.abs(seed) % all.length)];
        expect(matrixOf(turned)).toEqual(matrixOf(all));
        const renamed = matrixOf(all.map(([p, t]) => [names[p], t === IGNORE ? t : names[t]] as const));
        for (const metric of [aAcc, mAcc, mIoU]) expect(metric(renamed)).toBeCloseTo(metric(matrixOf(all)), 12);
        const counted = matrixOf(all).reduce((sum, each) => sum + each, 0);
        expect(counted).toBe(all.filter(([, truth]) => truth !== IGNORE).length);
      }),
    );
  });

  it("refuse ids that are no class and lists that do not fit, instead of counting beside the matrix", () => {
    const confusion = new Float64Array(4);
    expect(() => countConfusion(confusion, [0], [2])).toThrow("ids from 0 to 1");
    expect(() => countConfusion(confusion, [7], [0])).toThrow("ids from 0 to 1");
    expect(() => countConfusion(confusion, [-1], [0])).toThrow("ids from 0 to 1");
    expect(() => countConfusion(confusion, [0, 1], [0])).toThrow("2 predictions for 1");
    expect(() => countConfusion(new Float64Array(5), [0], [0])).toThrow("confusion matrix of 5");
    expect([...confusion]).toEqual([0, 0, 0, 0]);
  });
});

describe("scores of classes", () => {
  const scored = fc.tuple(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: CLASSES, maxLength: CLASSES }), id);

  it("are in the top 1 exactly when argMax says so, in the top of all always, and never less with a larger k", () => {
    fc.assert(
      fc.property(scored, ([scores, label]) => {
        expect(isInTop(1, scores, label)).toBe(argmax(scores) === label ? 1 : 0);
        expect(isInTop(CLASSES, scores, label)).toBe(1);
        for (let k = 1; k < CLASSES; k++) expect(isInTop(k + 1, scores, label)).toBeGreaterThanOrEqual(isInTop(k, scores, label));
        const hits = Array.from({ length: CLASSES }, (_, each) => isInTop(2, scores, each)).reduce((sum, hit) => sum + hit, 0);
        expect(hits).toBe(2); // ties do not let more than k in
      }),
    );
  });

  it("have a Brier score from 0 (certain and right) to 2 (certain and wrong), and no calibration error when certain and right", () => {
    expect(brier([0, 1, 0], 1)).toBe(0);
    expect(brier([0, 1, 0], 0)).toBe(2);
    expect(ece(calibrationSums([0, 1, 0], 1))).toBe(0);
    expect(ece(calibrationSums([0, 1, 0], 2))).toBe(1);
    expect(ece(calibrationSums([0.2, 0.8], 1))).toBeCloseTo(0.2, 12);
  });
});

describe("depth", () => {
  const meters = fc.double({ min: 0.01, max: 9.9, noNaN: true });
  const maps = fc.array(fc.tuple(meters, fc.oneof({ weight: 4, arbitrary: meters }, { weight: 1, arbitrary: fc.constant(0) })), {
    minLength: 1,
    maxLength: 40,
  });

  it("of a perfect prediction has no error and all within delta1; off by one factor it has no scale-invariant error", () => {
    fc.assert(
      fc.property(maps, fc.double({ min: 0.5, max: 2, noNaN: true }), (all, factor) => {
        fc.pre(all.some(([, y]) => y > 0));
        const truth = all.map(([, y]) => y);
        const perfect = depthSums(
          truth.map((y) => (y > 0 ? y : 1)),
          truth,
        );
        for (const [name, metric] of Object.entries(depthMetrics)) expect(metric(perfect)).toBe(name.startsWith("delta") ? 1 : 0);
        const scaled = depthSums(
          truth.map((y) => (y > 0 ? y * factor : 1)),
          truth,
        );
        expect(depthMetrics.silog(scaled)).toBeLessThan(1e-5);
        expect(depthMetrics.absRel(scaled)).toBeCloseTo(Math.abs(factor - 1), 9);
      }),
    );
  });

  it("counts delta1 <= delta2 <= delta3 <= 1, and only where truth is in range and the mask is set", () => {
    fc.assert(
      fc.property(maps, (all) => {
        const [predicted, truth] = [all.map(([x]) => x), all.map(([, y]) => y)];
        const sums = depthSums(predicted, truth);
        expect(sums[0]).toBe(truth.filter((y) => y > 0.001 && y < 10).length);
        expect(sums[1] <= sums[2] && sums[2] <= sums[3] && sums[3] <= sums[0]).toBe(true);
        const half = truth.map((_, i) => i % 2);
        const parts = [half, half.map((each) => 1 - each)].map((where) => depthSums(predicted, truth, { where }));
        for (const [cell, sum] of sums.entries()) expect(parts[0][cell] + parts[1][cell]).toBeCloseTo(sum, 9);
        expect(depthSums(predicted, truth, { min: 2, max: 3 })[0]).toBe(truth.filter((y) => y > 2 && y < 3).length);
      }),
    );
  });

  it("refuses predictions whose logarithm is none, where they would count, and says what to do", () => {
    expect(() => depthSums([0], [1])).toThrow("Clamp the prediction");
    expect(() => depthSums([Number.NaN], [1])).toThrow("positive numbers");
    expect(depthSums([0], [0])[0]).toBe(0);
    expect(() => depthSums([1, 1], [1])).toThrow("Got 2 pixels for 1");
    expect(() => depthSums([1], [1], { where: [] })).toThrow("0 of where");
    expect(depthMetrics.rmse(new Float64Array(DEPTH_CELLS))).toBeNaN();
  });
});

describe("rankings", () => {
  const ranked = fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 1 })), {
    minLength: 1,
    maxLength: 40,
  });

  it("have an average precision in (0, 1], 1 exactly when every relevant one comes first, the same in any order of images", () => {
    fc.assert(
      fc.property(ranked, (all) => {
        fc.pre(all.some(([, relevant]) => relevant === 1));
        const precision = (list: typeof all) =>
          averagePrecision(
            list.map(([s]) => s),
            list.map(([, r]) => r),
          );
        const value = precision(all);
        expect(value).toBeGreaterThan(0);
        expect(value).toBeLessThanOrEqual(1);
        const worst = Math.min(...all.filter(([, r]) => r === 1).map(([s]) => s));
        const best = Math.max(-1, ...all.filter(([, r]) => r === 0).map(([s]) => s));
        expect(value === 1).toBe(worst > best);
        expect(precision([...all].reverse())).toBeCloseTo(value, 12);
      }),
    );
  });

  it("count an image that is drawn twice as two images, and one that is not drawn not at all", () => {
    const drawn = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(ranked, drawn, (all, times) => {
        const copies = all.flatMap((each, i) => new Array<(typeof all)[number]>(times[i]).fill(each));
        fc.pre(copies.some(([, relevant]) => relevant === 1));
        const [scores, relevant] = [all.map(([s]) => s), all.map(([, r]) => r)];
        const expected = averagePrecision(
          copies.map(([s]) => s),
          copies.map(([, r]) => r),
        );
        expect(averagePrecision(scores, relevant, times)).toBeCloseTo(expected, 12);
      }),
    );
  });

  it("have no value without a relevant image, which a mean over classes leaves out", () => {
    expect(averagePrecision([1, 2], [0, 0])).toBeNaN();
    const { measure } = meanAveragePrecision(["a", "b"], [0.9, 0.1, 0.2, 0.3], [1, 0, 0, 0]);
    expect(measure()).toBe(1);
    expect(() => meanAveragePrecision(["a", "b"], [1, 2, 3], [0, 0, 0])).toThrow("images x classes");
    expect(() => averagePrecision([1], [])).toThrow("1 scores for 0");
    expect(hitAt(3, [0, 0])).toBe(0);
    expect(recallAt(1, [1, 1], 4)).toBe(0.25);
  });
});

describe("objects", () => {
  it("are small below 32², large from 96² on, whatever their shape", () => {
    expect(areaOf({ width: 32, height: 31.9 })).toBe("small");
    expect(areaOf({ width: 32, height: 32 })).toBe("medium");
    expect(areaOf({ width: 1, height: 96 ** 2 - 1 })).toBe("medium");
    expect(areaOf({ width: 96, height: 96 })).toBe("large");
  });

  it("have a recall of NaN for an area without boxes, and refuse answers for other boxes", () => {
    const box = { left: 0, top: 0, width: 10, height: 10 };
    const sums = countRecalled([box, box], [true, false]);
    expect(areaRecall("small")(sums)).toBe(0.5);
    expect(areaRecall("large")(sums)).toBeNaN();
    expect(areaRecall("all")(sums)).toBe(0.5);
    expect(() => countRecalled([box], [])).toThrow("0 results for 1 boxes");
    expect(countErrors([1, 5], [2, 2])).toEqual([4, 2]);
    expect(() => countErrors([1], [1, 2])).toThrow("counts of 1 classes for 2");
  });
});

describe("tallies", () => {
  const rows = fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 4, maxLength: 4 }), {
    minLength: 1,
    maxLength: 12,
  });

  it("add up to what was added, each image as often as it is drawn, in any order", () => {
    fc.assert(
      fc.property(rows, fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 12, maxLength: 12 }), (all, times) => {
        const fill = (list: typeof all) => {
          const tally = newSums(4);
          for (const [i, row] of list.entries()) addImage(tally, `${i}`, row);
          return tally;
        };
        const expected = [0, 1, 2, 3].map((cell) => all.reduce((sum, row, i) => sum + times[i] * row[cell], 0));
        for (const [cell, sum] of expected.entries()) expect(pooled(fill(all), (sums) => sums[cell]).measure(times)).toBe(sum);
        expect(sumImages(fill([...all].reverse()))).toEqual(sumImages(fill(all)));
      }),
    );
  });

  it("tell the mean over images from the figure over pixels, and leave images without a value out of the first", () => {
    const tally = newSums(4);
    addImage(tally, "large and right", [90, 0, 0, 0]);
    addImage(tally, "small and wrong", [0, 10, 0, 0]);
    addImage(tally, "ignored", [0, 0, 0, 0]);
    expect(pooled(tally, aAcc).measure()).toBe(0.9);
    expect(perImageMean(tally, aAcc).measure()).toBe(0.5);
    expect(perImageMean(tally, aAcc).measure([3, 1, 5])).toBe(0.75);
    expect(() => addImage(tally, "odd", [1])).toThrow('Got 1 sums for "odd"; expected 4');
    expect(classIoUs(sumImages(tally))[0]).toBe(0.9);
  });
});

it("of equal scores the classes with lower numbers are in the top k", () => {
  const hits = (k: number) => [0, 1, 2, 3].map((label) => isInTop(k, [0.1, 0.3, 0.3, 0.3], label));
  expect(hits(1)).toEqual([0, 1, 0, 0]);
  expect(hits(2)).toEqual([0, 1, 1, 0]);
  expect(hits(3)).toEqual([0, 1, 1, 1]);
  expect(hits(4)).toEqual([1, 1, 1, 1]);
});
