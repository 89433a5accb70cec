/** A task on frozen features: a head fitted to the images of one split, its regularization chosen on those of another. */
import { S2Error } from "../core/index.ts";
import type { DataSetImage, ItemOf, Task } from "../datasets/index.ts";
import type { Pooling } from "../features/index.ts";
import {
  type FitOptions,
  fitDepth,
  fitLogistic,
  fitNeighbors,
  fitObjects,
  fitPrototypes,
  fitRidgeClassifier,
  fitRidgeDepth,
  fitRidgeSegmentation,
  fitSegmentation,
  type Head,
  type Trial,
} from "../heads/index.ts";
import { depthImages, type FeaturesOf, firstFeatures, imagesOfObjects, labeledVectors, maskedImages } from "./task-images.ts";

/** What can be fitted to each kind of data set, the usual one first. */
export const TASK_HEADS = {
  classification: ["logistic", "ridge", "knn", "prototypes"],
  segmentation: ["logistic", "ridge"],
  depth: ["ridge", "bins"],
  counting: ["objects"],
} as const satisfies Record<Task, readonly string[]>;

export type TaskHeadName = (typeof TASK_HEADS)[Task][number];

/** A head that knows what it was fitted for: what `writeHead` keeps, and `openTask` opens. */
export interface TaskHead extends Head {
  readonly task: Task;
  /** Names by id; empty for depth. */
  readonly classes: readonly string[];
  /** Which tokens stand for the image; for classes alone. */
  readonly pooling?: Pooling;
}

export interface TaskOptions extends FitOptions {
  /** Default: the first of `TASK_HEADS`. */
  readonly head?: TaskHeadName;
  /** For classes; default "cls" where there is such a token, else "mean". */
  readonly pooling?: Pooling;
  /** What is tried instead of the usual values: C of logistic regression, alpha of ridge, decay of bins and objects. */
  readonly regularization?: readonly number[];
  /** Of depth, in meters; default 0.1 to 10. */
  readonly near?: number;
  readonly far?: number;
}

/** A head, and how its regularization was chosen; neighbors and prototypes have none. */
export interface FittedTask {
  readonly head: TaskHead;
  readonly chosen?: Trial;
  readonly trials: readonly Trial[];
}

/** Tried from the strongest to the weakest. C and alpha weigh sums over rows: tokens are a hundred times as many as images. */
const C_OF_PHOTOS = [1e-4, 1e-3, 1e-2, 1e-1, 1, 10];
const C_OF_TOKENS = [1e-5, 1e-4, 1e-3, 1e-2];
const ALPHAS_OF_PHOTOS = [1e5, 1e4, 1e3, 100, 10, 1];
const ALPHAS_OF_TOKENS = [1e6, 1e5, 1e4, 1e3, 100, 10];
/** As DINO; fewer where there are fewer images. */
const NEIGHBOURS = 20;
const DECAYS = [1, 0.1, 1e-2, 1e-3];

/** Where the descent over all tokens of all images ends: figures do not change any more, seconds do. */
const TOKEN_TOLERANCE = 1e-4;
/** The most steps of a descent over dense targets, each of which passes over all images. */
const STEPS = 100;

/** What a task needs to know of its data set; a `DataSet` is such. */
export interface TaskSet<K extends Task = Task> {
  readonly task: K;
  readonly classes: readonly string[];
  readonly ignore?: number;
}

/**
 * Fits a head for the data set's kind to `train`, choosing by `validation`. Images without features are left out.
 * @throws S2Error "option" for a head of another kind; "data-set" where there is nothing to tell apart; those of the fits.
 */
export async function fitTask<K extends Task>(
  { task, classes, ignore = 255 }: TaskSet<K>,
  parts: Parts<ItemOf[K]>,
  features: FeaturesOf,
  options: TaskOptions,
): Promise<FittedTask> {
  const name = headFor({ task, classes, ignore }, parts.train, options.head);
  const { prefix, channelsPerScale } = await firstFeatures(parts.train, features);
  const pooling = options.pooling ?? (prefix > 0 ? "cls" : "mean");
  const { head, ...how } = await FITS[task](parts, features, {
    ...options,
    head: name,
    classes,
    ignore,
    channelsPerScale,
    pooling,
  });
  return { head: { ...head, task, classes, ...(task === "classification" && { pooling }) }, ...how };
}

interface Parts<Item> {
  readonly train: readonly Item[];
  readonly validation: readonly Item[];
}

type Fitted = Pick<FittedTask, "chosen" | "trials"> & { readonly head: Head };

/** What is settled. */
type Settled = TaskOptions &
  Required<Pick<TaskOptions, "head" | "pooling">> &
  Omit<TaskSet, "task"> & { readonly channelsPerScale: readonly number[] };

/**
 * The head that will be fitted, checked before features are made.
 * @throws S2Error "option" for a head of another kind; "data-set" where there is nothing to tell apart.
 */
export function headFor({ task, classes, ignore }: TaskSet, train: readonly DataSetImage[], wished?: TaskHeadName): TaskHeadName {
  const names: readonly TaskHeadName[] = TASK_HEADS[task];
  const name = wished ?? names[0];
  if (!names.includes(name)) throw new S2Error("option", `Got the head "${name}" for ${task}; expected ${names.join(", ")}.`);
  const there = new Set(train.flatMap((item) => item.classes));
  if (task === "depth" || task === "counting" || there.size >= 2) return name;
  const [only] = there;
  const ignored =
    task === "segmentation" && ignore !== undefined && ignore >= 0
      ? ` Pixels of ${ignore} are ignored: if ${ignore} is a class, name it ("${ignore} NAME" in classes.txt), or give another id as ignore (--ignore), or none.`
      : "";
  throw new S2Error(
    "data-set",
    `The images to learn from have ${only === undefined ? "no class" : `one class, "${classes[only]}"`}; a head tells classes apart, so give images of two or more.${ignored}`,
  );
}

const FITS: { readonly [K in Task]: (parts: Parts<ItemOf[K]>, features: FeaturesOf, settled: Settled) => Promise<Fitted> } = {
  async classification({ train, validation }, features, settled) {
    const { head, classes, pooling, signal, regularization } = settled;
    const rows = await labeledVectors(train, features, pooling);
    const held = await labeledVectors(validation, features, pooling);
    const channelsPerScale = settled.channelsPerScale.map((width) => (pooling === "cls+mean" ? 2 * width : width));
    const options = { ...settled, channelsPerScale, validation: held };
    if (head === "logistic") return fitLogistic(rows, { ...options, c: regularization ?? C_OF_PHOTOS });
    if (head === "ridge") return fitRidgeClassifier(rows, { ...options, alpha: regularization ?? ALPHAS_OF_PHOTOS });
    if (head === "prototypes") return { head: await fitPrototypes(rows, { classes, channelsPerScale, signal }), trials: [] };
    const k = Math.min(NEIGHBOURS, rows()[0].labels.length);
    return { head: await fitNeighbors(rows, { classes, channelsPerScale, signal, k }), trials: [] };
  },
  segmentation({ train, validation }, features, settled) {
    const { head, regularization } = settled;
    const images = maskedImages(train, features);
    const options = { ...settled, validation: maskedImages(validation, features) };
    if (head === "ridge") return fitRidgeSegmentation(images, { ...options, alpha: regularization ?? ALPHAS_OF_TOKENS });
    return fitSegmentation(images, { ...options, c: regularization ?? C_OF_TOKENS, tolerance: TOKEN_TOLERANCE });
  },
  depth({ train, validation }, features, settled) {
    const { head, regularization, near = 0.1, far = 10 } = settled;
    const images = depthImages(train, features);
    const options = { ...settled, near, far, validation: depthImages(validation, features) };
    if (head === "ridge") return fitRidgeDepth(images, { ...options, alpha: regularization ?? ALPHAS_OF_TOKENS });
    return fitDepth(images, { ...options, decay: regularization ?? DECAYS, iterations: STEPS });
  },
  counting({ train, validation }, features, settled) {
    const held = imagesOfObjects(validation, features);
    return fitObjects(imagesOfObjects(train, features), {
      ...settled,
      decay: settled.regularization ?? DECAYS,
      tolerance: TOKEN_TOLERANCE,
      iterations: STEPS,
      validation: held,
    });
  },
};
