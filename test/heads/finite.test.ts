/** Rows with NaN or infinity: a head fitted to one such row would be wrong for all photos, and a damaged head tells one class of all. */
import { describe, expect, it } from "vitest";
import {
  fitLogistic,
  fitNeighbours,
  fitPrototypes,
  fitRidgeClassifier,
  openDepth,
  openNeighbours,
  openObjects,
  openProbe,
  openPrototypes,
  openSegmentation,
} from "../../src/heads/index.ts";
import { largestScores } from "../../src/heads/largest-scores.ts";
import { memoryVectors } from "../../src/retrieval/index.ts";
import { onOneThread as openGraph } from "./goldens.ts";
import { drawVectors, label, noise } from "./vectors.ts";

const [classes, widths] = [
  ["a", "b"],
  [2, 2],
];

/** Two batches of three rows; `bad` goes into the second one's last row, the sixth. */
function batches(bad?: number) {
  const [first, second] = [1, 2].map((seed) => ({ rows: noise(12, seed), labels: Int32Array.of(0, 1, 0) }));
  if (bad !== undefined) second.rows[9] = bad;
  return () => [first, second];
}

const fits = {
  logistic: (bad: number) => fitLogistic(batches(bad), { classes, widths, c: 1, openGraph }),
  ridge: (bad: number) => fitRidgeClassifier(batches(bad), { classes, widths, alpha: 1, openGraph }),
  neighbours: (bad: number) => fitNeighbours(batches(bad), { classes, widths, k: 2 }),
  prototypes: (bad: number) => fitPrototypes(batches(bad), { classes, widths }),
  "logistic's validation": (bad: number) =>
    fitLogistic(batches(), { classes, widths, c: [1, 10], validation: batches(bad), openGraph }),
  "ridge's validation": (bad: number) =>
    fitRidgeClassifier(batches(), { classes, widths, alpha: [1, 10], validation: batches(bad), openGraph }),
};

describe.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("%s in a row", (bad) => {
  it.each(Object.entries(fits))("is refused by the fit: %s", async (_, train) => {
    await expect(train(bad)).rejects.toMatchObject({ code: "rows", message: expect.stringMatching(/^Row [25] .* channel 1;/) });
  });

  it("is refused by predictions", async () => {
    const rows = noise(12, 3);
    rows[5] = bad;
    const { head } = await fitLogistic(batches(), { classes, widths, c: 1, openGraph });
    const opened = [
      await openProbe(head, openGraph),
      await openNeighbours(await fitNeighbours(batches(), { classes, widths, k: 2 }), openGraph),
      await openPrototypes(await fitPrototypes(batches(), { classes, widths }), openGraph),
    ];
    for (const { predict, close } of opened) {
      await expect(predict(rows)).rejects.toThrow(`Row 1 of the features has ${bad} in channel 1`);
      await close();
    }
  });
});

it("the row of a fit is counted over all batches", async () => {
  await expect(fits.logistic(Number.NaN)).rejects.toThrow("Row 5 ");
  await expect(fits.neighbours(Number.NaN)).rejects.toThrow("Row 5 ");
  await expect(fits.prototypes(Number.NaN)).rejects.toThrow("Row 5 ");
});

const map = (bad: number) => ({
  weight: { dims: [2, 4], data: Float32Array.of(0, 1, 2, 3, 4, 5, 6, bad) },
  bias: { dims: [2], data: new Float32Array(2) },
});

it.each([
  ["probe", () => openProbe({ kind: "probe", gives: "scores", names: classes, widths, tensors: map(Number.NaN) }, openGraph)],
  ["segmentation", () => openSegmentation({ kind: "segmentation", classes, widths, tensors: map(1 / 0) }, openGraph)],
  ["objects", () => openObjects({ kind: "objects", classes, widths, tensors: map(-1 / 0) }, openGraph)],
  [
    "depth",
    () => {
      const bins = { count: 2, spacing: "linear", weights: "softmax" } as const;
      return openDepth({ kind: "depth", near: 1, far: 2, bins, widths, tensors: map(Number.NaN) }, openGraph);
    },
  ],
])("a %s head with damaged weights does not open", async (kind, open) => {
  await expect(open()).rejects.toMatchObject({ code: "head", message: expect.stringContaining(`The ${kind} head's weight has`) });
});

it("neighbours with a label that is no class do not open", async () => {
  const head = await fitNeighbours(batches(), { classes, widths, k: 2 });
  head.tensors.labels.data[0] = 7;
  await expect(openNeighbours(head, openGraph)).rejects.toThrow("has the label 7; expected whole numbers from 0 to 1");
});

it("scores that overflow although weights and rows are finite are refused, not softened to NaN", async () => {
  const head = { kind: "probe", gives: "probabilities", names: classes, widths, tensors: map(3e38) } as const;
  const opened = await openProbe(head, openGraph);
  await expect(opened.predict(Float32Array.of(0, 0, 0, 3e38))).rejects.toMatchObject({ code: "not-finite" });
  await opened.close();
});

it("a mask is not made of NaN scores", () => {
  const scores = Float32Array.of(1, 2, Number.NaN, 1);
  expect(() => largestScores(scores, 2, { grid: { rows: 1, cols: 2 }, size: [2, 4] })).toThrow("NaN");
});

it("a search does not rank a vector that is not finite", async () => {
  const store = memoryVectors();
  await store.begin(JSON.stringify(label));
  const photos = [1, 2, 3].map((seed) => drawVectors(`${seed}.jpg`, seed));
  photos[0].vector[2] = Number.NaN;
  await store.put(photos);
  await expect(store.nearest("photos", noise(8, 9), 3)).rejects.toMatchObject({
    code: "index",
    message: expect.stringContaining("1.jpg"),
  });
});
