/** The page of the robot experiment: success by features, gripper opening and cube, localization, training curves, maps. */
import { compare, interval } from "s2-vision/metrics";
import type { Cell, Outcome as Page, Table } from "../result.ts";
import { findingsOf, plotsOf } from "./report-plots.ts";
import type { EpisodesRow, LocalizedRow, RobotRows } from "./rows.ts";
import { fractionBelow, medianOf, millimeters, successOf, wilson } from "./scores.ts";
import { clearance, usual } from "./setting.ts";

/** Makes the page of the rows that are there. */
export function reportRobot(rows: RobotRows): Page {
  const { localized, episodes, missing, method, sizes } = rows;
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
    ["true location", "true location"],
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
  const all = [...names, "true location", "nothing"];
  return {
    method: [
      ...method,
      "The first test episodes of 1x and of 1x+2x+3x on the finest grid are replayed side by side in [the playground](../../docs/playground.md#robot-episodes).",
      ...(missing.length > 0
        ? [
            `**Not finished: ${missing.length} rows are missing, marked by – or absent from the tables; the same command resumes.**`,
          ]
        : []),
    ],
    tables: [
      success,
      localizationTable(localized.filter(({ cube }) => cube === usual.cube)),
      {
        title: "Success, %, by the gripper's opening",
        columns: ["the policy is given", ...sizes.openings.map(millimeters)],
        rows: all.map((name): Cell[] => [
          name,
          ...sizes.openings.map((opening) => cell(localizing(name, { ...usual, opening }))),
        ]),
      },
      {
        title: `Success, %, by the cube's side; the opening is ${millimeters(clearance)} wider`,
        columns: ["the policy is given", ...sizes.cubes.map(millimeters)],
        rows: all
          .map((name): Cell[] => [
            name,
            ...sizes.cubes.map((cube) => cell(localizing(name, { cube, opening: cube + clearance }))),
          ])
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
    seeds: sizes.seeds,
  };
}

const localizationTable = (rows: readonly LocalizedRow[]): Table => ({
  title: "Distance of the location that is found from the true one, and difference of the turn",
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
    ({ policy, features }) => policy === "cloning" || features === "true location" || features === "nothing",
  );
  const steps = trained.slice(0, 1).flatMap(({ losses }) => losses!.map(([step]) => step));
  const shown = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 1].map((fraction) => steps[Math.ceil(fraction * steps.length) - 1]);
  return {
    title: "Training loss (mean square error of standardized actions), seed 1, by step",
    columns: ["policy", ...shown.map(String)],
    rows: trained.map(({ policy, features, losses }): Cell[] => [
      policy === "cloning" ? `cloning, ${features}` : features,
      ...shown.map((step) => losses!.find(([at]) => at === step)?.[1].toPrecision(2) ?? null),
    ]),
  };
}
