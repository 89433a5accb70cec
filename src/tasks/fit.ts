/** `fitTask`: a head fitted to features of the training images, its regularization chosen on the validation images. */
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

/** Heads for each task; the first is the default. */
export const TASK_HEADS = {
  classification: ["logistic", "ridge", "knn", "prototypes"],
  segmentation: ["logistic", "ridge"],
  depth: ["ridge", "bins"],
  counting: ["objects"],
} as const satisfies Record<Task, readonly string[]>;

/** The name of a head in `TASK_HEADS`. */
export type TaskHeadName = (typeof TASK_HEADS)[Task][number];

/** A head with the task that it was fitted for; `openPredictor` opens it. */
export interface TaskHead extends Head {
  readonly task: Task;
  /** Names by id; empty for depth. */
  readonly classes: readonly string[];
  /** The tokens that make the image's vector; for classification alone. */
  readonly pooling?: Pooling;
}

/** The head, its regularization, and where graphs run. */
export interface TaskOptions extends FitOptions {
  /** Default: the first of `TASK_HEADS`. */
  readonly head?: TaskHeadName;
  /** The tokens that make the image's vector, for classification; default "cls" if there is such a token, else "mean". */
  readonly pooling?: Pooling;
  /** Values to try instead of the default ones: C of logistic regression, alpha of ridge, decay of bins and objects. */
  readonly regularization?: readonly number[];
  /** The least depth that is predicted, in meters; default 0.1. */
  readonly near?: number;
  /** The largest depth that is predicted and evaluated, in meters; default 10. */
  readonly far?: number;
}

/** A head and how its regularization was chosen. */
export interface FittedTask {
  readonly head: TaskHead;
  /** The regularization with the least validation loss; undefined for neighbors and prototypes, which have none. */
  readonly chosen?: Trial;
  /** All regularizations that were tried. */
  readonly trials: readonly Trial[];
}

/** Default regularizations, from the strongest to the weakest. C and alpha weigh sums over rows, and there are a hundred times as many tokens as images. */
const C_FOR_IMAGES = [1e-4, 1e-3, 1e-2, 1e-1, 1, 10];
const C_FOR_TOKENS = [1e-5, 1e-4, 1e-3, 1e-2];
const ALPHAS_FOR_IMAGES = [1e5, 1e4, 1e3, 100, 10, 1];
const ALPHAS_FOR_TOKENS = [1e6, 1e5, 1e4, 1e3, 100, 10];
/** Neighbors of kNN, as in DINO; fewer if there are fewer images. */
const NEIGHBORS = 20;
const DECAYS = [1, 0.1, 1e-2, 1e-3];

/** Tolerance of L-BFGS over all tokens of all images: a smaller one takes longer and does not change the figures. */
const TOKEN_TOLERANCE = 1e-4;
/** Step limit of L-BFGS over dense targets; each step passes over all images. */
const STEPS = 100;

/** The part of a `DataSet` that a task needs. */
export interface TaskSet<K extends Task = Task> {
  readonly task: K;
  /** Names by id; empty for depth. */
  readonly classes: readonly string[];
  /** Segmentation: the id of pixels that count nowhere; default 255. */
  readonly ignore?: number;
}

/**
 * Fits a head for the data set's task to `train` and chooses its regularization on `validation`. Images without features are left out.
 * @throws S2Error "option" for a head of another task; "data-set" when the training images have one class; those of the fits.
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

/** The options with their defaults filled in. */
type Settled = TaskOptions &
  Required<Pick<TaskOptions, "head" | "pooling">> &
  Omit<TaskSet, "task"> & { readonly channelsPerScale: readonly number[] };

/**
 * Returns the name of the head that `fitTask` will fit, so that it can be checked before features are extracted.
 * @throws S2Error "option" for a head of another task; "data-set" when the training images have one class.
 */
export function headFor(
  { task, classes, ignore }: TaskSet,
  train: readonly DataSetImage[],
  requested?: TaskHeadName,
): TaskHeadName {
  const names: readonly TaskHeadName[] = TASK_HEADS[task];
  const name = requested ?? names[0];
  if (!names.includes(name)) throw new S2Error("option", `Got the head "${name}" for ${task}; expected ${names.join(", ")}.`);
  const present = new Set(train.flatMap((item) => item.classes));
  if (task === "depth" || task === "counting" || present.size >= 2) return name;
  const [only] = present;
  const ignored =
    task === "segmentation" && ignore !== undefined && ignore >= 0
      ? ` Pixels of ${ignore} are ignored: if ${ignore} is a class, name it ("${ignore} NAME" in classes.txt), or give another id as ignore, or "none".`
      : "";
  throw new S2Error(
    "data-set",
    `The training images have ${only === undefined ? "no class" : `one class, "${classes[only]}"`}; give images of two classes or more.${ignored}`,
    { option: "ignore" },
  );
}

const FITS: { readonly [K in Task]: (parts: Parts<ItemOf[K]>, features: FeaturesOf, settled: Settled) => Promise<Fitted> } = {
  async classification({ train, validation }, features, settled) {
    const { head, classes, pooling, signal, regularization } = settled;
    const rows = await labeledVectors(train, features, pooling);
    const validationRows = await labeledVectors(validation, features, pooling);
    const channelsPerScale = settled.channelsPerScale.map((width) => (pooling === "cls+mean" ? 2 * width : width));
    const options = { ...settled, channelsPerScale, validation: validationRows };
    if (head === "logistic") return fitLogistic(rows, { ...options, c: regularization ?? C_FOR_IMAGES });
    if (head === "ridge") return fitRidgeClassifier(rows, { ...options, alpha: regularization ?? ALPHAS_FOR_IMAGES });
    if (head === "prototypes") return { head: await fitPrototypes(rows, { classes, channelsPerScale, signal }), trials: [] };
    const k = Math.min(NEIGHBORS, rows()[0].labels.length);
    return { head: await fitNeighbors(rows, { classes, channelsPerScale, signal, k }), trials: [] };
  },
  segmentation({ train, validation }, features, settled) {
    const { head, regularization } = settled;
    const images = maskedImages(train, features);
    const options = { ...settled, validation: maskedImages(validation, features) };
    if (head === "ridge") return fitRidgeSegmentation(images, { ...options, alpha: regularization ?? ALPHAS_FOR_TOKENS });
    return fitSegmentation(images, { ...options, c: regularization ?? C_FOR_TOKENS, tolerance: TOKEN_TOLERANCE });
  },
  depth({ train, validation }, features, settled) {
    const { head, regularization, near = 0.1, far = 10 } = settled;
    const images = depthImages(train, features);
    const options = { ...settled, near, far, validation: depthImages(validation, features) };
    if (head === "ridge") return fitRidgeDepth(images, { ...options, alpha: regularization ?? ALPHAS_FOR_TOKENS });
    return fitDepth(images, { ...options, decay: regularization ?? DECAYS, iterations: STEPS });
  },
  counting({ train, validation }, features, settled) {
    return fitObjects(imagesOfObjects(train, features), {
      ...settled,
      decay: settled.regularization ?? DECAYS,
      tolerance: TOKEN_TOLERANCE,
      iterations: STEPS,
      validation: imagesOfObjects(validation, features),
    });
  },
};
