/** Fits, evaluations and their differences as people read them. */
import { formatTable, type Traits } from "../core/index.ts";
import { MIN_IMAGES } from "../metrics/index.ts";
import { describeConfusion } from "./describe-confusion.ts";
import type { EvaluationFigures } from "./evaluate-data-set.ts";
import type { MeasuredFigure } from "./figures.ts";
import type { FittedDataSet } from "./fit-data-set.ts";
import { formatDifference, formatFigure, verdictOn } from "./format-figures.ts";
import type { SavedHead } from "./saved-head.ts";

/** Describes a fit: images, features, the regularization that was chosen, and a table of figures. */
export function describeFit(
  { data, features, fitted }: SavedHead,
  { chosen, trials, figures }: FittedDataSet,
  { imageSize }: Traits,
): string[] {
  const { test } = data.images;
  const scales = features.extraction.scales?.map((scale) => `${scale}x`).join("+") ?? "sizes as given";
  const side = imageSize ? ` of ${imageSize[1]}x${imageSize[0]}` : "";
  const named = (measured: readonly MeasuredFigure[]) => new Map(measured.map((one) => [one.name, formatFigure(one)]));
  const [onValidation, onTest] = [named(figures.validation), named(figures.test)];
  const names = [...new Set([...onTest.keys(), ...onValidation.keys()])];
  const rows = names.map((name) => [name, onValidation.get(name) ?? "–", onTest.get(name) ?? "–"]);
  return [
    `${data.name}: ${countsInWords(data.images)}`,
    `features: ${features.model?.model ?? "s2-tiny"}${side}, ${scales}`,
    ...(chosen ? [`${fitted}: regularization ${chosen.regularization}, the best of ${trials.length} on validation`] : []),
    ...(chosen && !chosen.converged ? ["L-BFGS did not converge within the step limit; figures may still rise a little"] : []),
    ...formatTable(["", "validation", "test"], rows),
    ...cautionOn(test),
    ...(test === 0
      ? ["no test split: the validation figures are too good, since they chose; --test-fraction 0.2 splits one off"]
      : []),
  ];
}

/** "12 training, 6 validation and 9 test images; 2 files could not be used". */
export function countsInWords({ train, validation, test, failed }: Readonly<Record<string, number>>): string {
  return `${train} training, ${validation} validation and ${test} test images${failed > 0 ? `; ${failed} files could not be used` : ""}`;
}

/** Says that few test images show little. */
const cautionOn = (images: number): string[] =>
  images > 0 && images < MIN_IMAGES
    ? [
        `caution: intervals of ${images} test images are too often wrong; at least ${MIN_IMAGES} are needed, and hundreds to compare heads`,
      ]
    : [];

/** Describes an evaluation: tables of figures, of each class and of confusions. */
export function* describeEvaluation(
  { head, set, split, images, failed }: Record<"head" | "set" | "split", string> & Record<"images" | "failed", number>,
  { task, figures, classes, confusion }: EvaluationFigures,
  names: readonly string[],
): Generator<string> {
  const row = (one: MeasuredFigure) => [one.name, formatFigure(one)];
  yield `${head} on ${images} images of ${set}, split ${split}${failed > 0 ? `; ${failed} files could not be used` : ""}`;
  yield* formatTable(["", "95 % interval in brackets"], figures.map(row));
  yield* cautionOn(images);
  if (classes.length > 0) yield* ["", ...formatTable(["each class", ""], classes.map(row))];
  const unit = task === "segmentation" ? "pixels" : "images";
  if (confusion) yield* ["", ...describeConfusion(confusion, names, unit)];
}

/** Describes the differences of two heads. */
export function describeDifferences(one: string, other: string, differences: readonly MeasuredFigure[]): string[] {
  const rows = differences.map((each) => [each.name, formatDifference(each), verdictOn(each)]);
  return ["", `${one} minus ${other}, on the same images`, ...formatTable(["", "difference", ""], rows)];
}
