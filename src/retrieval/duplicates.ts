/** `findDuplicates`: groups of images that are the same file, the same pixels, or edited copies of one picture. */
import { badOption } from "../core/index.ts";
import { leastDifference, wholeDifference } from "../images/index.ts";
import { unit } from "./regions.ts";

/** An image as `findDuplicates` compares it. */
export interface ImageSignature {
  /** Path or another name. */
  readonly image: string;
  /** Height and width in pixels. */
  readonly size: readonly [height: number, width: number];
  /** Bytes of the file. */
  readonly bytes: number;
  /** SHA-256 of the file. */
  readonly contentHash: string;
  /** SHA-256 of the decoded pixels. */
  readonly pixelHash: string;
  /** From `differenceHash`. */
  readonly differenceHash: Uint32Array;
  /** Pooled features: `imageVector` of "s2-vision/tasks", "mean". */
  readonly vector: Float32Array;
}

/** Options of `findDuplicates`; the defaults were chosen by bench/duplicates.mjs, for s2-tiny at 1x. */
export interface DuplicateOptions {
  /** Least cosine of the vectors of near duplicates; default 0.9. */
  readonly minSimilarity?: number;
  /** Most bits, of 128, in which their difference hashes differ; default 12. */
  readonly maxDifference?: number;
}

/** Images of one picture, the largest first: the one to keep. */
export interface DuplicateGroup {
  /** "exact" when all have the same pixels. */
  readonly kind: "exact" | "near";
  readonly images: readonly {
    readonly image: string;
    readonly size: readonly [height: number, width: number];
    readonly bytes: number;
    /** Relation to the first image. */
    readonly relation: "keep" | "same bytes" | "same pixels" | "near";
    /** Cosine with the first one's vector. */
    readonly similarity: number;
    /** Bits, of 128, in which it differs from the first one, or from a crop of it. */
    readonly difference: number;
  }[];
}

/** Whole images of copies that are cropped by up to a tenth differ in fewer bits; others are not compared further. */
const ROUGHLY = 56;

/**
 * Groups duplicates: pairs that are exact, or near by both vectors and difference hashes, are joined, and so are pairs with a common image.
 * In a group the image with most pixels comes first, then most bytes, then the shortest name. Rotated and mirrored copies are not found.
 * @throws S2Error "option" for thresholds that are no numbers of their range.
 */
export function findDuplicates(images: readonly ImageSignature[], options: DuplicateOptions = {}): DuplicateGroup[] {
  const { minSimilarity = 0.9, maxDifference = 12 } = options;
  if (!(minSimilarity >= -1 && minSimilarity <= 1))
    throw badOption("option", "minSimilarity", minSimilarity, "a cosine, -1 to 1");
  if (!(Number.isInteger(maxDifference) && maxDifference >= 0 && maxDifference <= 128))
    throw badOption("option", "maxDifference", maxDifference, "a whole number of bits, 0 to 128");
  const sorted = [...images].sort(bestFirst);
  const parents = sorted.map((_, i) => i);
  const rootOf = (i: number): number => {
    let root = i;
    while (parents[root] !== root) root = parents[root];
    for (let at = i; at !== root; ) [at, parents[at]] = [parents[at], root];
    return root;
  };
  // The lower index becomes the root, so that a group's root is its best image.
  const join = (a: number, b: number) => {
    const [low, high] = [rootOf(a), rootOf(b)].sort((x, y) => x - y);
    parents[high] = low;
  };
  const first = new Map<string, number>();
  const distinct: number[] = [];
  for (const [i, { contentHash, pixelHash }] of sorted.entries()) {
    const known = first.get(contentHash) ?? first.get(pixelHash);
    if (known === undefined) distinct.push(i);
    else join(known, i);
    for (const hash of [contentHash, pixelHash]) if (!first.has(hash)) first.set(hash, known ?? i);
  }
  const vectors = new Map(distinct.map((i) => [i, unit(sorted[i].vector.slice())]));
  for (let a = 0; a < distinct.length; a++) {
    const one = sorted[distinct[a]].differenceHash;
    for (let b = a + 1; b < distinct.length; b++) {
      const other = sorted[distinct[b]].differenceHash;
      if (wholeDifference(one, other) > ROUGHLY || leastDifference(one, other) > maxDifference) continue;
      if (cosine(vectors.get(distinct[a])!, vectors.get(distinct[b])!) >= minSimilarity) join(distinct[a], distinct[b]);
    }
  }
  const groups = new Map<number, ImageSignature[]>();
  for (const [i, image] of sorted.entries()) groups.set(rootOf(i), [...(groups.get(rootOf(i)) ?? []), image]);
  return [...groups.values()].filter(({ length }) => length > 1).map(describe);
}

/** Most pixels, most bytes, then the shortest name, for names of copies are longer; the same order on every machine. */
const bestFirst = (a: ImageSignature, b: ImageSignature): number =>
  b.size[0] * b.size[1] - a.size[0] * a.size[1] ||
  b.bytes - a.bytes ||
  a.image.length - b.image.length ||
  (a.image < b.image ? -1 : 1);

function describe(images: readonly ImageSignature[]): DuplicateGroup {
  const [kept] = images;
  const vector = unit(kept.vector.slice());
  const described = images.map((each) => {
    const { image, size, bytes } = each;
    const near = each.pixelHash === kept.pixelHash ? ("same pixels" as const) : ("near" as const);
    const relation = each === kept ? ("keep" as const) : each.contentHash === kept.contentHash ? ("same bytes" as const) : near;
    const similarity = cosine(vector, unit(each.vector.slice()));
    return { image, size, bytes, relation, similarity, difference: leastDifference(kept.differenceHash, each.differenceHash) };
  });
  return { kind: described.some(({ relation }) => relation === "near") ? "near" : "exact", images: described };
}

function cosine(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += a[c] * b[c];
  return sum;
}
