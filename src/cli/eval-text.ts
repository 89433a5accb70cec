/** Figures of `s2 eval` as text: all of the task, each class, what is taken for what, and differences. */
import { differenceInWords, inWords, type Measure } from "./measures.ts";
import { table } from "./table.ts";

/** A confusion matrix of more classes is not printed whole; its largest errors are. */
const MOST_COLUMNS = 12;
const ERRORS = 10;

export function* measureLines(
  said: { readonly head: string; readonly set: string; readonly split: string; readonly images: number; readonly failed: number },
  figures: readonly Measure[],
  classes: readonly Measure[],
  names: readonly string[],
  confusion?: readonly (readonly number[])[],
): Generator<string> {
  const unused = said.failed > 0 ? `; ${said.failed} files could not be used` : "";
  yield `${said.head} on ${said.images} images of ${said.set}, split ${said.split}${unused}`;
  yield* table(
    ["", "95 % interval in brackets"],
    figures.map((one) => [one.name, inWords(one)]),
  );
  if (classes.length > 0) {
    yield "";
    yield* table(
      ["each class", ""],
      classes.map((one) => [one.name, inWords(one)]),
    );
  }
  if (confusion) yield* confusionLines(names, confusion);
}

/** Rows are the truth, columns what is told. */
function* confusionLines(names: readonly string[], confusion: readonly (readonly number[])[]): Generator<string> {
  yield "";
  if (names.length <= MOST_COLUMNS) {
    yield* table(
      ["truth \\ told", ...names],
      confusion.map((row, id) => [names[id], ...row.map(String)]),
    );
    return;
  }
  const pairs = confusion.flatMap((row, truth) => row.map((count, told) => ({ truth, told, count })));
  const wrong = pairs.filter(({ truth, told, count }) => truth !== told && count > 0).sort((a, b) => b.count - a.count);
  yield* table(
    ["truth", "taken for", "times"],
    wrong.slice(0, ERRORS).map(({ truth, told, count }) => [names[truth], names[told], String(count)]),
  );
}

export function* differenceLines(one: string, other: string, differences: readonly Measure[]): Generator<string> {
  yield `${one} less ${other}, on the same images`;
  const rows = differences.map((each) => [each.name, differenceInWords(each), verdict(each)]);
  yield* table(["", "difference", ""], rows);
}

/** Whether another draw of images would most likely show the difference too. */
export function verdict({ low, high, better }: Pick<Measure, "low" | "high" | "better">): "better" | "worse" | "may be chance" {
  if (low > 0) return better === "higher" ? "better" : "worse";
  if (high < 0) return better === "higher" ? "worse" : "better";
  return "may be chance";
}
