/** The bundled models (paper, Table 4, at our scale): s2-tiny and s2-tiny-ms with S² compared with their teacher. */
import { type ExperimentContext, type ModelVariant, native, scaleName } from "../context.ts";
import { ResearchError } from "../error.ts";
import { type Evaluation, evaluate, extractFeatures, firstScales, intervalOf, openTaskSet, verdictOf } from "../evaluate.ts";
import type { Experiment } from "../experiment.ts";
import type { Cell } from "../result.ts";

/** A model at some scales, with the evaluation that each column of the table shows. */
interface Row {
  readonly name: string;
  readonly tiles: number;
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

export const bundled: Experiment = {
  name: "bundled",
  title: "The bundled models beside their teacher",
  question:
    "Does a model of two million parameters with S² reach its teacher, which is three times as large, and does training with S² in the loop help?",
  async run(context) {
    if (!context.larger || !context.other)
      throw new ResearchError(
        "The experiment bundled compares three models; give --model models/s2-tiny, --other models/s2-tiny-ms and their teacher as --larger.",
      );
    const rows = [
      ...(await rowsOf(context, "larger", context.larger.name, 1)),
      ...(await rowsOf(context, "model", context.model.name, 3)),
      ...(await rowsOf(context, "other", context.other.name, 3)),
    ];
    const [teacher, one, two, , , otherTwo] = rows;
    const compareRows = (a: Row, b: Row) =>
      columns.map((column) => `${column}: ${verdictOf(a.evaluations[column], b.evaluations[column], COLUMNS[column].figure)}`);
    return {
      method: [
        "Images are squashed into the model's square at each scale, from their own pixels; no image of a test split was trained on. clothing: [CLS] (the mean over the tiles of a scale), by the 20 nearest neighbors, by ridge and by logistic regression. " +
          "camvid: ridge regression of tokens on the model's grid. Regularization is chosen on val, features are standardized per channel.",
        "Tiles are runs of the model an image. One run of a student is a third of the teacher's multiplications.",
      ],
      tables: [
        {
          title: "Clothing and camvid, %",
          columns: ["model", "tiles", ...columns],
          rows: rows.map(({ name, tiles, evaluations }): Cell[] => [
            name,
            String(tiles),
            ...columns.map((column) => cell(evaluations[column], column)),
          ]),
        },
        {
          title: "Percentage of the teacher's figure",
          columns: ["model", ...columns],
          rows: rows.slice(1).map((row): Cell[] => [row.name, ...columns.map((column) => percentageOf(row, teacher, column))]),
        },
      ],
      plots: [
        {
          ...{ name: "models", title: "Students at one to three scales, and the teacher", kind: "bar", x: "model", y: "%" },
          groups: rows.map(({ name }) => name),
          series: columns.map((column) => ({
            name: column,
            values: rows.map(({ evaluations }) => cell(evaluations[column], column)),
          })),
        },
      ],
      findings: [...compareRows(one, teacher), ...compareRows(two, one), ...compareRows(otherTwo, two)],
      seeds: [1],
    };
  },
};

/** Evaluates the model at one scale, two and so on. */
async function rowsOf(context: ExperimentContext, variant: ModelVariant, model: string, most: number): Promise<Row[]> {
  const counts = Array.from({ length: most }, (_, i) => i + 1);
  const rows = counts.map((count) => ({
    name: `${model} ${scaleName(count)}`,
    tiles: counts.slice(0, count).reduce((sum, times) => sum + times * times, 0),
    evaluations: {} as Record<Column, Evaluation>,
  }));
  for (const [set, taskName] of [
    ["clothing", "classification"],
    ["camvid", "segmentation"],
  ] as const) {
    const task = await openTaskSet(context, set, { task: taskName });
    const features = await extractFeatures(task, context, native(...counts), variant);
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
