/** What a head told of an image, as words, as numbers, as JSON, and as pictures. */
import { relative } from "node:path";
import { classColor, depthColor, depthPicture, maskPicture } from "../features/index.ts";
import type { Photo } from "../images/index.ts";
import { argmaxOfScores } from "../metrics/index.ts";
import { markPng } from "../runtimes/node/index.ts";
import type { Store } from "../store/index.ts";
import type { Prediction, TaskHead } from "../tasks/index.ts";
import { pngWithLegend, scale, swatches } from "./legend.ts";

export interface PredictionText {
  readonly words: string;
  /** In the order of `csvHead`. */
  readonly numbers: readonly (number | string)[];
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Classes that a line names at most. */
const NAMED = 3;

export function predictionText(told: Prediction, { classes }: TaskHead): PredictionText {
  const byClass = (values: ArrayLike<number>) => Object.fromEntries(classes.map((name, id) => [name, rounded(values[id])]));
  if (told.task === "classes") {
    const best = classes[argmaxOfScores(told.scores)];
    const said = ranked(told.scores).map((id) => `${classes[id]} ${told.scores[id].toFixed(3)}`);
    const scores = byClass(told.scores);
    const fields = { class: best, [told.probable ? "probabilities" : "scores"]: scores };
    return { words: said.join(", "), numbers: [best, ...Object.values(scores)], fields };
  }
  if (told.task === "masks") {
    const shares = sharesOf(told.mask.data, classes.length);
    const said = ranked(shares).filter((id) => shares[id] > 0);
    const words = said.map((id) => `${classes[id]} ${(100 * shares[id]).toFixed(1)} %`).join(", ");
    return { words, numbers: Object.values(byClass(shares)), fields: { shares: byClass(shares) } };
  }
  if (told.task === "depth") {
    const sorted = told.depth.data.toSorted();
    const [near, median, far] = [sorted[0], sorted[sorted.length >> 1], sorted[sorted.length - 1]].map(rounded);
    return {
      words: `${near} to ${far} m, half of it nearer than ${median} m`,
      numbers: [near, median, far],
      fields: { near, median, far },
    };
  }
  const { counts, presence } = told.objects;
  const there = ranked(presence, classes.length).filter((id) => presence[id] >= 0.5);
  const words = there.map((id) => `${classes[id]} ${counts[id].toFixed(1)} (${(100 * presence[id]).toFixed(0)} %)`).join(", ");
  const fields = { counts: byClass(counts), presence: byClass(presence) };
  return { words: words || "nothing that is more likely there than not", numbers: Object.values(fields.counts), fields };
}

/** Four digits after the point: more would be noise. */
const rounded = (value: number) => Number(value.toFixed(4));

const ranked = (values: Float32Array, most = NAMED) =>
  Array.from(values.keys())
    .sort((a, b) => values[b] - values[a])
    .slice(0, most);

function sharesOf(mask: Uint8Array, classes: number): Float32Array {
  const shares = new Float32Array(classes);
  for (const id of mask) shares[id]++;
  return shares.map((count) => count / mask.length);
}

/** The names of `numbers`. */
export function csvHead({ task, classes }: TaskHead): string {
  const names = task === "depth" ? ["near", "median", "far"] : task === "classes" ? ["class", ...classes] : classes;
  return csvLine("image", names);
}

export const csvLine = (image: string, cells: readonly (number | string)[]): string =>
  `${[image, ...cells].map(csvCell).join(",")}\n`;

/** RFC 4180. */
function csvCell(cell: number | string): string {
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Writes the picture and the numbers of a mask or of depth; each file is there whole or not at all. Returns their paths by what they are. */
export async function filesOf(
  told: Prediction,
  { classes }: TaskHead,
  image: Photo,
  picture: string,
  folder: string,
  store: Store,
): Promise<Record<string, string>> {
  const { encode } = await import("fast-png");
  const write = (path: string, bytes: Uint8Array) => store.write(relative(folder, path), markPng(bytes));
  if (told.task === "masks") {
    const { width, height, data } = told.mask;
    const mask = picture.replace(/png$/, "mask.png");
    await write(mask, encode({ width, height, channels: 1, depth: 8, data }));
    const drawn = maskPicture(image, told.mask);
    const there = [...new Set(data)].sort((a, b) => a - b);
    const legend = swatches(
      there.map((id) => ({ name: classes[id], color: classColor(id) })),
      drawn.width,
    );
    await write(picture, await pngWithLegend(drawn, legend));
    return { picture, mask };
  }
  if (told.task !== "depth") return {};
  const { width, height, data } = told.depth;
  const depth = picture.replace(/png$/, "depth.png");
  const millimeters = Uint16Array.from(data, (meters) => Math.min(65535, Math.round(1000 * meters)));
  await write(depth, encode({ width, height, channels: 1, depth: 16, data: millimeters }));
  const sorted = data.toSorted();
  const range = { near: sorted[0], far: sorted[sorted.length - 1] };
  const drawn = depthPicture(image, told.depth, range);
  const ends = [`${range.near.toFixed(2)} m`, `${range.far.toFixed(2)} m`] as const;
  await write(picture, await pngWithLegend(drawn, scale(ends, depthColor, drawn.width)));
  return { picture, depth };
}
