/** Heads of every task on features whose answer is known: found where it is, not found where it is not, and the figures say so. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ItemOf, Task } from "../../src/datasets/index.ts";
import { takeScales } from "../../src/features/index.ts";
import { readHead, writeHead } from "../../src/heads/index.ts";
import { compare } from "../../src/metrics/index.ts";
import {
  classFigures,
  evaluateTask,
  type FeaturesOf,
  fitTask,
  openPredictor,
  TASK_HEADS,
  type TaskHead,
  type TaskHeadName,
  taskFigures,
} from "../../src/tasks/index.ts";
import { onOneThread } from "../heads/goldens.ts";
import { boxImages, classImages, type Drawn, depthImagesOf, maskImages, tokensOf } from "./drawn-tasks.ts";

const openGraph = onOneThread;
const sets = {
  classification: { task: "classification", classes: ["a", "b", "c"] },
  segmentation: { task: "segmentation", classes: ["left", "right"], ignore: 255 },
  depth: { task: "depth", classes: [] },
  counting: { task: "counting", classes: ["many", "one"] },
} as const;

/** Fits to the first half of what is drawn, choosing by the third quarter, and measures on the last. */
async function run<K extends Task>(task: K, drawn: Drawn<ItemOf[K]>, head?: TaskHeadName, features: FeaturesOf = drawn.features) {
  const set = sets[task] as unknown as { task: K; classes: readonly string[]; ignore?: number };
  const { items } = drawn;
  const [half, most] = [items.length / 2, (3 * items.length) / 4];
  const parts = { train: items.slice(0, half), validation: items.slice(half, most) };
  const fitted = await fitTask(set, parts, features, { openGraph, head });
  const tallies = await evaluateTask(fitted.head, set, items.slice(most), features, { openGraph });
  const figures = taskFigures(task, tallies);
  const measured = (name: string) => figures.find((figure) => figure.name === name)!.score.measure();
  return { ...fitted, tallies, figures, measured };
}

describe("what the features say is found", () => {
  it.each(TASK_HEADS.classification)("classes by %s", async (head) => {
    const { measured, figures, tallies } = await run("classification", classImages(120), head);
    // Prototypes weigh scales alike, whatever they are worth: the one that is noise costs them a few images.
    const least = head === "prototypes" ? 0.85 : 1;
    expect(measured("top-1")).toBeGreaterThanOrEqual(least);
    const each = classFigures("classification", tallies, ["a", "b", "c"]).map(({ score }) => score.measure());
    expect(each.reduce((sum, value) => sum + value) / 3).toBeCloseTo(measured("mean per class"), 12);
    // Scores of a ridge classifier are no probabilities, so nothing is said of their calibration; top-5 of 3 classes says nothing.
    const probable = head === "ridge" ? [] : ["Brier", "ECE"];
    expect(figures.map(({ name }) => name)).toEqual(["top-1", "mean per class", ...probable]);
  });

  it.each(TASK_HEADS.segmentation)(
    "masks by %s: all pixels but those at the border of two tokens, and none that is ignored",
    async (head) => {
      const { measured, tallies } = await run("segmentation", maskImages(24), head);
      expect(measured("mIoU")).toBeGreaterThan(0.95);
      expect(measured("aAcc")).toBeGreaterThan(0.97);
      expect(tallies.confusion.values.reduce((sum, value) => sum + value)).toBe(6 * (32 * 32 - 32));
    },
  );

  it.each(TASK_HEADS.depth)("depth by %s: within a few percent, of objects too", async (head) => {
    const { measured, tallies } = await run("depth", depthImagesOf(20), head);
    for (const name of ["AbsRel", "AbsRel of objects"]) expect(measured(name)).toBeLessThan(0.05);
    expect(measured("delta1")).toBe(1);
    const pixels = (name: string) => tallies[name].values[0];
    expect([pixels("depth"), pixels("objects")]).toEqual([255, 15]); // one of 256 pixels is not known
  });

  it("objects: which, how many, and where", async () => {
    const { measured, figures, tallies } = await run("counting", boxImages(72));
    expect(measured("presence mAP")).toBe(1);
    expect(measured("count MAE")).toBeLessThan(0.2); // of 0.58 for who always says the mean: 1 of 0, 1, 2 and 0.5 of 0, 1
    expect([measured("recall all"), measured("recall small")]).toEqual([1, 1]);
    expect(figures.map(({ name }) => name)).not.toContain("recall large"); // there is no large object
    expect(classFigures("counting", tallies, ["many", "one"]).map(({ score }) => score.measure())).toEqual([1, 1]);
  });
});

describe("what the features do not say is not found", () => {
  it("the scale without the answer is at chance, and the comparison on the same images says that the other is better", async () => {
    const drawn = classImages(240);
    const noise: FeaturesOf = (path) => takeScales(drawn.tokens.get(path)!, [0]);
    const [both, first] = [await run("classification", drawn), await run("classification", drawn, undefined, noise)];
    expect(first.measured("top-1")).toBeLessThan(0.6);
    const { value, low } = compare(both.figures[0].score, first.figures[0].score);
    expect(value).toBeGreaterThan(0.4);
    expect(low).toBeGreaterThan(0.2);
  });
});

describe("images and heads that do not fit", () => {
  it("images without features are in no figure and stop nothing", async () => {
    const drawn = classImages(120);
    const some: FeaturesOf = (path) => (["3.png", "60.png", "119.png"].includes(path) ? undefined : drawn.tokens.get(path));
    const { tallies } = await run("classification", drawn, undefined, some);
    expect([tallies.confusion.images.length, tallies.confusion.images.includes("119.png")]).toEqual([29, false]);
    const nothing = fitTask(sets.classification, { train: drawn.items, validation: [] }, () => undefined, { openGraph });
    await expect(nothing).rejects.toThrow("None of the 120 training images has features");
  });

  it("one class alone, or a head of another task, is refused with what is right", async () => {
    const { items, features } = classImages(30);
    const same = items.filter(({ label }) => label === 1);
    const fitTo = (train: typeof items, head?: TaskHeadName) =>
      fitTask(sets.classification, { train, validation: items }, features, { openGraph, head });
    await expect(fitTo(same)).rejects.toThrow('The training images have one class, "b"; give images of two classes or more');
    await expect(fitTo(items, "bins")).rejects.toThrow(
      'Got the head "bins" for classification; expected logistic, ridge, knn, prototypes.',
    );
  });

  it("features of other scales are refused", async () => {
    const drawn = classImages(60);
    const { head } = await run("classification", drawn);
    const opened = await openPredictor(head, openGraph);
    await expect(opened.predict(takeScales(drawn.tokens.get("0.png")!, [0]))).rejects.toMatchObject({ code: "rows" });
    await opened.close();
  });

  it("a head of no task is refused", async () => {
    const head = { kind: "probe", tensors: {} } as unknown as TaskHead;
    await expect(openPredictor(head, openGraph)).rejects.toThrow(
      'The head of kind "probe" names no task; expected classification',
    );
  });
});

it("a head that was written and read back tells the same, of every task", async () => {
  const cases = [
    ...TASK_HEADS.classification.map((name) => ["classification", classImages(40), name] as const),
    ...TASK_HEADS.depth.map((name) => ["depth", depthImagesOf(8), name] as const),
  ];
  for (const [task, drawn, name] of cases) {
    const { head } = await run(task, drawn as Drawn<ItemOf[typeof task]>, name);
    const { json, weights } = writeHead(head);
    const tokens = drawn.tokens.get("1.png")!;
    const tell = async (one: TaskHead) => {
      const opened = await openPredictor(one, openGraph);
      const shown = await opened.predict(tokens);
      await opened.close();
      return shown;
    };
    expect(await tell(readHead(json, weights) as TaskHead)).toEqual(await tell(head));
  }
});

it("the pooling cls+mean keeps scales apart: any split of the channels gives the head twice their channelsPerScale", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 7 }), async (cut) => {
      const { items, tokens } = classImages(24);
      const features: FeaturesOf = (path) => ({ ...tokens.get(path)!, channelsPerScale: [cut, 8 - cut] });
      const parts = { train: items.slice(0, 18), validation: items.slice(18) };
      const { head } = await fitTask(sets.classification, parts, features, { openGraph, head: "ridge", pooling: "cls+mean" });
      expect(head).toMatchObject({ task: "classification", pooling: "cls+mean", channelsPerScale: [2 * cut, 16 - 2 * cut] });
    }),
    { numRuns: 7 },
  );
});

it("a box is found by the tokens that it touches, by a pixel, and by no others", async () => {
  const { head } = await run("counting", boxImages(72));
  /** Recall of one box of class 0 where the features show one object, in the token at `place` of 4 x 4 tokens of 8 pixels. */
  const recall = async (place: number, left: number, top: number, width: number, height: number) => {
    const box = { left, top, width, height, label: 0 };
    const item = { path: "a", size: [32, 32] as const, classes: [0], labelPath: "a", boxes: [box] };
    const tokens = tokensOf(1, (at) => (at === place ? [1] : []));
    const figures = taskFigures("counting", await evaluateTask(head, sets.counting, [item], () => tokens, { openGraph }));
    return figures.find(({ name }) => name === "recall all")!.score.measure();
  };
  // The token in row 0 and column 1 begins at 8 and ends at 16.
  expect(await recall(1, 8, 0, 8, 8)).toBe(1);
  expect(await recall(1, 15, 0, 8, 8)).toBe(1);
  expect(await recall(1, 16, 0, 8, 8)).toBe(0);
  expect(await recall(1, 0, 0, 9, 8)).toBe(1);
  expect(await recall(1, 0, 0, 8, 8)).toBe(0);
  // The one in row 1 and column 0.
  expect(await recall(4, 0, 15, 8, 8)).toBe(1);
  expect(await recall(4, 0, 16, 8, 8)).toBe(0);
  expect(await recall(4, 0, 0, 8, 9)).toBe(1);
  expect(await recall(4, 0, 0, 8, 8)).toBe(0);
  expect(await recall(15, 24, 24, 8, 8)).toBe(1); // the last one
});
