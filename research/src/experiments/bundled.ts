/** The bundled model at one to three scales compared with its teacher at the same scales, at their costs. */
import { loadImage } from "s2-vision/node";
import { type ExperimentContext, type ExperimentModel, native, scaleName } from "../context.ts";
import { ResearchError } from "../error.ts";
import { type Evaluation, evaluate, extractFeatures, firstScales, intervalOf, openTaskSet, verdictOf } from "../evaluate.ts";
import type { Experiment } from "../experiment.ts";
import { measureTimes } from "../ladder/costs.ts";
import type { Cell } from "../result.ts";

/** A model at some scales, with the evaluation that each column of the table shows. */
interface Row {
  readonly name: string;
  readonly tiles: number;
  /** Millions an image; null for a graph in which they cannot be counted. */
  readonly multiplyAdds: string | null;
  readonly evaluations: Readonly<Record<Column, Evaluation>>;
}

const COLUMNS = {
  "kNN top-1": { set: "clothing", head: "knn", figure: "top-1" },
  "ridge top-1": { set: "clothing", head: "ridge", figure: "top-1" },
  "logistic top-1": { set: "clothing", head: "logistic", figure: "top-1" },
  "camvid mIoU": { set: "camvid", head: "ridge", figure: "mIoU" },
} as const;
type Column = keyof typeof COLUMNS;
const columns = Object.keys(COLUMNS) as Column[];

/** Numbers of scales: 1x, 1x+2x, 1x+2x+3x. */
const COUNTS = [1, 2, 3];
/** Images on which times are measured. */
const TIMED_IMAGES = 3;

export const bundled: Experiment = {
  name: "bundled",
  title: "The bundled model beside its teacher",
  question: "Does a model of 2.4 million parameters equal its teacher of 5.7 million, and what does S² add to each?",
  async run(context) {
    const { larger, model } = context;
    if (!larger)
      throw new ResearchError(
        "The experiment bundled compares a model with its teacher; give --model models/s2-tiny and the teacher as --larger.",
      );
    const students = await rowsOf(context, "model", model);
    const teachers = await rowsOf(context, "larger", larger);
    const rows = [...teachers, ...students];
    const times = await timesOf(context, [larger, model]);
    const [[teacher, , teacherThree], [one, two, three]] = [teachers, students];
    const compareRows = (a: Row, b: Row) =>
      columns.map((column) => `${column}: ${verdictOf(a.evaluations[column], b.evaluations[column], COLUMNS[column].figure)}`);
    return {
      method: [
        "Images are squashed into the model's square at each scale, from their own pixels; no image of a test split was trained on. clothing: [CLS] (the mean over the tiles of a scale), by the 20 nearest neighbors, by ridge and by logistic regression. " +
          "camvid: ridge regression of tokens on the model's grid. Regularization is chosen on val, features are standardized per channel.",
        `Tiles are runs of the model an image, multiply-adds those of all its tiles, and ms the processor's milliseconds on one thread for an image's features, once it is decoded: medians over ${TIMED_IMAGES} images of camvid. ` +
          "The student's own training is described in models/MODEL_CARD.md: it has seen other images of clothing, without labels, and none of camvid.",
      ],
      tables: [
        {
          title: "Clothing and camvid, %",
          columns: ["model", "tiles", "million multiply-adds", "ms", ...columns],
          rows: rows.map(({ name, tiles, multiplyAdds, evaluations }, i): Cell[] => [
            ...[name, String(tiles), multiplyAdds, times[i].toFixed(0)],
            ...columns.map((column) => cell(evaluations[column], column)),
          ]),
        },
        {
          title: "Percentage of the teacher's figure at one scale",
          columns: ["model", ...columns],
          rows: rows.slice(1).map((row): Cell[] => [row.name, ...columns.map((column) => percentageOf(row, teacher, column))]),
        },
      ],
      plots: [
        {
          ...{
            name: "models",
            title: "The teacher and the bundled model at one to three scales",
            kind: "bar",
            x: "model",
            y: "%",
          },
          groups: rows.map(({ name }) => name),
          series: columns.map((column) => ({
            name: column,
            values: rows.map(({ evaluations }) => cell(evaluations[column], column)),
          })),
        },
      ],
      findings: [
        ...compareRows(one, teacher),
        ...compareRows(two, one),
        ...compareRows(three, one),
        ...compareRows(three, teacher),
        ...compareRows(three, teacherThree),
      ],
      seeds: [1],
    };
  },
};

/** Measures the milliseconds of an image's features for each model at each number of scales. */
async function timesOf(context: ExperimentContext, models: readonly ExperimentModel[]): Promise<number[]> {
  const { folder, splits } = await openTaskSet(context, "camvid", { task: "segmentation" });
  const photos = await Promise.all(
    splits.test.slice(0, TIMED_IMAGES).map(async ({ path }) => loadImage(await folder.read(path))),
  );
  const timed = models.flatMap(({ model }) => COUNTS.map((count) => ({ model, config: native(...COUNTS.slice(0, count)) })));
  const measured = await measureTimes(timed, photos);
  return measured.map(({ all }) => all);
}

/** Evaluates a model at one scale, at two and at three. */
async function rowsOf(context: ExperimentContext, variant: "model" | "larger", model: ExperimentModel): Promise<Row[]> {
  const { multiplyAdds } = model.model.traits;
  const rows = COUNTS.map((count) => {
    const tiles = COUNTS.slice(0, count).reduce((sum, times) => sum + times * times, 0);
    return {
      ...{ name: `${model.name} ${scaleName(count)}`, tiles, evaluations: {} as Record<Column, Evaluation> },
      multiplyAdds: multiplyAdds === undefined ? null : ((tiles * multiplyAdds) / 1e6).toFixed(0),
    };
  });
  for (const [set, taskName] of [
    ["clothing", "classification"],
    ["camvid", "segmentation"],
  ] as const) {
    const task = await openTaskSet(context, set, { task: taskName });
    const features = await extractFeatures(task, context, native(...COUNTS), variant);
    for (const column of columns.filter((each) => COLUMNS[each].set === set))
      for (const [i, row] of rows.entries())
        row.evaluations[column] = await evaluate(task, context, row.name, firstScales(features, i + 1), {
          head: COLUMNS[column].head,
        });
  }
  return rows;
}

const cell = (evaluation: Evaluation, column: Column) => intervalOf(evaluation, COLUMNS[column].figure);

const percentageOf = (row: Row, teacher: Row, column: Column): number =>
  (100 * cell(row.evaluations[column], column).value) / cell(teacher.evaluations[column], column).value;
