/** The models that come along (paper, Table 4, at our scale): do s2-tiny and s2-tiny-ms with S² reach their teacher, and at how many tiles? */
import { S2Error } from "../../core/index.ts";
import { firstScales } from "../../features/index.ts";
import type { Experiment } from "../experiment.ts";
import { type Evaluation, evaluate, extractFeatures, intervalOf, openTaskSet, verdictOf } from "../judge.ts";
import { type ExperimentContext, type ModelVariant, native, scaleName } from "../lab.ts";
import type { Cell } from "../result.ts";

/** A model at some scales: what each column of the table shows of it. */
interface Row {
  readonly name: string;
  readonly tiles: number;
  readonly judged: Readonly<Record<Column, Evaluation>>;
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
  async run(lab) {
    if (!lab.larger || !lab.other)
      throw new S2Error(
        "experiment",
        "The experiment bundled compares three models; give --model models/s2-tiny, --other models/s2-tiny-ms and their teacher as --larger.",
      );
    const rows = [
      ...(await rowsOf(lab, "larger", lab.larger.name, 1)),
      ...(await rowsOf(lab, "model", lab.model.name, 3)),
      ...(await rowsOf(lab, "other", lab.other.name, 3)),
    ];
    const [teacher, one, two, , , otherTwo] = rows;
    const told = (a: Row, b: Row) =>
      columns.map((column) => `${column}: ${verdictOf(a.judged[column], b.judged[column], COLUMNS[column].figure)}`);
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
          rows: rows.map(({ name, tiles, judged }): Cell[] => [
            name,
            String(tiles),
            ...columns.map((column) => cell(judged[column], column)),
          ]),
        },
        {
          title: "Of the teacher's figure, %",
          columns: ["model", ...columns],
          rows: rows.slice(1).map((row): Cell[] => [row.name, ...columns.map((column) => share(row, teacher, column))]),
        },
      ],
      plots: [
        {
          ...{ name: "models", title: "Students at one to three scales, and the teacher", kind: "bar", x: "model", y: "%" },
          groups: rows.map(({ name }) => name),
          series: columns.map((column) => ({ name: column, values: rows.map(({ judged }) => cell(judged[column], column)) })),
        },
      ],
      findings: [...told(one, teacher), ...told(two, one), ...told(otherTwo, two)],
      seeds: [1],
    };
  },
};

/** The model at one scale, two and so on. */
async function rowsOf(lab: ExperimentContext, which: ModelVariant, model: string, most: number): Promise<Row[]> {
  const counts = Array.from({ length: most }, (_, i) => i + 1);
  const rows = counts.map((count) => ({
    name: `${model} ${scaleName(count)}`,
    tiles: counts.slice(0, count).reduce((sum, times) => sum + times * times, 0),
    judged: {} as Record<Column, Evaluation>,
  }));
  for (const [set, kind] of [
    ["clothing", "classification"],
    ["camvid", "segmentation"],
  ] as const) {
    const task = await openTaskSet(lab, set, { task: kind });
    const features = await extractFeatures(task, lab, native(...counts), which);
    for (const column of columns.filter((each) => COLUMNS[each].set === set))
      for (const [i, row] of rows.entries())
        row.judged[column] = await evaluate(task, lab, row.name, firstScales(features, i + 1), { head: COLUMNS[column].head });
  }
  return rows;
}

const cell = (judged: Evaluation, column: Column) => intervalOf(judged, COLUMNS[column].figure);

const share = (row: Row, teacher: Row, column: Column): number =>
  (100 * cell(row.judged[column], column).value) / cell(teacher.judged[column], column).value;
