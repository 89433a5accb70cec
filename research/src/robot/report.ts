/** The page of the robot experiment: success by features, gripper opening and cube, localization, training curves, maps. */
import { compare, type Interval, interval, type Score } from "s2-vision/metrics";
import { makeRandom } from "s2-vision/train";
import { percent, verdict } from "../experiment.ts";
import type { Cell, Outcome as Page, Panel, Plot, Table } from "../result.ts";
import type { Placement } from "./environment.ts";
import { median } from "./localize.ts";
import type { EpisodesRow, LocalizedRow } from "./rows.ts";

/** The setting in which all features are compared, in meters. */
export const usual = { opening: 0.045, cube: 0.03 };
export const openings = [0.042, 0.045, 0.048];
/** Cubes of other sizes, with the same clearance between the fingers. */
export const cubes = [0.02, 0.03, 0.04];
export const clearance = usual.opening - usual.cube;

export interface RobotRows {
  readonly localized: readonly (LocalizedRow & { readonly cube: number })[];
  readonly episodes: readonly EpisodesRow[];
  readonly test: readonly Placement[];
  /** Picked by the expert, of the test placements, by setting. */
  readonly experts: readonly { readonly opening: number; readonly cube: number; readonly picked: number }[];
  /** Rows that the run has not made yet. */
  readonly missing: readonly string[];
  readonly method: readonly string[];
}

/** Returns the percentage of episodes in which the cube is picked; a resample draws placements and seeds. */
export function successOf({ runs }: Pick<EpisodesRow, "runs">): Score {
  const random = makeRandom(1);
  return percent({
    images: runs[0].map((_, i) => String(i)),
    measure(times) {
      const drawn = times ? runs.map(() => runs[Math.floor(random() * runs.length)]) : runs;
      let [picked, all] = [0, 0];
      for (const run of drawn)
        for (let i = 0; i < run.length; i++) {
          const count = times ? times[i] : 1;
          all += count;
          if (run[i] === "picked") picked += count;
        }
      return picked / all;
    },
  });
}

/** Returns Wilson's 95 % interval of successes, in percent. */
export function wilson(successes: number, trials: number): Interval {
  const z2 = 1.959964 ** 2;
  const value = successes / trials;
  const center = (value + z2 / (2 * trials)) / (1 + z2 / trials);
  const half = (Math.sqrt(z2) / (1 + z2 / trials)) * Math.sqrt((value * (1 - value)) / trials + z2 / (4 * trials * trials));
  return { value: 100 * value, low: 100 * (center - half), high: 100 * (center + half) };
}

const medianOf = (errors: readonly number[]): Score => ({
  images: errors.map((_, i) => String(i)),
  measure: (times) => median(times ? errors.flatMap((error, i) => Array<number>(times[i]).fill(error)) : errors),
});

const fractionBelow = (errors: readonly number[], limit: number): Score =>
  percent({
    images: errors.map((_, i) => String(i)),
    measure(times) {
      let [below, all] = [0, 0];
      errors.forEach((error, i) => {
        all += times?.[i] ?? 1;
        if (error < limit) below += times?.[i] ?? 1;
      });
      return below / all;
    },
  });

const millimeters = (meters: number): string => `${Math.round(1000 * meters)} mm`;

/** Makes the page of the rows that are there. */
export function reportRobot(rows: RobotRows): Page {
  const { localized, episodes, missing, method } = rows;
  const find = (policy: string, features: string, { opening, cube } = usual) =>
    episodes.find(
      (each) => each.policy === policy && each.features === features && each.opening === opening && each.cube === cube,
    );
  const names = [...new Set(localized.filter(({ cube }) => cube === usual.cube).map(({ features }) => features))];
  const cell = (row: EpisodesRow | undefined): Cell => (row ? interval(successOf(row)) : null);
  const localizing = (features: string, at = usual) => find("localizing", features, at);
  const [first] = names;
  const versus = (features: string): Cell => {
    const [a, b] = [localizing(features), localizing(first)];
    return a && b && a !== b ? compare(successOf(a), successOf(b)) : null;
  };
  const known = [
    ["true place", "true place"],
    ["nothing (blind)", "nothing"],
  ] as const;
  const success: Table = {
    title: `Success, %, ${millimeters(usual.cube)} cube, ${millimeters(usual.opening)} opening`,
    columns: [
      "the policy is given",
      "grid",
      "channels",
      "tiles",
      "localizing policy",
      `− that of ${first ?? "1x"}`,
      "behavior cloning, end to end",
      "nearest demonstration",
    ],
    rows: [
      ...names.map((name): Cell[] => {
        const { grid, channels, tiles } = localized.find(({ features, cube }) => features === name && cube === usual.cube)!;
        return [
          name,
          `${grid.cols}x${grid.rows}`,
          String(channels),
          String(tiles),
          cell(localizing(name)),
          versus(name),
          cell(find("cloning", name)),
          cell(find("nearest", name)),
        ];
      }),
      ...known.map(([shown, name]): Cell[] => [
        shown,
        null,
        null,
        null,
        cell(localizing(name)),
        versus(name),
        null,
        cell(find("nearest", name)),
      ]),
    ],
  };
  const all = [...names, "true place", "nothing"];
  return {
    method: [...method, ...(missing.length > 0 ? [`Not finished. Rows that are missing: ${missing.join("; ")}.`] : [])],
    tables: [
      success,
      localizationTable(localized.filter(({ cube }) => cube === usual.cube)),
      {
        title: "Success, %, by the gripper's opening",
        columns: ["the policy is given", ...openings.map(millimeters)],
        rows: all.map((name): Cell[] => [name, ...openings.map((opening) => cell(localizing(name, { ...usual, opening })))]),
      },
      {
        title: `Success, %, by the cube's side; the opening is ${millimeters(clearance)} wider`,
        columns: ["the policy is given", ...cubes.map(millimeters)],
        rows: all
          .map((name): Cell[] => [name, ...cubes.map((cube) => cell(localizing(name, { cube, opening: cube + clearance })))])
          .filter(([, ...cells]) => cells.filter((each) => each !== null).length > 1),
      },
      outcomesTable(all.flatMap((name) => localizing(name) ?? [])),
      lossTable(episodes.filter(({ opening, cube, losses }) => losses && opening === usual.opening && cube === usual.cube)),
      {
        title: "The paper's robot (Table 10), %, with Wilson's intervals",
        columns: ["features", "trials", "success"],
        rows: [
          ["base, 224 px", "16", wilson(7, 16)],
          ["base, 224 and 448 px (S²)", "16", wilson(10, 16)],
          ["large, 224 px", "16", wilson(8, 16)],
        ],
      },
      {
        title: "The expert on the test placements, %, with Wilson's intervals",
        columns: ["cube", "opening", "success"],
        rows: rows.experts.map(({ opening, cube, picked }): Cell[] => [
          millimeters(cube),
          millimeters(opening),
          wilson(picked, rows.test.length),
        ]),
      },
    ],
    plots: plotsOf(rows, names, localizing),
    findings: findingsOf(names, localizing, localized),
    seeds: [1, 2, 3],
  };
}

const localizationTable = (rows: readonly LocalizedRow[]): Table => ({
  title: "Distance of the place that is found from the true one, and difference of the turn",
  columns: ["features", "grid", "median, cm", "below 1 cm, %", "below 2 cm, %", "median of the turn, degrees"],
  rows: rows.map(({ features, grid, errors, turns }): Cell[] => [
    features,
    `${grid.cols}x${grid.rows}`,
    interval(medianOf(errors.map((error) => 100 * error))),
    interval(fractionBelow(errors, 0.01)),
    interval(fractionBelow(errors, 0.02)),
    interval(medianOf(turns)),
  ]),
  digits: 2,
});

const outcomesTable = (rows: readonly EpisodesRow[]): Table => ({
  title: "Outcomes of the localizing policy, % of all episodes",
  columns: ["the policy is given", "picked", "protective stop", "time over"],
  rows: rows.map(({ features, runs }): Cell[] => {
    const all = runs.flat();
    const of = (outcome: string) => (100 * all.filter((each) => each === outcome).length) / all.length;
    return [features, of("picked"), of("stopped"), of("late")];
  }),
});

/** Losses at some steps: the curve is flat at its end where a training has converged. */
function lossTable(rows: readonly EpisodesRow[]): Table {
  const trained = rows.filter(
    ({ policy, features }) => policy === "cloning" || features === "true place" || features === "nothing",
  );
  const steps = trained.slice(0, 1).flatMap(({ losses }) => losses!.map(([step]) => step));
  const shown = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 1].map((part) => steps[Math.ceil(part * steps.length) - 1]);
  return {
    title: "Training loss (mean square error of standardized actions), seed 1, by step",
    columns: ["policy", ...shown.map(String)],
    rows: trained.map(({ policy, features, losses }): Cell[] => [
      policy === "cloning" ? `cloning, ${features}` : features,
      ...shown.map((step) => losses!.find(([at]) => at === step)?.[1].toPrecision(2) ?? null),
    ]),
  };
}

type Find = (features: string, at?: typeof usual) => EpisodesRow | undefined;

function plotsOf({ localized, episodes, test }: RobotRows, names: readonly string[], localizing: Find): Plot[] {
  const shown = names.slice(0, 3);
  const curves = episodes.filter(
    ({ opening, cube, losses, policy, features }) =>
      losses && opening === usual.opening && cube === usual.cube && (policy === "cloning" || !names.includes(features)),
  );
  const plots: Plot[] = [];
  if (names.some((name) => localizing(name)))
    plots.push({
      ...{ name: "success", title: "Success of the localizing policy", kind: "bar", x: "features", y: "success, %" },
      groups: names,
      series: [
        {
          name: `${millimeters(usual.cube)} cube, ${millimeters(usual.opening)} opening`,
          values: names.map((name) => {
            const row = localizing(name);
            return row ? interval(successOf(row)) : null;
          }),
        },
      ],
    });
  const maps = shown.flatMap((name): Panel[] => {
    const row = localizing(name);
    if (!row) return [];
    const often = test.map((_, i) => row.runs.filter((run) => run[i] === "picked").length / row.runs.length);
    const at = (picked: boolean) => test.filter((_, i) => often[i] > 0.5 === picked).map(({ x, y }) => [y, x] as const);
    return [
      {
        ...{ name, x: [-0.17, 0.17], y: [0.28, 0.62], down: false },
        points: [
          { name: "picked by most seeds", at: at(true) },
          { name: "not picked", at: at(false) },
        ],
      },
    ];
  });
  if (maps.length > 0)
    plots.push({
      name: "map",
      title: "Test placements on the table",
      kind: "panels",
      x: "to the left of the arm, m",
      y: "before the arm, m",
      panels: maps,
    });
  const heat = shown.flatMap((name): Panel[] => {
    const row = localized.find(({ features, cube }) => features === name && cube === usual.cube);
    if (!row) return [];
    const { rows, cols } = row.grid;
    return [{ name, x: [0, 1], y: [0, 1], down: true, points: [], heat: { rows, cols, values: row.heat[0] } }];
  });
  if (heat.length > 0)
    plots.push({
      name: "heat",
      title: "Heat maps of the first test picture",
      kind: "panels",
      x: "across the picture",
      y: "down",
      panels: heat,
    });
  if (curves.length > 0)
    plots.push({
      ...{ name: "loss", title: "Training loss", kind: "curve", x: "step", y: "log10 of the loss" },
      series: curves.map(({ policy, features, losses }) => ({
        name: policy === "cloning" ? `cloning, ${features}` : features,
        points: losses!.map(([x, loss]) => ({ x, y: Math.log10(loss) })),
      })),
    });
  return plots;
}

const successMeasure = { name: "success", unit: "points", better: "higher" } as const;
const errorMeasure = { name: "median error", unit: "cm", better: "lower", digits: 2 } as const;

/** Compares features, the main comparison first. */
function findingsOf(names: readonly string[], localizing: Find, localized: RobotRows["localized"]): string[] {
  const findings: string[] = [];
  const pair = (a: string | undefined, b: string | undefined) => {
    if (a === undefined || b === undefined || a === b) return;
    const [rowA, rowB] = [localizing(a), localizing(b)];
    if (rowA && rowB) findings.push(verdict(a, b, compare(successOf(rowA), successOf(rowB)), successMeasure));
    const [placeA, placeB] = [a, b].map((name) =>
      localized.find(({ features, cube }) => features === name && cube === usual.cube),
    );
    const scores = [placeA, placeB].map((place) => place && medianOf(place.errors.map((error) => 100 * error)));
    if (scores[0] && scores[1]) findings.push(verdict(a, b, compare(scores[0], scores[1]), errorMeasure));
  };
  const named = (...parts: readonly string[]) =>
    names.find(
      (name) =>
        parts.every((part) => name.includes(part)) && !(parts.every((part) => !part.includes("224")) && name.includes("224")),
    );
  const one = names[0];
  const fine = named("1x+2x+3x, finest");
  pair(fine, one);
  pair(
    fine,
    names.find((name) => name.includes("1x+2x+3x of 224 px")),
  );
  pair(
    names.find((name) => name.endsWith("1x+2x+3x")),
    one,
  );
  pair(
    names.find((name) => name.endsWith("1x+2x")),
    names.find((name) => name.endsWith("1x twice")),
  );
  const oracle = localizing("true place");
  if (oracle) findings.push(`Given the true place, the policy picks ${successOf(oracle).measure().toFixed(1)} % of the cubes.`);
  return findings;
}
