/** Hard samples (paper, §4.1): images that a larger model classifies correctly and the small one does not, with and without S². */

import type { ImageSums } from "s2-vision/metrics";
import { native } from "../context.ts";
import { ResearchError } from "../error.ts";
import { comparison, evaluate, extractFeatures, firstScales, openTaskSet, verdictOf } from "../evaluate.ts";
import type { Experiment } from "../experiment.ts";
import type { Cell } from "../result.ts";

export const hardSamples: Experiment = {
  name: "hard-samples",
  title: "Hard samples: images that only the larger model classifies correctly",
  question:
    "Of the images that a larger model classifies correctly and the small one does not, how many does the small one with S²?",
  async run(context) {
    if (!context.larger) throw new ResearchError("This experiment compares with a larger model; give --larger.");
    const task = await openTaskSet(context, "clothing", { task: "classification" });
    const all = await extractFeatures(task, context, native(1, 2));
    const { model, larger } = context;
    const small = await evaluate(task, context, `${model.name}, 1x`, firstScales(all, 1));
    const scaled = await evaluate(task, context, `${model.name}, 1x+2x`, all);
    const large = await evaluate(task, context, `${larger.name}, 1x`, await extractFeatures(task, context, native(1), "larger"));
    const { classes } = task.set;
    const predictions = [small, scaled, large].map(({ sums }) => predictionsOf(sums.confusion, classes.length));
    const images = task.splits.test.filter(({ path }) => predictions.every((each) => each.has(path)));
    const correct = images.map(({ path, label }) => predictions.map((each) => each.get(path) === label));
    const count = (...pattern: (boolean | null)[]) =>
      correct.filter((each) => pattern.every((value, i) => value === null || each[i] === value)).length;
    const hard = images.filter((_, i) => !correct[i][0] && !correct[i][1] && correct[i][2]);
    for (const { path, label } of hard)
      await context.keepImage(task.folder, path, `${classes[label]}-${path.replaceAll("/", "-")}`);
    const missed = count(false, null, true);
    const corrected = count(false, true, true);
    const patterns = [
      ...[
        [true, true, true],
        [true, true, false],
        [true, false, true],
        [true, false, false],
      ],
      ...[
        [false, true, true],
        [false, true, false],
        [false, false, true],
        [false, false, false],
      ],
    ];
    return {
      method: [
        `Logistic regression on [CLS] of ${task.splits.train.length} images of clothing, C chosen on ${task.splits.validation.length}, evaluated on ${images.length}.`,
        "An image is hard here when 1x and 1x+2x of the small model are both wrong and the larger is right. The images are copied to images/hard-samples beside this page, which is not committed.",
      ],
      tables: [
        comparison("Top-1", [small, scaled, large], ["top-1", "mean per class"]),
        {
          title: "Correct predictions",
          columns: [small.name, scaled.name, large.name, "images"],
          rows: patterns.map((pattern): Cell[] => [
            ...pattern.map((isCorrect) => (isCorrect ? "correct" : "wrong")),
            String(count(...pattern)),
          ]),
        },
        {
          title: "Images that only the larger model classifies correctly",
          columns: ["image", "class", `prediction of ${small.name}`, `prediction of ${scaled.name}`],
          rows: hard.map(({ path, label }): Cell[] => [
            ...[path, classes[label]],
            ...predictions.slice(0, 2).map((each) => classes[each.get(path)!]),
          ]),
        },
      ],
      plots: [],
      findings: [
        `Of ${missed} images that ${large.name} classifies correctly and ${small.name} does not, ${scaled.name} classifies ${corrected} correctly; ${hard.length} stay hard.`,
        `${scaled.name} also gets ${count(true, false, null)} wrong that ${small.name} classifies correctly.`,
        `Of ${count(false, null, false)} that both ${small.name} and ${large.name} get wrong, ${scaled.name} classifies ${count(false, true, false)} correctly.`,
        verdictOf(scaled, large, "top-1"),
        verdictOf(scaled, small, "top-1"),
      ],
      seeds: [],
    };
  },
};

/** Returns the predicted class of each image: the one cell of its confusion matrix. */
function predictionsOf({ images, starts, columns }: ImageSums, classes: number): Map<string, number> {
  return new Map(images.map((image, i) => [image, columns[starts[i]] % classes]));
}
