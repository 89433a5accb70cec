/** Hard samples (paper, §4.1): what only the larger model of a pair classifies correctly, by kind, and how much of it S² does; errors on training and on test photos. */
import { classify, classifyByFolds } from "../capacity/classify.ts";
import { byKey, hardSamples as hardSamplesOf, missed, type Predictions } from "../capacity/hard-samples.ts";
import { type PairResult, reportHardSamples } from "../capacity/hard-samples-report.ts";
import { largeFeatures, smallFeatures } from "../capacity/output-features.ts";
import { type OpenedFamily, type OpenedModel, openFamilies } from "../capacity/pairs.ts";
import { openPhotoSets } from "../capacity/photos.ts";
import { type SampleSet, samplesOf } from "../capacity/samples.ts";
import { COUNTS, systemNames, systemsOf } from "../capacity/systems.ts";
import { type ExperimentContext, scaleName } from "../context.ts";
import { ResearchError } from "../error.ts";
import type { ImageFeatures, TaskData } from "../evaluate.ts";
import type { Experiment } from "../experiment.ts";
import { MODELS } from "../ladder/tables.ts";
import { memoized } from "../memoized.ts";

/** Folds of the training photos for the model that says which of them are hard. */
const FOLDS = 5;

export const hardSamples: Experiment = {
  name: "hard-samples",
  title: "Hard samples: images that only the larger model classifies correctly",
  question:
    "Of the images that a larger model classifies correctly and the small one does not, how many does the small one with S²?",
  ladder: MODELS.map(({ path }) => path),
  async run(context) {
    const families = await openFamilies(context);
    if (families.length === 0)
      throw new ResearchError("--models has no small model with a larger one of its family; give --models with both.");
    const sets = await openPhotoSets(context);
    const results: PairResult[] = [];
    for (const task of sets.values())
      for (const family of families) {
        const reference = families.find((each) => each !== family)?.small.at(-1);
        results.push(...(await familyResults(context, task, family, reference)));
      }
    for (const result of results) await keepImages(context, result);
    return reportHardSamples(results);
  },
};

/** Compares each small model of a family with its largest on one set. */
async function familyResults(
  context: ExperimentContext,
  task: TaskData,
  { small, large }: OpenedFamily,
  reference: OpenedModel | undefined,
): Promise<PairResult[]> {
  const larger = large.at(-1)!;
  const samples = await samplesOf(task, gridOf(task, larger));
  const ofLarger = await predictLarge(context, task, samples, larger);
  const hardPhotos =
    reference && task.set.task === "classification" ? await photosHardFor(context, task, samples, reference) : undefined;
  const results: PairResult[] = [];
  for (const model of small) {
    const systems = await predictSmall(context, task, samples, model);
    const hard = hardSamplesOf(samples, systems.get("1x")!, ofLarger);
    results.push({ task, model: model.name, larger: larger.name, samples, systems, ofLarger, hard, hardPhotos });
  }
  return results;
}

/** Predicts by every system of a small model. */
async function predictSmall(context: ExperimentContext, task: TaskData, samples: SampleSet, model: OpenedModel) {
  const train = samples.photos.flatMap(({ key, split }) => (split === "train" ? [key] : []));
  const systems = memoized(async () => systemsOf(context, { ...(await smallFeatures(context, task, model)), train }));
  const predictions = new Map<string, Predictions>();
  for (const name of systemNames(channelsOf(model))) {
    const make = async () => (await systems()).find((each) => each.name === name)!.make();
    predictions.set(name, await predict(context, task, samples, model, name, make));
  }
  return predictions;
}

const predictLarge = (context: ExperimentContext, task: TaskData, samples: SampleSet, model: OpenedModel) =>
  predict(context, task, samples, model, "1x", () => largeFeatures(context, task, model));

/** Predicts all training and test samples, or reads what a former run kept. */
async function predict(
  context: ExperimentContext,
  task: TaskData,
  samples: SampleSet,
  model: OpenedModel,
  system: string,
  make: () => Promise<ImageFeatures>,
): Promise<Predictions> {
  const kept = await context.kept(`${task.folder.name} ${model.path} ${model.sha256.slice(0, 8)} ${system}`, async () => {
    const features = await make();
    context.say(`fitting a head to ${model.name}, ${system} of ${task.folder.name}`);
    return classify(context, samples, features);
  });
  return byKey(kept);
}

/** Lists the photos that a model of another family has wrong at 1x: training photos when it is fitted to the others, and test photos. */
async function photosHardFor(
  context: ExperimentContext,
  task: TaskData,
  samples: SampleSet,
  model: OpenedModel,
): Promise<PairResult["hardPhotos"]> {
  const kept = await context.kept(`${task.folder.name} ${model.path} ${model.sha256.slice(0, 8)} folds`, async () => {
    const one = await systemsOf(context, { ...(await smallFeatures(context, task, model)), train: [] })[0].make();
    context.say(`fitting ${FOLDS} heads to ${model.name} of ${task.folder.name}`);
    const predictions = await classify(context, samples, one);
    const training = new Set(samples.photos.flatMap(({ key, split }) => (split === "train" ? [key] : [])));
    return [...predictions.filter(({ key }) => !training.has(key)), ...(await classifyByFolds(context, samples, one, FOLDS))];
  });
  return { model: model.name, keys: missed(samples, byKey(kept)) };
}

/** The grid of a model's output; whole photos where the set has a class for each. */
function gridOf({ set }: TaskData, model: OpenedModel): { rows: number; cols: number } {
  if (set.task === "classification") return { rows: 1, cols: 1 };
  const { imageSize = [224, 224], patchSize } = model.stages.at(-1)!.model.traits;
  return { rows: imageSize[0] / patchSize!, cols: imageSize[1] / patchSize! };
}

const channelsOf = (model: OpenedModel): number => model.stages.at(-1)!.model.traits.channels!;

/** Copies the photos that stay hard with S² beside the page. */
async function keepImages(
  context: ExperimentContext,
  { task, samples, systems, hard, model, larger }: PairResult,
): Promise<void> {
  if (task.set.task !== "classification") return;
  const scaled = systems.get(scaleName(COUNTS.length))!;
  for (const { photo, index } of hard) {
    if (scaled.get(photo.key)!.classes[index] === photo.labels[index]) continue;
    const path = photo.key.slice(task.folder.name.length + 1);
    const name = `${larger} beyond ${model}/${samples.classes[photo.labels[index]]}-${path.replaceAll("/", "-")}`;
    await context.keepImage(task.folder, path, name);
  }
}
