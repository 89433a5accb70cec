/** The page of capacity: tables, plots and sentences, made from the rows that are there. */
import { compare, interval } from "s2-vision/metrics";
import { type Measure, verdict } from "../experiment.ts";
import type { Cell, GroupPlot, Outcome, Table } from "../result.ts";
import { MEMORIZED, type MemorizationRow } from "./memorization-rows.ts";
import { lossOf, RATES, SHUFFLES, STEPS } from "./memorize.ts";
import type { Photo, Split } from "./photos.ts";
import { errorOf, informationOf, ratioOf } from "./reconstruct.ts";
import { CELLS, type ReconstructionRow, TARGET_CHANNELS } from "./reconstruction-rows.ts";
import { CONTROLS, PRINCIPAL, SEED } from "./systems.ts";

export interface CapacityReport {
  readonly rows: readonly ReconstructionRow[];
  readonly memorization: readonly MemorizationRow[];
  readonly photos: readonly Photo[];
  /** False while rows are missing. */
  readonly isDone: boolean;
}

const BITS: Measure = { name: "information", unit: "bits", better: "higher", digits: 3 };
const LOSS: Measure = { name: "cross-entropy", better: "lower", digits: 3 };

/** The rows of one stage of a larger model, from one small model. */
interface PairStage {
  readonly name: string;
  readonly target: string;
  readonly from: string;
  readonly stage: string;
  readonly rows: ReadonlyMap<string, ReconstructionRow>;
  /** The row of the largest model, where there is one beyond the target. */
  readonly largest?: ReconstructionRow;
}

export function reportCapacity(report: CapacityReport): Outcome {
  const stages = pairStages(report.rows);
  return {
    method: methodOf(report),
    tables: [
      gainsTable(stages),
      ...reconstructionTables(stages),
      ...(report.memorization.length > 0 ? [memorizationTable(report.memorization)] : []),
    ],
    plots: [informationPlot(stages)],
    findings: [...reconstructionFindings(stages), ...memorizationFindings(report.memorization)],
    seeds: [SEED],
  };
}

function pairStages(rows: readonly ReconstructionRow[]): PairStage[] {
  const isLargest = (row: ReconstructionRow, target: ReconstructionRow) =>
    row.target === target.target && row.stage === target.stage && row.features === "1x" && largeNames.has(row.from);
  const largeNames = new Set(rows.map(({ target }) => target));
  const stages = new Map<string, PairStage & { rows: Map<string, ReconstructionRow> }>();
  for (const row of rows) {
    if (largeNames.has(row.from)) continue;
    const { target, from, stage } = row;
    const name = `${target} from ${from}, ${stage}`;
    if (!stages.has(name))
      stages.set(name, { name, target, from, stage, rows: new Map(), largest: rows.find((each) => isLargest(each, row)) });
    stages.get(name)!.rows.set(row.features, row);
  }
  return [...stages.values()];
}

const gain = (a: ReconstructionRow | undefined, b: ReconstructionRow | undefined) =>
  a && b ? compare(informationOf(a.test), informationOf(b.test)) : null;

/** The information that S² adds to one scale and to each control. */
function gainsTable(stages: readonly PairStage[]): Table {
  const comparisons = CONTROLS.flatMap(({ system, controls }) =>
    ["1x", ...controls].map((control) => [system, control] as const),
  );
  return {
    title: "Information on test photos that S² adds, bits",
    columns: [
      "features of",
      "from",
      "stage",
      ...comparisons.map(([system, control]) => `${system} − ${control}`),
      `${PRINCIPAL} − 1x`,
    ],
    rows: stages.map(({ target, from, stage, rows }): Cell[] => [
      ...[target, from, stage],
      ...[...comparisons, [PRINCIPAL, "1x"] as const].map(([a, b]) => gain(rows.get(a), rows.get(b))),
    ]),
    digits: 3,
  };
}

/** A table for each pair of models: errors and information on training and on test photos. */
function reconstructionTables(stages: readonly PairStage[]): Table[] {
  const pairs = new Map<string, PairStage[]>();
  for (const each of stages) {
    const name = `${each.target} reconstructed from ${each.from}`;
    pairs.set(name, [...(pairs.get(name) ?? []), each]);
  }
  return [...pairs].map(([title, group]) => ({
    title,
    columns: [
      ...["stage", "features", "channels", "MSE, training", "MSE, test"],
      ...["information, training", "information, test", "ratio to the largest, %"],
    ],
    rows: group.flatMap(({ stage, rows, largest }) => [
      ...[...rows.values()].map((row) => rowOf(stage, row.features, row, largest)),
      ...(largest ? [rowOf(stage, `${largest.from}, 1x`, largest, largest)] : []),
    ]),
    digits: 3,
  }));
}

const rowOf = (stage: string, name: string, row: ReconstructionRow, largest: ReconstructionRow | undefined): Cell[] => [
  ...[stage, name, String(row.channels)],
  ...[interval(errorOf(row.train)), interval(errorOf(row.test))],
  ...[interval(informationOf(row.train)), interval(informationOf(row.test))],
  largest && largest !== row ? interval(ratioOf(row.test, largest.test)) : null,
];

function memorizationTable(rows: readonly MemorizationRow[]): Table {
  return {
    title: `Cross-entropy on the training photos of ${MEMORIZED} after ${STEPS} steps`,
    columns: ["model", "features", "channels", "shuffled labels", "labels", "labels − those of 1x"],
    rows: rows.map((row): Cell[] => {
      const one = rows.find(({ model, features }) => model === row.model && features === "1x");
      return [
        ...[row.model, row.features, String(row.channels)],
        ...[interval(lossOf(row.shuffled)), interval(lossOf(row.labels))],
        one && one !== row ? compare(lossOf(row.labels), lossOf(one.labels)) : null,
      ];
    }),
    digits: 4,
  };
}

/** Information at the models' outputs. */
function informationPlot(stages: readonly PairStage[]): GroupPlot {
  const outputs = stages.filter(({ stage }) => stage === "output");
  const systems = ["1x", ...CONTROLS.flatMap(({ system, controls }) => [system, controls[0]])];
  return {
    ...{ name: "information", title: "Information of a larger model's output, test photos", kind: "bar" },
    ...{ x: "larger model, smaller model", y: "information, bits" },
    groups: outputs.map(({ target, from }) => `${target} from ${from}`),
    series: systems.map((name) => ({
      name,
      values: outputs.map(({ rows }) => (rows.has(name) ? interval(informationOf(rows.get(name)!.test)) : null)),
    })),
  };
}

/** Compares S² with one scale and with the control of views at the output of each pair. */
function reconstructionFindings(stages: readonly PairStage[]): string[] {
  const { system, controls } = CONTROLS.at(-1)!;
  return stages.flatMap(({ name, stage, rows }) =>
    stage !== "output"
      ? []
      : ["1x", controls[0]].flatMap((control) => {
          const difference = gain(rows.get(system), rows.get(control));
          return difference ? [`${name}: ${verdict(system, control, difference, BITS)}`] : [];
        }),
  );
}

/** Compares each small model with S² with the largest of its family, on shuffled labels and on the labels. */
function memorizationFindings(rows: readonly MemorizationRow[]): string[] {
  const { system } = CONTROLS.at(-1)!;
  return rows
    .filter(({ features }) => features === system)
    .flatMap((row) => {
      const large = rows.findLast(({ family, isLarge }) => isLarge && family === row.family);
      if (!large) return [];
      const [a, b] = [`${row.model}, ${system}`, `${large.model}, 1x`];
      return [
        `Shuffled labels: ${verdict(a, b, compare(lossOf(row.shuffled), lossOf(large.shuffled)), LOSS)}`,
        `Labels: ${verdict(a, b, compare(lossOf(row.labels), lossOf(large.labels)), LOSS)}`,
      ];
    });
}

function methodOf({ photos, isDone }: CapacityReport): string[] {
  const count = (split: Split) => photos.filter((photo) => photo.split === split).length;
  const sets = [...new Set(photos.map(({ task }) => task.folder.name))];
  return [
    ...(isDone ? [] : ["**Not finished: the same command resumes, and rows that are not in the tables have not run yet.**"]),
    `${photos.length} photos of ${sets.join(", ")} every second one of the sets, by the sets' own splits: ${count("train")} training, ${count("validation")} validation and ${count("test")} test photos. A photo is squashed into the model's square at each scale.`,
    `A ridge regression maps the tokens of a small model to those of a larger one at the same stage, on the same grid: ${CELLS} tokens of each photo and ${TARGET_CHANNELS} channels of the larger model (all, where it has fewer), drawn at random. It is fitted to training photos, its penalty is chosen on validation photos. Stages of MobileNetV1 are what it gives before each halving of its grid; those of a ViT are after thirds of its blocks; the last is the output.`,
    "Information is −log2(l / l0) as in the paper's Table 2: l is the mean squared error, l0 that of the best constant, the mean token of the training photos. The ratio is to the information from the largest model of the family, where there is one beyond the target.",
    "Controls with as many channels as S², and no finer scale: views of the photo at 1x, moved by half a token along the diagonal; random projections of 1x with negatives set to 0, which a linear map cannot make of it. Principal components of S² have as many channels as 1x, for models of up to 256.",
    "A small model that was distilled from the larger (s2-tiny was, from DeiT-Tiny) reconstructs it well at 1x by its training.",
    `Table 3: a linear classifier of the mean over tokens, standardized, without penalty, from zero weights: ${STEPS} steps of AdamW on all training photos of ${MEMORIZED}, the best of the learning rates ${RATES.join(", ")} by this loss itself. Shuffled labels are the mean of ${SHUFFLES} orders of the same labels: they can only be memorized, and a map of as many channels as photos memorizes any.`,
  ];
}
