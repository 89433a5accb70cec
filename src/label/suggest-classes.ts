/** Suggestions of classes for images without a label: prototypes of the labeled images' vectors, and the image to ask for next. */
import { fitPrototypes, openPrototypes } from "../heads/index.ts";
import type { OpenGraph } from "../onnx/index.ts";
import { joinArrays } from "../tensors/join-arrays.ts";

/** Vectors of images by path. */
export type Vectors = ReadonlyMap<string, Float32Array>;

/** Probabilities of all classes for images by path. */
export type ClassScores = ReadonlyMap<string, Float32Array>;

/**
 * Predicts classes by prototypes of the labeled images; classes without a labeled image have the probability 0. Returns none before two
 * classes have an image.
 */
export async function suggestClasses(
  vectors: Vectors,
  labels: ReadonlyMap<string, number>,
  classes: readonly string[],
  { channelsPerScale, openGraph }: { readonly channelsPerScale: readonly number[]; readonly openGraph: OpenGraph },
): Promise<ClassScores> {
  const known = [...labels].filter(([path]) => vectors.has(path));
  const present = [...new Set(known.map(([, label]) => label))].sort((a, b) => a - b);
  const open = [...vectors.keys()].filter((path) => !labels.has(path));
  if (present.length < 2 || open.length === 0) return new Map();
  const rowsOf = (paths: readonly string[]) =>
    joinArrays(
      Float32Array,
      paths.map((path) => vectors.get(path)!),
    );
  const batch = {
    features: rowsOf(known.map(([path]) => path)),
    labels: Int32Array.from(known, ([, label]) => present.indexOf(label)),
  };
  const head = await fitPrototypes(() => [batch], { classes: present.map((id) => classes[id]), channelsPerScale });
  const { predict, close } = await openPrototypes(head, openGraph);
  try {
    const scores = await predict(rowsOf(open));
    return new Map(
      open.map((path, row) => {
        const all = new Float32Array(classes.length);
        for (let k = 0; k < present.length; k++) all[present[k]] = scores[row * present.length + k];
        return [path, all];
      }),
    );
  } finally {
    await close();
  }
}

/** Returns the difference of the two largest scores: the smaller, the less sure. */
export function margin(scores: ArrayLike<number>, from = 0, count = scores.length): number {
  let [first, second] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = from; i < from + count; i++) {
    if (scores[i] > first) [first, second] = [scores[i], first];
    else if (scores[i] > second) second = scores[i];
  }
  return first - second;
}

/** Returns the path with the smallest value, the first of equals; undefined for none. */
export function leastOf(values: Iterable<readonly [string, number]>): string | undefined {
  let [best, least] = [undefined as string | undefined, Number.POSITIVE_INFINITY];
  for (const [path, value] of values) if (value < least || best === undefined) [best, least] = [path, value];
  return best;
}

/** Labeled images that others are compared with, the last ones. */
const COMPARED = 20;

/** Returns the image whose largest cosine with a labeled one is the smallest, so that a second class is soon found; undefined for none. */
export function leastSimilar(vectors: Vectors, labeled: readonly string[], open: readonly string[]): string | undefined {
  const known = labeled.slice(-COMPARED).flatMap((path) => vectors.get(path) ?? []);
  if (known.length === 0) return undefined;
  const cosine = (a: Float32Array, b: Float32Array) => {
    let [product, aa, bb] = [0, 0, 0];
    for (let i = 0; i < a.length; i++) {
      product += a[i] * b[i];
      aa += a[i] * a[i];
      bb += b[i] * b[i];
    }
    return product / (Math.sqrt(aa * bb) || 1);
  };
  const largest = (vector: Float32Array) => known.reduce((most, each) => Math.max(most, cosine(vector, each)), -1);
  return leastOf(open.filter((path) => vectors.has(path)).map((path) => [path, largest(vectors.get(path)!)]));
}
