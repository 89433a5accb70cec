/** Predictions of a linear classifier for all samples of a set, fitted to the training photos. */
import { fitRidgeClassifier, openProbe } from "s2-vision/heads";
import type { ExperimentContext } from "../context.ts";
import type { ImageFeatures } from "../evaluate.ts";
import type { PhotoSamples, SampleSet } from "./samples.ts";

const ALPHAS = [1e5, 1e4, 1e3, 100, 10];

/** Predictions of a photo's samples. */
export interface PhotoPredictions {
  readonly key: string;
  /** Class of each sample. */
  readonly classes: readonly number[];
  /** Largest score minus the second largest of each sample. */
  readonly margins: readonly number[];
}

/** Fits ridge regression on ±1, its penalty chosen on validation photos, and predicts the samples of the training and test photos. */
export async function classify(
  context: ExperimentContext,
  { photos, classes }: SampleSet,
  features: ImageFeatures,
): Promise<PhotoPredictions[]> {
  const present = photos.filter(({ key }) => features.has(key));
  const [train, validation] = (["train", "validation"] as const).map((wanted) => present.filter(({ split }) => split === wanted));
  return fitAndPredict(
    context,
    classes,
    features,
    { train, validation },
    present.filter(({ split }) => split !== "validation"),
  );
}

/** Predicts each training photo by a classifier of the other folds' photos: what is hard for these features among the photos that others are fitted to. */
export async function classifyByFolds(
  context: ExperimentContext,
  { photos, classes }: SampleSet,
  features: ImageFeatures,
  folds: number,
): Promise<PhotoPredictions[]> {
  const present = photos.filter(({ key }) => features.has(key));
  const [train, validation] = (["train", "validation"] as const).map((wanted) => present.filter(({ split }) => split === wanted));
  const predictions: PhotoPredictions[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const isHeld = (_: PhotoSamples, i: number) => i % folds === fold; // photos are sorted by class
    const rest = train.filter((photo, i) => !isHeld(photo, i));
    predictions.push(...(await fitAndPredict(context, classes, features, { train: rest, validation }, train.filter(isHeld))));
  }
  return predictions;
}

async function fitAndPredict(
  { openGraph, signal }: ExperimentContext,
  classes: readonly string[],
  features: ImageFeatures,
  { train, validation }: { readonly train: readonly PhotoSamples[]; readonly validation: readonly PhotoSamples[] },
  wanted: readonly PhotoSamples[],
): Promise<PhotoPredictions[]> {
  const [{ channelsPerScale }] = features.values();
  const batches = (photos: readonly PhotoSamples[]) => () =>
    photos.map(({ key, labels }) => ({ features: features.get(key)!.data, labels }));
  const shared = { openGraph, signal, classes, channelsPerScale, alpha: ALPHAS };
  const { head } = await fitRidgeClassifier(batches(train), { ...shared, validation: batches(validation) });
  const opened = await openProbe(head, openGraph);
  const predictions: PhotoPredictions[] = [];
  try {
    for (const { key } of wanted)
      predictions.push({ key, ...bestOf(await opened.predict(features.get(key)!.data), classes.length) });
  } finally {
    await opened.close();
  }
  return predictions;
}

/** Finds the best class of each sample, and by how much its score is larger than the next. */
function bestOf(scores: Float32Array, classes: number): Omit<PhotoPredictions, "key"> {
  const count = scores.length / classes;
  const [best, margins] = [new Array<number>(count), new Array<number>(count)];
  for (let i = 0; i < count; i++) {
    let [first, second] = [0, -1];
    for (let k = 1; k < classes; k++) {
      if (scores[i * classes + k] > scores[i * classes + first]) [first, second] = [k, first];
      else if (second < 0 || scores[i * classes + k] > scores[i * classes + second]) second = k;
    }
    best[i] = first;
    margins[i] = second < 0 ? 0 : Number((scores[i * classes + first] - scores[i * classes + second]).toPrecision(5));
  }
  return { classes: best, margins };
}
