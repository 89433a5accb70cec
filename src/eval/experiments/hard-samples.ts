/** Hard samples (paper, §4.1): images that a larger model tells right and the small one does not; what S² makes good, and what it does not. */
import { S2Error } from "../../core/index.ts";
import { firstScales } from "../../features/index.ts";
import type { ImageSums } from "../../metrics/index.ts";
import type { Experiment } from "../experiment.ts";
import { comparison, evaluate, extractFeatures, openTaskSet, verdictOf } from "../judge.ts";
import { native } from "../lab.ts";
import type { Cell } from "../result.ts";

export const hardSamples: Experiment = {
  name: "hard-samples",
  title: "Hard samples: what only the larger model tells",
  question: "Of the images that a larger model tells right and the small one does not, how many does S² make good?",
  async run(lab) {
    if (!lab.larger)
      throw new S2Error("experiment", "This experiment is about what only a larger model tells right; give --larger.");
    const task = await openTaskSet(lab, "clothing", { task: "classification" });
    const all = await extractFeatures(task, lab, native(1, 2));
    const { model, larger } = lab;
    const small = await evaluate(task, lab, `${model.name}, 1x`, firstScales(all, 1));
    const scaled = await evaluate(task, lab, `${model.name}, 1x+2x`, all);
    const large = await evaluate(task, lab, `${larger.name}, 1x`, await extractFeatures(task, lab, native(1), "larger"));
    const { classes } = task.set;
    const answers = [small, scaled, large].map(({ tallies }) => answersOf(tallies.confusion, classes.length));
    const images = task.parts.test.filter(({ path }) => answers.every((each) => each.has(path)));
    const right = images.map(({ path, label }) => answers.map((each) => each.get(path) === label));
    const count = (...wanted: (boolean | null)[]) =>
      right.filter((each) => wanted.every((want, i) => want === null || each[i] === want)).length;
    const hard = images.filter((_, i) => !right[i][0] && !right[i][1] && right[i][2]);
    for (const { path, label } of hard) await lab.keepImage(task.folder, path, `${classes[label]}-${path.replaceAll("/", "-")}`);
    const missed = count(false, null, true);
    const mended = count(false, true, true);
    const sure = (wanted: boolean[]) => String(count(...wanted));
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
        `Logistic regression on [CLS] of ${task.parts.train.length} images of clothing, C chosen on ${task.parts.validation.length}, told of ${images.length}.`,
        "An image is hard here when 1x and 1x+2x of the small model are both wrong and the larger is right. The images are copied to photos/hard-samples beside this page, where no one commits them.",
      ],
      tables: [
        comparison("Top-1", [small, scaled, large], ["top-1", "mean per class"]),
        {
          title: "Who is right",
          columns: [small.name, scaled.name, large.name, "images"],
          rows: patterns.map((pattern): Cell[] => [...pattern.map((is) => (is ? "right" : "wrong")), sure(pattern)]),
        },
        {
          title: "Images that only the larger model tells right",
          columns: ["image", "is", `${small.name} says`, `${scaled.name} says`],
          rows: hard.map(({ path, label }): Cell[] => [
            ...[path, classes[label]],
            ...answers.slice(0, 2).map((each) => classes[each.get(path)!]),
          ]),
        },
      ],
      plots: [],
      findings: [
        `Of ${missed} images that ${large.name} tells right and ${small.name} does not, ${scaled.name} tells ${mended} right; ${hard.length} stay hard.`,
        `${scaled.name} also gets ${count(true, false, null)} wrong that ${small.name} had right.`,
        `Of ${count(false, null, false)} that both ${small.name} and ${large.name} get wrong, ${scaled.name} tells ${count(false, true, false)} right.`,
        verdictOf(scaled, large, "top-1"),
        verdictOf(scaled, small, "top-1"),
      ],
      seeds: [],
    };
  },
};

/** The class that each image was told to be: the one cell of its confusion matrix. */
function answersOf({ images, starts, columns }: ImageSums, classes: number): Map<string, number> {
  return new Map(images.map((image, i) => [image, columns[starts[i]] % classes]));
}
