/** A task on frozen features: a head fitted to the photos of one split, its regularisation chosen on those of another. */
import { S2Error } from "../core/index.ts";
import type { ItemOf, Kind, Photographed } from "../datasets/index.ts";
import type { Pooling } from "../features/index.ts";
import {
  type FitOptions,
  fitDepth,
  fitLogistic,
  fitNeighbours,
  fitObjects,
  fitPrototypes,
  fitRidgeClassifier,
  fitRidgeDepth,
  fitRidgeSegmentation,
  fitSegmentation,
  type Head,
  type Trial,
} from "../heads/index.ts";
import { depthPhotos, type FeaturesOf, firstFeatures, labelledVectors, maskedPhotos, photosOfObjects } from "./task-images.ts";

/** What can be fitted to each kind of data set, the usual one first. */
export const TASK_HEADS = {
  classes: ["logistic", "ridge", "knn", "prototypes"],
  masks: ["logistic", "ridge"],
  depth: ["ridge", "bins"],
  boxes: ["objects"],
} as const satisfies Record<Kind, readonly string[]>;

export type TaskHeadName = (typeof TASK_HEADS)[Kind][number];

/** A head that knows what it was fitted for: what `writeHead` keeps, and `openTask` opens. */
export interface TaskHead extends Head {
  readonly task: Kind;
  /** Names by id; empty for depth. */
  readonly classes: readonly string[];
  /** Which tokens stand for the photo; for classes alone. */
  readonly pooling?: Pooling;
}

export interface TaskOptions extends FitOptions {
  /** Default: the first of `TASK_HEADS`. */
  readonly head?: TaskHeadName;
  /** For classes; default "cls" where there is such a token, else "mean". */
  readonly pooling?: Pooling;
  /** What is tried instead of the usual values: C of logistic regression, alpha of ridge, decay of bins and objects. */
  readonly regularisation?: readonly number[];
  /** Of depth, in metres; default 0.1 to 10. */
  readonly near?: number;
  readonly far?: number;
}

/** A head, and how its regularisation was chosen; neighbours and prototypes have none. */
export interface FittedTask {
  readonly head: TaskHead;
  readonly chosen?: Trial;
  readonly trials: readonly Trial[];
}

/** Tried from the strongest to the weakest. C and alpha weigh sums over rows: tokens are a hundred times as many as photos. */
const C_OF_PHOTOS = [1e-4, 1e-3, 1e-2, 1e-1, 1, 10];
const C_OF_TOKENS = [1e-5, 1e-4, 1e-3, 1e-2];
const ALPHAS_OF_PHOTOS = [1e5, 1e4, 1e3, 100, 10, 1];
const ALPHAS_OF_TOKENS = [1e6, 1e5, 1e4, 1e3, 100, 10];
/** As DINO; fewer where there are fewer photos. */
const NEIGHBOURS = 20;
const DECAYS = [1, 0.1, 1e-2, 1e-3];

/** Where the descent over all tokens of all photos ends: figures do not change any more, seconds do. */
const TOKEN_TOLERANCE = 1e-4;
/** The most steps of a descent over dense targets, each of which passes over all photos. */
const STEPS = 100;

/** What a task needs to know of its data set; a `DataSet` is such. */
export interface TaskSet<K extends Kind = Kind> {
  readonly kind: K;
  readonly classes: readonly string[];
  readonly ignore?: number;
}

/**
 * Fits a head for the data set's kind to `train`, choosing by `validation`. Photos without features are left out.
 * @throws S2Error "option" for a head of another kind; "data-set" where there is nothing to tell apart; those of the fits.
 */
export async function fitTask<K extends Kind>(
  { kind, classes, ignore = 255 }: TaskSet<K>,
  parts: Parts<ItemOf[K]>,
  features: FeaturesOf,
  options: TaskOptions,
): Promise<FittedTask> {
  const name = headFor({ kind, classes, ignore }, parts.train, options.head);
  const { prefix, widths } = await firstFeatures(parts.train, features);
  const pooling = options.pooling ?? (prefix > 0 ? "cls" : "mean");
  const { head, ...how } = await FITS[kind](parts, features, { ...options, head: name, classes, ignore, widths, pooling });
  return { head: { ...head, task: kind, classes, ...(kind === "classes" && { pooling }) }, ...how };
}

interface Parts<Item> {
  readonly train: readonly Item[];
  readonly validation: readonly Item[];
}

type Fitted = Pick<FittedTask, "chosen" | "trials"> & { readonly head: Head };

/** What is settled. */
type Settled = TaskOptions &
  Required<Pick<TaskOptions, "head" | "pooling">> &
  Omit<TaskSet, "kind"> & { readonly widths: readonly number[] };

/**
 * The head that will be fitted, checked before features are made.
 * @throws S2Error "option" for a head of another kind; "data-set" where there is nothing to tell apart.
 */
export function headFor({ kind, classes, ignore }: TaskSet, train: readonly Photographed[], wished?: TaskHeadName): TaskHeadName {
  const names: readonly TaskHeadName[] = TASK_HEADS[kind];
  const name = wished ?? names[0];
  if (!names.includes(name)) throw new S2Error("option", `Got the head "${name}" for ${kind}; expected ${names.join(", ")}.`);
  const there = new Set(train.flatMap((item) => item.classes));
  if (kind === "depth" || kind === "boxes" || there.size >= 2) return name;
  const [only] = there;
  const ignored =
    kind === "masks" && ignore !== undefined && ignore >= 0
      ? ` Pixels of ${ignore} are ignored: if ${ignore} is a class, name it ("${ignore} NAME" in classes.txt), or give another id as ignore (--ignore), or none.`
      : "";
  throw new S2Error(
    "data-set",
    `The photos to learn from have ${only === undefined ? "no class" : `one class, "${classes[only]}"`}; a head tells classes apart, so give photos of two or more.${ignored}`,
  );
}

const FITS: { readonly [K in Kind]: (parts: Parts<ItemOf[K]>, features: FeaturesOf, settled: Settled) => Promise<Fitted> } = {
  async classes({ train, validation }, features, settled) {
    const { head, classes, pooling, signal, regularisation } = settled;
    const rows = await labelledVectors(train, features, pooling);
    const held = await labelledVectors(validation, features, pooling);
    const widths = settled.widths.map((width) => (pooling === "cls+mean" ? 2 * width : width));
    const options = { ...settled, widths, validation: held };
    if (head === "logistic") return fitLogistic(rows, { ...options, c: regularisation ?? C_OF_PHOTOS });
    if (head === "ridge") return fitRidgeClassifier(rows, { ...options, alpha: regularisation ?? ALPHAS_OF_PHOTOS });
    if (head === "prototypes") return { head: await fitPrototypes(rows, { classes, widths, signal }), trials: [] };
    const k = Math.min(NEIGHBOURS, rows()[0].labels.length);
    return { head: await fitNeighbours(rows, { classes, widths, signal, k }), trials: [] };
  },
  masks({ train, validation }, features, settled) {
    const { head, regularisation } = settled;
    const photos = maskedPhotos(train, features);
    const options = { ...settled, validation: maskedPhotos(validation, features) };
    if (head === "ridge") return fitRidgeSegmentation(photos, { ...options, alpha: regularisation ?? ALPHAS_OF_TOKENS });
    return fitSegmentation(photos, { ...options, c: regularisation ?? C_OF_TOKENS, tolerance: TOKEN_TOLERANCE });
  },
  depth({ train, validation }, features, settled) {
    const { head, regularisation, near = 0.1, far = 10 } = settled;
    const photos = depthPhotos(train, features);
    const options = { ...settled, near, far, validation: depthPhotos(validation, features) };
    if (head === "ridge") return fitRidgeDepth(photos, { ...options, alpha: regularisation ?? ALPHAS_OF_TOKENS });
    return fitDepth(photos, { ...options, decay: regularisation ?? DECAYS, iterations: STEPS });
  },
  boxes({ train, validation }, features, settled) {
    const held = photosOfObjects(validation, features);
    return fitObjects(photosOfObjects(train, features), {
      ...settled,
      decay: settled.regularisation ?? DECAYS,
      tolerance: TOKEN_TOLERANCE,
      iterations: STEPS,
      validation: held,
    });
  },
};
