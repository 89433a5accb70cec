/** Photos of a training without labels: which are left out for the evaluation, their classes, and the evaluation in words. */
import type { StudentEvaluation } from "./evaluate-student.ts";

/** Fewest photos of which some are left out; one of `EVERY` is, at most `MOST`. */
const [FEWEST, EVERY, MOST] = [20, 10, 50];

/** Leaves out every tenth photo, at most 50 over the length of the list; none of fewer than 20. */
export function leaveOut(images: readonly string[]): { seen: readonly string[]; unseen: readonly string[] } {
  if (images.length < FEWEST) return { seen: images, unseen: [] };
  const unseen = new Set(spread(images, Math.min(MOST, Math.floor(images.length / EVERY))));
  return { seen: images.filter((image) => !unseen.has(image)), unseen: [...unseen] };
}

/** Returns at most `most` items at equal distances. */
export function spread<Item>(items: readonly Item[], most: number): Item[] {
  const count = Math.min(most, items.length);
  return Array.from({ length: count }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / count)]);
}

/** The folder of each photo as its class, where there are at least two folders with two photos each on average; else undefined. */
export function classFolders(images: readonly string[]): ReadonlyMap<string, string> | undefined {
  const folders = new Map(images.map((path) => [path, path.split(/[\\/]/).slice(0, -1).join("/")]));
  const classes = new Set(folders.values()).size;
  return classes >= 2 && images.length >= 2 * classes ? folders : undefined;
}

/** Describes an evaluation as names and values. */
export function describeStudent(evaluation?: StudentEvaluation): [name: string, value: string][] {
  if (!evaluation) return [["not evaluated", `fewer than ${FEWEST} photos`]];
  const { r2, photos, neighbors } = evaluation;
  const rows: [string, string][] = [[`R² of the teacher's tokens on ${photos} photos that it has not seen`, r2.toFixed(3)]];
  if (neighbors) {
    const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
    const name = `class of these by ${neighbors.k} nearest neighbors`;
    rows.push([name, `${percent(neighbors.student)} right, the teacher ${percent(neighbors.teacher)}`]);
  }
  return rows;
}
