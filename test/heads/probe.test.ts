/** Linear probes against scikit-learn on the same features, and what a fit does with what it cannot use. */
import { describe, expect, it } from "vitest";
import { softLabelLoss } from "../../src/heads/cross-entropy.ts";
import { fitWithLbfgs } from "../../src/heads/fit-lbfgs.ts";
import {
  type FitProgress,
  fitLogistic,
  fitRidge,
  fitRidgeClassifier,
  type LabeledBatch,
  openProbe,
  readHead,
  type TargetBatch,
  writeHead,
} from "../../src/heads/index.ts";
import { standardizationOf, standardizationOfFeatures } from "../../src/heads/standardize.ts";
import {
  casesOf,
  goldenWidths as channelsPerScale,
  goldenClasses as classes,
  classesOf,
  floats,
  goldenRows,
  inBatches,
  largestDifference,
  onOneThread as openGraph,
  relativeDifference,
  rightOnes,
} from "./goldens.ts";

const [train, validation, test] = [goldenRows("train"), goldenRows("validation"), goldenRows("test")];
const common = { classes, channelsPerScale, openGraph };

describe("logistic regression", () => {
  it.each(casesOf(/^logistic/))("gives scikit-learn's probabilities within 1e-3 and its accuracy: %s", async (_, golden) => {
    const { head, chosen } = await fitLogistic(() => [train], { ...common, c: golden.c, validation: () => [validation] });
    const probe = await openProbe(head, openGraph);
    const probabilities = await probe.predict(test.features);
    expect(largestDifference(probabilities, floats(golden, "probabilities"))).toBeLessThan(1e-3);
    expect(rightOnes(classesOf(probabilities, classes.length), test.labels)).toBe(golden.right);
    expect(chosen.validation).toBeCloseTo(golden.validation, 3);
    expect(chosen.converged).toBe(true);
  });

  it.each(casesOf(/^shares/))("of fractions of classes gives scikit-learn's of weighted rows", async (_, { c, ...golden }) => {
    const batches = () => [{ features: train.features, fractions: floats(golden as never, "shares") }];
    const { map } = await fitWithLbfgs(batches, softLabelLoss(4), {
      channelsPerScale,
      openGraph,
      penalty: "c",
      regularization: c,
    });
    const head = {
      kind: "probe" as const,
      gives: "probabilities" as const,
      names: classes,
      channelsPerScale,
      tensors: { ...map },
    };
    const probabilities = await (await openProbe(head, openGraph)).predict(test.features);
    expect(largestDifference(probabilities, floats(golden as never, "probabilities"))).toBeLessThan(1e-3);
  });

  it("chooses the regularization with the least validation loss and tells of all", async () => {
    const options = { ...common, c: [0.01, 1, 30], validation: () => [validation] };
    const { head, chosen, trials } = await fitLogistic(() => [train], options);
    expect(trials.map(({ regularization }) => regularization)).toEqual([0.01, 1, 30]);
    expect(chosen).toEqual(trials[1]); // as the goldens' validation losses have it
    const alone = await fitLogistic(() => [train], { ...common, c: 1 });
    expect(relativeDifference(head.tensors.weight.data, alone.head.tensors.weight.data)).toBeLessThan(1e-3);
  });

  it("is the same whatever the batches, and bit for bit in a second run of the same", async () => {
    const fitted = async (size: number) => {
      const { head } = await fitLogistic(() => streamed(inBatches(train, size)), { ...common, c: 1 });
      return head.tensors.weight.data;
    };
    const [whole, small] = [await fitted(240), await fitted(33)];
    expect(relativeDifference(small, whole)).toBeLessThan(1e-3);
    expect(await fitted(33)).toEqual(small);
  });

  it("leaves rows out whose label is no class, also from mean and deviation", async () => {
    const labels = train.labels.map((label, i) => (i % 3 === 0 ? 255 : i % 7 === 0 ? -1 : label));
    const features = train.features.map((value, i) => (labels[Math.floor(i / 24)] in classes ? value : 50 * value));
    const kept = [...labels.keys()].filter((i) => labels[i] in classes);
    const rows = kept.flatMap((i) => [...train.features.subarray(24 * i, 24 * (i + 1))]);
    const alone = { features: Float32Array.from(rows), labels: Int32Array.from(kept, (i) => labels[i]) };
    for (const fitted of [
      (batch: LabeledBatch) => fitLogistic(() => [batch], { ...common, c: 1 }),
      (batch: LabeledBatch) => fitRidgeClassifier(() => [batch], { ...common, alpha: 1 }),
    ]) {
      const [{ head }, { head: expected }] = [await fitted({ features, labels }), await fitted(alone)];
      expect(relativeDifference(head.tensors.weight.data, expected.tensors.weight.data)).toBeLessThan(1e-4);
    }
  });

  it("stops when it is aborted, with the signal's reason, and says how far it is until then", async () => {
    const stop = new AbortController();
    const seen: FitProgress[] = [];
    const onProgress = (progress: FitProgress) => {
      seen.push(progress);
      if (progress.done === 3 && progress.step === "c = 1") stop.abort(new Error("enough"));
    };
    await expect(fitLogistic(() => [train], { ...common, c: 1, signal: stop.signal, onProgress })).rejects.toThrow("enough");
    expect(seen[0]).toEqual({ step: "statistics", done: 240 });
    expect(seen.at(-1)).toMatchObject({ step: "c = 1", done: 3, of: 1000 });
    expect(seen.at(-1)!.loss).toBeLessThan(seen.at(-2)!.loss!);
  });

  it("refuses what it cannot fit, in words", async () => {
    const fitted = (given: LabeledBatch, more = {}) => fitLogistic(() => [given], { ...common, c: 1, ...more });
    const broken = train.features.slice();
    broken[24 * 7 + 5] = Number.NaN;
    await expect(fitted({ ...train, features: broken })).rejects.toThrow(
      "Row 7 of the features has NaN in channel 5; expected finite numbers",
    );
    await expect(fitted({ ...train, labels: train.labels.map(() => 9) })).rejects.toThrow("No row has a label");
    await expect(fitted(train, { channelsPerScale: [16, 9] })).rejects.toThrow("for rows of 25 channels");
    await expect(fitLogistic(() => [], { ...common, c: 1 })).rejects.toThrow("There are no rows");
    await expect(fitted(train, { c: [0.1, 1] })).rejects.toThrow("2 values of c and no validation rows");
    await expect(fitted(train, { c: 0 })).rejects.toThrow("c is [0]; expected positive numbers");
  });
});

describe("ridge", () => {
  it.each(casesOf(/^(weighted )?ridge \d/))("has scikit-learn's coefficients within 1e-5: %s", async (_, golden) => {
    const weights = golden.weights ? floats(golden, "weights") : undefined;
    const features = { features: train.features, targets: floats(golden, "targets"), ...(weights && { weights }) };
    const { head } = await fitRidge(() => thirds(features), {
      names: ["a", "b", "c"],
      channelsPerScale,
      alpha: golden.alpha,
      openGraph,
    });
    expect(eachRelative(head.tensors.weight.data, floats(golden, "weight"))).toBeLessThan(1e-5);
    expect(eachRelative(head.tensors.bias.data, floats(golden, "bias"))).toBeLessThan(1e-5);
  });

  it.each(casesOf(/^ridge classifier/))("tells classes as scikit-learn's: %s", async (_, golden) => {
    const { head } = await fitRidgeClassifier(() => inBatches(train, 100), { ...common, alpha: golden.alpha });
    const scores = await (await openProbe(head, openGraph)).predict(test.features);
    expect(largestDifference(scores, floats(golden, "scores"))).toBeLessThan(1e-4);
    expect(rightOnes(classesOf(scores, classes.length), test.labels)).toBe(golden.right);
  });

  it("knows its losses from the products: those of the values that it predicts", async () => {
    const [[, golden]] = casesOf(/^ridge 10/);
    const targets = floats(golden, "targets");
    const held = { features: train.features.subarray(0, 50 * 24), targets: targets.subarray(0, 50 * 3) };
    const options = { names: ["a", "b", "c"], channelsPerScale, alpha: [0.1, 10, 1e4], openGraph, validation: () => [held] };
    const { head, chosen, trials } = await fitRidge(() => [{ features: train.features, targets }], options);
    const values = await (await openProbe(head, openGraph)).predict(held.features);
    const loss = values.reduce((sum, value, i) => sum + (value - held.targets[i]) ** 2, 0) / 50;
    expect(chosen.validation! / loss).toBeCloseTo(1, 5);
    expect(chosen.validation).toBe(Math.min(...trials.map((trial) => trial.validation!)));
  });

  it("reports the loss that it minimizes: the mean square and the penalty, divided by the rows", async () => {
    // Standardized already: zᵀz = 2 and zᵀt = 2, so with alpha 2 the weight is 1/2, each row is off by 1/2 and the penalty is 2/4 over 2 rows.
    const features = { features: Float32Array.of(-1, 1), targets: Float32Array.of(0, 2) };
    const { chosen } = await fitRidge(() => [features], { names: ["a"], channelsPerScale: [1], alpha: 2, openGraph });
    expect(chosen.loss).toBeCloseTo(0.25 + 0.25, 6);
  });

  it("leaves rows without weight out, and refuses when none is left", async () => {
    const [[, golden]] = casesOf(/^ridge 10/);
    const features = { features: train.features, targets: floats(golden, "targets"), weights: new Float32Array(240) };
    const options = { names: ["a", "b", "c"], channelsPerScale, alpha: 10, openGraph };
    await expect(fitRidge(() => [features], options)).rejects.toThrow("No row has a label, a target, a weight");
    const nonsense = features.targets.map((value, i) => (i < 300 ? 1e6 : value));
    const weightOf = async (given: TargetBatch) => (await fitRidge(() => [given], options)).head.tensors.weight.data;
    const weights = Float32Array.from({ length: 240 }, (_, i) => (i < 100 ? 0 : 1));
    const same = await weightOf({ ...features, weights });
    expect(relativeDifference(await weightOf({ ...features, targets: nonsense, weights }), same)).toBeLessThan(1e-6);
  });

  it("refuses an alpha that rounding swallows", async () => {
    const features = new Float32Array(40 * 24).map((_, i) => Math.sin(i % 24) * Math.floor(i / 24)); // rank 1
    const options = { names: ["a"], channelsPerScale, alpha: 1e-18, openGraph };
    await expect(fitRidge(() => [{ features, targets: new Float32Array(40).fill(1) }], options)).rejects.toThrow(
      "alpha is 1e-18",
    );
  });
});

it("a probe is saved and read back to the same predictions, and refuses rows of another width", async () => {
  const { head } = await fitRidgeClassifier(() => [train], { ...common, alpha: 1 });
  const { json, weights } = writeHead(head);
  const [first, again] = [await openProbe(head, openGraph), await openProbe(readHead(json, weights) as typeof head, openGraph)];
  expect(await again.predict(test.features)).toEqual(await first.predict(test.features));
  await expect(again.predict(test.features.subarray(0, 25))).rejects.toThrow("Got 25 numbers for rows of 24 channels");
  await expect(openProbe({ ...head, names: ["one"] }, openGraph)).rejects.toThrow("weight is [4, 24]");
});

it("features are standardized with the same weight for each scale, and a constant channel is left alone", async () => {
  const n = 4000;
  const features = Float32Array.from({ length: n * 24 }, (_, i) => (i % 24 === 3 ? 7 : Math.sin(i * i) * (1 + (i % 24)) + 100));
  const { mean, factor } = await standardizationOf(() => [{ features }], channelsPerScale, {});
  const power = (from: number, to: number) => {
    let sum = 0;
    for (let row = 0; row < n; row++)
      for (let c = from; c < to; c++) sum += ((features[row * 24 + c] - mean[c]) * factor[c]) ** 2;
    return sum / n;
  };
  expect(power(16, 24)).toBeCloseTo(12, 3);
  expect(power(0, 16)).toBeCloseTo((12 * 15) / 16, 3); // one of its channels tells nothing
  expect(mean[3]).toBe(7);
  expect(factor[3]).toBeCloseTo(Math.sqrt(24 / 32), 6);
});

const eachRelative = (got: Float32Array, expected: Float32Array) =>
  got.reduce((most, value, i) => Math.max(most, Math.abs(value / expected[i] - 1)), 0);

async function* streamed<T>(batches: readonly T[]) {
  for (const batch of batches) yield batch;
}

function thirds({ features, targets, weights }: TargetBatch): TargetBatch[] {
  return [0, 1, 2].map((i) => ({
    features: features.subarray(i * 80 * 24, (i + 1) * 80 * 24),
    targets: targets.subarray(i * 80 * 3, (i + 1) * 80 * 3),
    ...(weights && { weights: weights.subarray(i * 80, (i + 1) * 80) }),
  }));
}

it("a deviation within float32's noise counts as none, a larger one is divided by", () => {
  // Means 0 and 2 ** 22, of which a millionth is 4.2; deviations 0, 2 and 8.
  const rows = Float32Array.from([0, 2 ** 22 - 2, 2 ** 22 - 8, 0, 2 ** 22 + 2, 2 ** 22 + 8]);
  expect([...standardizationOfFeatures(rows, [3]).factor]).toEqual([1, 1, 1 / 8]);
});
