/** Evaluations and their differences as people read them. */
import { formatTable } from "../core/index.ts";
import type { EvaluationFigures } from "./evaluate-data-set.ts";
import type { MeasuredFigure } from "./figures.ts";
import { formatDifference, formatFigure, verdictOn } from "./format-figures.ts";

/** Larger confusion matrices are not printed; their most frequent errors are. */
const MOST_COLUMNS = 12;
const ERRORS = 10;

/** Describes an evaluation: tables of figures, of each class and of confusions. */
export function* describeEvaluation(
  { head, set, split, images, failed }: Record<"head" | "set" | "split", string> & Record<"images" | "failed", number>,
  { figures, classes, confusion }: EvaluationFigures,
  names: readonly string[],
): Generator<string> {
  const row = (one: MeasuredFigure) => [one.name, formatFigure(one)];
  yield `${head} on ${images} images of ${set}, split ${split}${failed > 0 ? `; ${failed} files could not be used` : ""}`;
  yield* formatTable(["", "95 % interval in brackets"], figures.map(row));
  if (classes.length > 0) yield* ["", ...formatTable(["each class", ""], classes.map(row))];
  if (confusion && names.length <= MOST_COLUMNS) {
    const rows = confusion.map((counts, id) => [names[id], ...counts.map(String)]);
    yield* ["", ...formatTable(["truth \\ predicted", ...names], rows)];
  } else if (confusion) {
    const pairs = confusion.flatMap((counts, truth) => counts.map((count, predicted) => ({ truth, predicted, count })));
    const errors = pairs.filter(({ truth, predicted, count }) => truth !== predicted && count > 0);
    const most = errors.sort((a, b) => b.count - a.count).slice(0, ERRORS);
    const rows = most.map(({ truth, predicted, count }) => [names[truth], names[predicted], String(count)]);
    yield* ["", ...formatTable(["truth", "predicted", "times"], rows)];
  }
}

/** Describes the differences of two heads. */
export function describeDifferences(one: string, other: string, differences: readonly MeasuredFigure[]): string[] {
  const rows = differences.map((each) => [each.name, formatDifference(each), verdictOn(each)]);
  return ["", `${one} minus ${other}, on the same images`, ...formatTable(["", "difference", ""], rows)];
}
