/** The candidates of `advise` as people and programs read them. */
import { formatTable } from "../core/index.ts";
import { interval } from "../metrics/index.ts";
import { type Candidate, gain } from "./advice.ts";
import { formatDifference, formatFigure } from "./format-figures.ts";

/** Returns a candidate for JSON: its figure with its interval, its gain over one scale, its cost. */
export function candidateFields(one: Candidate, single: Candidate) {
  const { score, ...figure } = one.figure;
  return {
    candidate: one.name,
    ...figure,
    ...interval(score),
    gain: one === single ? undefined : gain(one, single),
    cost: one.cost,
  };
}

/** Describes candidates in a table; the first has one scale. */
export function describeCandidates(rows: readonly Candidate[]): string[] {
  const [single] = rows;
  const lines = rows.map((one) => {
    const { score, unit, better } = one.figure;
    const gained = one === single ? "" : formatDifference({ unit, ...gain(one, single) });
    const { tiles, milliseconds, megabytes } = one.cost;
    return [
      one.name,
      formatFigure({ unit, ...interval(score) }),
      better === "lower" && gained ? `${gained} less` : gained,
      ...[String(tiles), milliseconds.toFixed(0), megabytes.toFixed(2)],
    ];
  });
  return formatTable(["", single.figure.name, `better than ${single.name} by`, "tiles", "ms an image", "MB an image"], lines);
}
