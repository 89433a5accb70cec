/** Intervals must hold what they promise, and quickly: figures of experiments are quoted with them. */
import { describe, expect, it } from "vitest";
import {
  addImage,
  compare,
  interval,
  mean,
  meanAveragePrecision,
  newSums,
  pooled,
  type Score,
  standardError,
} from "../../src/metrics/index.ts";
import { makeRandom, type Random } from "../../src/tensors/index.ts";

/** Each image's own value, and their mean. */
function meanOf(values: readonly number[], names = values.map((_, i) => `${i}`)): Score {
  const tally = newSums(2);
  for (const [i, value] of values.entries()) addImage(tally, names[i], [value, 1]);
  return pooled(tally, mean);
}

const hits = (count: number, rate: number, random: Random) => Array.from({ length: count }, () => (random() < rate ? 1 : 0));

describe("bootstrap intervals", () => {
  it("hold the true accuracy in about 95 of 100 data sets", () => {
    const random = makeRandom(3);
    let held = 0;
    for (let set = 0; set < 400; set++) {
      const { low, high } = interval(meanOf(hits(150, 0.7, random)), { seed: set, resamples: 400 });
      if (low <= 0.7 && 0.7 <= high) held++;
    }
    // A binomial of 400 at 0.95 has a standard deviation of 4.4; the percentile interval of 150 images holds a little less.
    expect(held).toBeGreaterThan(400 * 0.91);
    expect(held).toBeLessThan(400 * 0.985);
  });

  it("are as wide as theory says for a mean: 1.96 standard errors to both sides", () => {
    const random = makeRandom(8);
    const values = Array.from({ length: 300 }, () => random() + random());
    const average = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / values.length);
    const { value, low, high } = interval(meanOf(values), { resamples: 8000 });
    const reach = (1.96 * deviation) / Math.sqrt(values.length);
    expect(value).toBeCloseTo(average, 12);
    expect((value - low) / reach).toBeCloseTo(1, 1);
    expect((high - value) / reach).toBeCloseTo(1, 1);
  });

  it("are the same again with the same seed, and others with another", () => {
    const random = makeRandom(1);
    const score = meanOf(Array.from({ length: 50 }, () => random()));
    expect(interval(score, { seed: 4 })).toEqual(interval(score, { seed: 4 }));
    expect(interval(score, { seed: 4 })).not.toEqual(interval(score, { seed: 5 }));
  });

  it("hold the value itself, and are a point where all images are alike", () => {
    expect(interval(meanOf([1, 1, 1, 1]))).toEqual({ value: 1, low: 1, high: 1 });
    const images = Array.from({ length: 30 }, (_, i) => `${i}`);
    const random = makeRandom(2);
    const truth = images.map((_, i) => (i % 3 === 0 ? 1 : 0));
    const { value, low, high } = interval(
      meanAveragePrecision(
        images,
        truth.map((each) => 0.4 * each + random()),
        truth,
      ),
    );
    expect(low).toBeLessThan(value);
    expect(high).toBeGreaterThan(value);
  });

  it("leave out resamples in which nothing can be measured, and say NaN only when none can", () => {
    const tally = newSums(2);
    addImage(tally, "nothing", [0, 0]);
    addImage(tally, "all", [1, 1]);
    expect(interval(pooled(tally, mean))).toEqual({ value: 1, low: 1, high: 1 });
    const empty = newSums(2);
    addImage(empty, "nothing", [0, 0]);
    expect(interval(pooled(empty, mean))).toEqual({ value: Number.NaN, low: Number.NaN, high: Number.NaN });
  });

  it("refuse to measure no images, and no resamples", () => {
    expect(() => interval(meanOf([]))).toThrow("Got no images");
    expect(() => interval(meanOf([1]), { resamples: 0 })).toThrow("whole number of at least 1");
  });
});

describe("paired comparisons", () => {
  const random = makeRandom(6);
  const hard = Array.from({ length: 200 }, () => random()); // how hard each image is, for both systems
  const weak = hard.map((each) => (random() > each ? 1 : 0));
  const better = weak.map((hit) => (hit === 0 && random() < 0.15 ? 1 : hit));

  it("see a difference that two separate intervals hide", () => {
    const [a, b] = [meanOf(better), meanOf(weak)];
    const [apart, alone] = [interval(a), interval(b)];
    expect(apart.low).toBeLessThan(alone.high); // the two overlap
    const difference = compare(a, b);
    expect(difference.value).toBeCloseTo(apart.value - alone.value, 12);
    expect(difference.low).toBeGreaterThan(0);
    expect(difference.high - difference.low).toBeLessThan((apart.high - apart.low) * 0.7);
  });

  it("change sign when the systems change places, and find no difference between a system and itself", () => {
    const [a, b] = [meanOf(better), meanOf(weak)];
    const [there, back] = [compare(a, b), compare(b, a)];
    expect(back.value).toBe(-there.value);
    expect(back.low).toBeCloseTo(-there.high, 12);
    expect(compare(a, a)).toEqual({ value: 0, low: 0, high: 0 });
  });

  it("have the standard error that theory says for a mean of differences", () => {
    const [a, b] = [meanOf(better), meanOf(weak)];
    const average = compare(a, b).value;
    const variance = better.reduce<number>((sum, hit, i) => sum + (hit - weak[i] - average) ** 2, 0) / better.length;
    expect(standardError(a, b, { resamples: 4000 }) / Math.sqrt(variance / better.length)).toBeCloseTo(1, 1);
    expect(standardError(a, a)).toBe(0);
  });

  it("refuse other images, or the same in another order: the pairing would be wrong without a word", () => {
    expect(() => compare(meanOf([1, 0]), meanOf([1, 0, 1]))).toThrow("Got 2 and 3 images");
    expect(() => compare(meanOf([1, 0], ["a", "b"]), meanOf([1, 0], ["b", "a"]))).toThrow('Got "a" and "b" as image 1');
  });
});

it("each resample adds up the images once and measures once, as many times as asked for", () => {
  let measured = 0;
  const images = ["a", "b", "c"];
  const { value } = interval(
    {
      images,
      measure(times) {
        measured++;
        if (times) expect(Array.from(times).reduce((sum, count) => sum + count, 0)).toBe(images.length);
        return 1;
      },
    },
    { resamples: 100 },
  );
  expect([value, measured]).toEqual([1, 101]); // and once the images as they are
});

it("intervals lie between the two nearest values, as NumPy's percentile", () => {
  /** Each resample has the next of these values. */
  const drawing = (values: readonly number[]): Score => {
    let next = 0;
    return { images: ["a.jpg"], measure: (times) => (times ? values[next++] : 0) };
  };
  const spread = (values: readonly number[]) => {
    const { low, high } = interval(drawing(values), { resamples: values.length });
    return [low, high];
  };
  const shuffled = Array.from({ length: 41 }, (_, i) => 10 * ((i * 17) % 41));
  expect(spread(shuffled)).toEqual([expect.closeTo(10, 9), expect.closeTo(390, 9)]); // places 1 and 39
  expect(spread([0, 1, 4])).toEqual([expect.closeTo(0.05, 9), expect.closeTo(1 + 3 * 0.95, 9)]);
  expect(spread([Number.NaN, 2, 6])).toEqual([expect.closeTo(2.1, 9), expect.closeTo(5.9, 9)]);
  expect(spread([7])).toEqual([7, 7]);
});
