/** Ridge regression's bookkeeping: a wrong choice among alphas, or rows without a class that count, gives a worse head without a word. */
import { expect, it } from "vitest";
import { type FitProgress, fitLogistic, fitRidge, fitRidgeClassifier } from "../../src/heads/index.ts";
import type { OpenGraph } from "../../src/onnx/index.ts";
import { onOneThread as openGraph, relativeDifference } from "./goldens.ts";
import { noise } from "./vectors.ts";

const channelsPerScale = [2, 2];
const features = noise(24, 1); // 6 rows
const targets = Float32Array.from({ length: 6 }, (_, i) => features[4 * i] + 0.5 * features[4 * i + 3]);
const options = { names: ["a"], channelsPerScale, openGraph };
const held = () => [{ features: features, targets }]; // the rows of the fit: the smaller alpha is the better

it.each([[[1, 100]], [[100, 1]], [[100, 1, 10]]])("takes the best of the alphas %j, and says what it tried", async (alpha) => {
  const seen: FitProgress[] = [];
  const onProgress = (progress: FitProgress) => void (progress.step.startsWith("alpha") && seen.push(progress));
  const { head, chosen, trials } = await fitRidge(held, { ...options, alpha, validation: held, onProgress });
  const alone = await fitRidge(held, { ...options, alpha: 1 });
  expect(head.tensors).toEqual(alone.head.tensors);
  expect(chosen).toMatchObject({ regularization: 1, iterations: 0, converged: true });
  expect(trials.map(({ regularization }) => regularization)).toEqual(alpha);
  expect(seen).toEqual(
    trials.map(({ regularization, loss }, i) => ({ step: `alpha = ${regularization}`, done: i + 1, of: alpha.length, loss })),
  );
});

it("takes the first of equals", async () => {
  const { chosen, trials } = await fitRidge(held, { ...options, alpha: [1, 1], validation: held });
  expect(chosen).toBe(trials[0]);
});

it("classes: rows whose label is no class do not count", async () => {
  const classes = ["a", "b"];
  const fitted = (given: Float32Array, labels: number[]) =>
    fitRidgeClassifier(() => [{ features: given, labels: Int32Array.from(labels) }], {
      classes,
      channelsPerScale,
      alpha: 1,
      openGraph,
    });
  const { head } = await fitted(features.subarray(0, 12), [0, 1, 1]);
  const { head: same } = await fitted(features, [0, 1, 1, -1, 2, 255]); // other rows, which would change mean and deviation
  expect(relativeDifference(same.tensors.weight.data, head.tensors.weight.data)).toBeLessThan(1e-6);
  expect(relativeDifference(same.tensors.bias.data, head.tensors.bias.data)).toBeLessThan(1e-6);
});

it("closes its graphs, also when the fit fails", async () => {
  let open = 0;
  const counting: OpenGraph = async (file) => {
    const graph = await openGraph(file);
    open++;
    return {
      run: (feeds) => graph.run(feeds),
      async close() {
        open--;
        await graph.close();
      },
    };
  };
  const labels = Int32Array.of(0, 1, 0, 1, 0, 1);
  const common = { classes: ["a", "b"], channelsPerScale, openGraph: counting };
  await fitRidge(held, { ...options, alpha: 1, openGraph: counting });
  await fitLogistic(() => [{ features, labels }], { ...common, c: 1 });
  await expect(
    fitRidge(() => [{ features, targets, weights: new Float32Array(6) }], { ...options, alpha: 1, openGraph: counting }),
  ).rejects.toThrow("No row");
  await expect(fitLogistic(() => [{ features, labels: labels.map(() => 9) }], { ...common, c: 1 })).rejects.toThrow("No row");
  expect(open).toBe(0);
});
