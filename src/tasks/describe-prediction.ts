/** `describePrediction`: a prediction as JSON, as a table's row and as words. */
import { argmax } from "../core/index.ts";
import type { TaskHead } from "./fit.ts";
import type { Prediction } from "./predict.ts";

/** A prediction in three forms. */
export interface PredictionDescription {
  /** Fields for JSON: class and probabilities (or scores), fractions of the pixels, meters, or counts and presence. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Cells in the order of `predictionColumns`. */
  readonly cells: readonly (number | string)[];
  /** One line for people. */
  readonly words: string;
}

/** Classes named in a line. */
const NAMED = 3;

/** Describes a prediction of a head; numbers have four digits after the point. */
export function describePrediction(prediction: Prediction, { classes }: TaskHead): PredictionDescription {
  const byClass = (values: ArrayLike<number>) => Object.fromEntries(classes.map((name, id) => [name, rounded(values[id])]));
  const list = (ids: readonly number[], word: (id: number) => string) => ids.map((id) => `${classes[id]} ${word(id)}`).join(", ");
  if (prediction.task === "classification") {
    const { scores, probable } = prediction;
    const best = classes[argmax(scores)];
    const named = byClass(scores);
    return {
      fields: { class: best, [probable ? "probabilities" : "scores"]: named },
      cells: [best, ...Object.values(named)],
      words: list(ranked(scores).slice(0, NAMED), (id) => scores[id].toFixed(3)),
    };
  }
  if (prediction.task === "segmentation") {
    const fractions = classFractions(prediction.mask.data, classes.length);
    const named = byClass(fractions);
    const present = ranked(fractions).filter((id) => fractions[id] > 0);
    return {
      fields: { fractions: named },
      cells: Object.values(named),
      words: list(present.slice(0, NAMED), (id) => `${(100 * fractions[id]).toFixed(1)} %`),
    };
  }
  if (prediction.task === "depth") {
    const sorted = prediction.depth.data.toSorted();
    const [near, median, far] = [sorted[0], sorted[sorted.length >> 1], sorted[sorted.length - 1]].map(rounded);
    return {
      fields: { near, median, far },
      cells: [near, median, far],
      words: `${near} to ${far} m, half of it nearer than ${median} m`,
    };
  }
  const { counts, presence } = prediction.objects;
  const named = byClass(counts);
  const present = ranked(presence).filter((id) => presence[id] >= 0.5);
  const words = list(present, (id) => `${counts[id].toFixed(1)} (${(100 * presence[id]).toFixed(0)} %)`);
  return {
    fields: { counts: named, presence: byClass(presence) },
    cells: Object.values(named),
    words: words || "no object with a probability of a half or more",
  };
}

/** The names of a description's cells. */
export const predictionColumns = ({ task, classes }: TaskHead): readonly string[] =>
  task === "depth" ? ["near", "median", "far"] : task === "classification" ? ["class", ...classes] : classes;

const rounded = (value: number) => Number(value.toFixed(4));

/** Ids from the highest value to the lowest. */
const ranked = (values: Float32Array) => Array.from(values.keys()).sort((a, b) => values[b] - values[a]);

function classFractions(mask: Uint8Array, classes: number): Float32Array {
  const fractions = new Float32Array(classes);
  for (const id of mask) fractions[id]++;
  return fractions.map((count) => count / mask.length);
}

/** A line of RFC 4180. */
export function csvLine(cells: readonly (number | string)[]): string {
  const quoted = cells.map(String).map((text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text));
  return `${quoted.join(",")}\n`;
}
