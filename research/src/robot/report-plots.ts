/** Plots and findings of the robot experiment. */
import { compare, interval } from "s2-vision/metrics";
import { verdict } from "../experiment.ts";
import type { Panel, Plot } from "../result.ts";
import { cameraAt } from "./camera.ts";
import type { Placement } from "./environment.ts";
import type { EpisodesRow, LocalizedRow, RobotRows } from "./rows.ts";
import { medianOf, millimeters, successOf } from "./scores.ts";
import { usual } from "./setting.ts";

/** Finds the localizing policy's episodes with a kind of features, in the usual setting if no other is given. */
export type Find = (features: string, at?: typeof usual) => EpisodesRow | undefined;

/** Makes the plots of the rows that are there. */
export function plotsOf({ localized, episodes, test }: RobotRows, names: readonly string[], localizing: Find): Plot[] {
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
        ...{ name, x: [-0.2, 0.2], y: [0.25, 0.65] },
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
    return [
      { name, x: [0, 1], y: [0, 1], down: true, points: pointsOf(row, test[0]), heat: { rows, cols, values: row.heat[0] } },
    ];
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

/** Returns where the cube is in the first test picture, and where it was found. */
function pointsOf({ locations: [found] }: LocalizedRow, cube: Placement): Panel["points"] {
  const camera = cameraAt(usual.cube / 2);
  return [
    { name: "cube", symbol: "diamond", at: [camera.project(cube.x, cube.y)] },
    { name: "found", symbol: "triangle", at: [camera.project(found.x, found.y)] },
  ];
}

const successMeasure = { name: "success", unit: "points", better: "higher" } as const;
const errorMeasure = { name: "median error", unit: "cm", better: "lower", digits: 2 } as const;

/** Compares features, the main comparison first. */
export function findingsOf(names: readonly string[], localizing: Find, localized: RobotRows["localized"]): string[] {
  const findings: string[] = [];
  const pair = (a: string | undefined, b: string | undefined) => {
    if (a === undefined || b === undefined || a === b) return;
    const [rowA, rowB] = [localizing(a), localizing(b)];
    if (rowA && rowB) findings.push(verdict(a, b, compare(successOf(rowA), successOf(rowB)), successMeasure));
    const [locationA, locationB] = [a, b].map((name) =>
      localized.find(({ features, cube }) => features === name && cube === usual.cube),
    );
    const scores = [locationA, locationB].map((location) => location && medianOf(location.errors.map((error) => 100 * error)));
    if (scores[0] && scores[1]) findings.push(verdict(a, b, compare(scores[0], scores[1]), errorMeasure));
  };
  const [one] = names;
  const named = (end: string) => names.find((name) => name.endsWith(` ${end}`));
  pair(named("1x+2x+3x, finest grid"), one);
  pair(named("1x+2x+3x, finest grid"), named("1x+2x+3x of 224 px, finest grid"));
  pair(named("1x+2x+3x"), one);
  pair(named("1x+2x, finest grid"), named("1x+2x of 224 px, finest grid"));
  pair(named("1x+2x"), named("1x twice"));
  const oracle = localizing("true location");
  if (oracle)
    findings.push(`Given the true location, the policy picks ${successOf(oracle).measure().toFixed(1)} % of the cubes.`);
  return findings;
}
