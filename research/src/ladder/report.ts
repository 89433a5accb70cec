/** The page of the ladder: tables, plots and sentences, made from the rows that are there. */
import { shownFigure, verdictOf } from "../evaluate.ts";
import type { Cell, CurvePlot, Outcome, Table } from "../result.ts";
import {
  type BenchRows,
  bestOnValidation,
  bestSize,
  byBench,
  decidingFigure,
  findRow,
  gainOver,
  intervalOnce,
  type Verdict,
  verdictFor,
} from "./compare-rows.ts";
import type { Times } from "./costs.ts";
import type { EvaluatedRow } from "./evaluate-rows.ts";
import { type LadderReport, methodOf } from "./method.ts";
import { ALL_SCALES, FINE_GRID, PROJECTED, SEED } from "./rows.ts";
import { type LadderModel, MODELS, PRESETS, SETS } from "./tables.ts";

const [QUARTER, HALF, , FULL, STUDENT, TEACHER] = MODELS;
const TWO_SCALES = "1x+2x";

interface Comparison {
  readonly name: string;
  readonly of: (rows: BenchRows) => readonly [a: EvaluatedRow | undefined, b: EvaluatedRow | undefined];
}

/** Two rows by model and features; without features the whole image at the best size. */
function comparison(a: readonly [LadderModel, string?], b: readonly [LadderModel, string?]): Comparison {
  const nameOf = ([{ name }, features = "best size"]: readonly [LadderModel, string?]) => `${name}, ${features}`;
  const find = (rows: BenchRows, [model, features]: readonly [LadderModel, string?]) =>
    features ? findRow(rows, model, features) : bestSize(rows, model);
  return { name: `${nameOf(a)} against ${nameOf(b)}`, of: (rows) => [find(rows, a), find(rows, b)] };
}

/** At 574 and 569 million multiply-adds: what the paper's title asks. */
const EQUAL_WORK = comparison([QUARTER, ALL_SCALES], [FULL, "1x"]);

const COMPARISONS: readonly Comparison[] = [
  EQUAL_WORK,
  comparison([QUARTER, FINE_GRID], [FULL, "1x"]),
  comparison([QUARTER, TWO_SCALES], [HALF, "1x"]),
  comparison([HALF, TWO_SCALES], [FULL, "1x"]),
  comparison([STUDENT, TWO_SCALES], [TEACHER, "1x"]),
  comparison([QUARTER, ALL_SCALES], [QUARTER, "1x"]),
  comparison([FULL, ALL_SCALES], [FULL, "1x"]),
  comparison([QUARTER, PROJECTED], [QUARTER, "1x"]),
  comparison([QUARTER, ALL_SCALES], [QUARTER]),
  comparison([FULL, ALL_SCALES], [FULL]),
  comparison([QUARTER, ALL_SCALES], [FULL, ALL_SCALES]),
  comparison([QUARTER, ALL_SCALES], [FULL]),
  ...PRESETS.flatMap(({ name }) => [
    comparison([QUARTER, name], [FULL, "1x"]),
    comparison([QUARTER, name], [QUARTER, ALL_SCALES]),
    comparison([STUDENT, name], [STUDENT, ALL_SCALES]),
    comparison([TEACHER, name], [TEACHER, ALL_SCALES]),
  ]),
];

/** Millions of multiply-adds an image. */
const BUDGETS = [50, 200, 600, 1500, 5000];
/** Milliseconds an image. */
const TIME_BUDGETS = [12, 25, 50, 100, 200];
/** Some figures are errors of less than a unit. */
const DIGITS = 2;
const FAMILY = "mobilenet_v1/";

export function reportLadder(unsorted: readonly EvaluatedRow[], report: LadderReport): Outcome {
  const setOrder = ({ bench }: EvaluatedRow) => SETS.indexOf(bench.set);
  const order = (row: EvaluatedRow) => MODELS.findIndex(({ path }) => path === row.model.path);
  const benches = byBench([...unsorted].sort((a, b) => setOrder(a) - setOrder(b) || order(a) - order(b)));
  return {
    method: methodOf(report),
    tables: [
      ...equalWorkTable(benches, report.times),
      differencesTable(benches),
      budgetTable(benches, "a budget of multiply-adds", BUDGETS, "M", ({ multiplyAdds }) => multiplyAdds / 1e6),
      budgetTable(
        benches,
        "a time for each image",
        TIME_BUDGETS,
        "ms",
        ({ test }) => report.times.get(test.name)?.all ?? Number.POSITIVE_INFINITY,
      ),
      ...benches.map((rows) => allRows(rows, report.times)),
    ],
    plots: benches.filter(({ bench }) => bench.name === bench.set.name).map(curves),
    findings: findingsOf(benches),
    seeds: [SEED],
  };
}

const millions = (count: number): string => String(Math.round(count / 1e6));

const titleOf = (figure: string, row: EvaluatedRow): string => {
  const { unit } = shownFigure(row.test, figure).measure;
  return `${figure}${unit === "points" ? ", %" : unit ? `, ${unit}` : ""}`;
};

const deciding = (row: EvaluatedRow) => intervalOnce(row.test, decidingFigure(row));

/** Everything that is known of the question at equal work, also where the larger model wins. */
function equalWorkTable(benches: readonly BenchRows[], times: LadderReport["times"]): Table[] {
  const rows = benches.flatMap((all): Cell[][] => {
    const [small, large] = EQUAL_WORK.of(all);
    if (!small || !large) return [];
    const [fine, size, scaled] = [findRow(all, QUARTER, FINE_GRID), bestSize(all, FULL), findRow(all, FULL, ALL_SCALES)];
    return [
      [
        `${all.bench.name}: ${titleOf(decidingFigure(small), small)}`,
        ...[deciding(small), deciding(large), gainOver(small, large)],
        fine ? deciding(fine) : null,
        size ? `${deciding(size).value.toFixed(DIGITS)} (${size.features}, ${millions(size.multiplyAdds)} M)` : null,
        scaled ? `${deciding(scaled).value.toFixed(DIGITS)} (${millions(scaled.multiplyAdds)} M)` : null,
      ],
    ];
  });
  if (rows.length === 0) return [];
  const [small, large] = benches.map(EQUAL_WORK.of).find(([a, b]) => a && b)!;
  const cost = (row: EvaluatedRow) =>
    `${row.test.name} (${millions(row.multiplyAdds)} M, ${times.get(row.test.name)?.all.toFixed(0) ?? "?"} ms)`;
  const columns = [
    "task",
    cost(small!),
    cost(large!),
    "gain",
    `${QUARTER.name}, ${FINE_GRID}`,
    `${FULL.name}, best size`,
    `${FULL.name}, ${ALL_SCALES}`,
  ];
  return [{ title: "At equal work", columns, rows, digits: DIGITS }];
}

/** Gains of one row over another on the same images, a row for each task. */
function differencesTable(benches: readonly BenchRows[]): Table {
  const rows = COMPARISONS.map(({ name, of }): Cell[] => [
    name,
    ...benches.map((all) => {
      const [a, b] = of(all);
      return a && b && a !== b ? gainOver(a, b) : null;
    }),
  ]);
  return {
    title: "Gains (positive: the first is better)",
    columns: ["comparison", ...benches.map(({ bench }) => bench.name)],
    rows,
    digits: DIGITS,
  };
}

/** The model and features of the MobileNet family that are best on the validation images within a budget. */
function budgetTable(
  benches: readonly BenchRows[],
  what: string,
  budgets: readonly number[],
  unit: string,
  costOf: (row: EvaluatedRow) => number,
): Table {
  const inFamily = ({ model, kind }: EvaluatedRow) => model.path.startsWith(FAMILY) && kind !== "control";
  const rows = benches.flatMap(({ bench, rows }): Cell[][] => {
    const candidates = rows.filter(inFamily);
    if (candidates.length === 0) return [];
    const best = budgets.map((budget) => bestOnValidation(candidates.filter((row) => costOf(row) <= budget)));
    const cells = best.map((row) =>
      row
        ? `${row.test.name.replace("MobileNet ", "")}: ${deciding(row).value.toFixed(shownFigure(row.test, decidingFigure(row)).measure.digits)}`
        : null,
    );
    return [[`${bench.name}: ${titleOf(bench.set.figures[0], rows[0])}`, ...cells]];
  });
  const columns = ["task", ...budgets.map((budget) => `${budget} ${unit}`)];
  return { title: `The best of the MobileNet family within ${what}, chosen on the validation images`, columns, rows };
}

function allRows(all: BenchRows, times: ReadonlyMap<string, Times>): Table {
  const { bench, rows } = all;
  const { figures } = bench.set;
  const columns = [
    ...["model", "features", "multiply-adds, M", "time, ms", "without the model, ms", "grid", "channels"],
    ...figures.map((figure) => titleOf(figure, rows[0])),
    "gain over 1x",
  ];
  const lines = rows.map((row): Cell[] => {
    const { test, model, features, multiplyAdds } = row;
    const one = findRow(all, model, "1x");
    const time = times.get(test.name);
    return [
      ...[model.name, features + (bestSize(all, model) === row ? " (best size)" : ""), millions(multiplyAdds)],
      ...[time?.all.toFixed(0) ?? null, time?.withoutModel.toFixed(0) ?? null],
      ...[`${test.grid.cols}x${test.grid.rows}`, String(test.channels)],
      ...figures.map((figure) => intervalOnce(test, figure)),
      !one || one === row ? null : gainOver(row, one),
    ];
  });
  return { title: bench.name, columns, rows: lines, digits: shownFigure(rows[0].test, figures[0]).measure.digits };
}

/** One curve a model over its scales; a diamond is its best single size, a triangle its finest grid, a square a preset. */
function curves(all: BenchRows): CurvePlot {
  const { bench, rows } = all;
  const figure = titleOf(decidingFigure(rows[0]), rows[0]);
  const { better } = shownFigure(rows[0].test, decidingFigure(rows[0])).measure;
  const point = (row: EvaluatedRow) => ({ x: row.multiplyAdds / 1e6, y: deciding(row) });
  const series = MODELS.flatMap((model) => {
    const modelRows = rows.filter((row) => row.model.path === model.path);
    if (modelRows.length === 0) return [];
    const size = bestSize(all, model);
    return [
      {
        name: model.name,
        points: modelRows.filter(({ kind }) => kind === "scales").map(point),
        alone: [
          ...(size && size.kind === "size" ? [{ ...point(size), symbol: "diamond" as const }] : []),
          ...modelRows.filter(({ kind }) => kind === "fine").map((row) => ({ ...point(row), symbol: "triangle" as const })),
          ...modelRows.filter(({ kind }) => kind === "preset").map((row) => ({ ...point(row), symbol: "rect" as const })),
        ],
      },
    ];
  });
  return {
    ...{ name: bench.name, kind: "curve", series, x: "multiply-adds an image, millions", y: figure },
    title: `${bench.name}: ${figure}${better === "lower" ? " (lower is better)" : ""}`,
  };
}

/** Says for each comparison on which tasks it comes out how, and then for each task what was found at equal work. */
function findingsOf(benches: readonly BenchRows[]): string[] {
  const words: Record<Verdict, string> = { better: "better on", worse: "worse on", equal: "not significantly different on" };
  const counts = COMPARISONS.flatMap(({ name, of }) => {
    const found = benches.flatMap((all) => {
      const [a, b] = of(all);
      return a && b && a !== b ? [{ task: all.bench.name, verdict: verdictFor(gainOver(a, b)) }] : [];
    });
    const parts = (["better", "worse", "equal"] as const).flatMap((verdict) => {
      const tasks = found.filter((each) => each.verdict === verdict).map(({ task }) => task);
      return tasks.length > 0 ? [`${words[verdict]} ${tasks.join("; ")}`] : [];
    });
    return parts.length > 0 ? [`${name}: ${parts.join(", ")}.`] : [];
  });
  const details = benches.flatMap((all) => {
    const [a, b] = EQUAL_WORK.of(all);
    return a && b ? [`${all.bench.name}: ${verdictOf(a.test, b.test, decidingFigure(a))}`] : [];
  });
  return [...counts, ...details];
}
