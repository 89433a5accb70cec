/** Rows of Table 3: training losses on the classes of a set, of small models with S² and its controls, and of larger models. */
import type { ExperimentContext } from "../context.ts";
import type { ImageFeatures, TaskData } from "../evaluate.ts";
import { memoized } from "../memoized.ts";
import { type LabeledPhoto, type TrainingLosses, trainingLosses } from "./memorize.ts";
import { largeFeatures, smallFeatures } from "./output-features.ts";
import type { OpenedFamily, OpenedModel } from "./pairs.ts";
import type { PhotoSet } from "./photos.ts";
import { systemNames, systemsOf } from "./systems.ts";

/** The set with the most classes. */
export const MEMORIZED: PhotoSet = "grocery";

export interface MemorizationRow extends TrainingLosses {
  readonly family: string;
  readonly model: string;
  /** Name of the system; "1x" for a larger model. */
  readonly features: string;
  readonly isLarge: boolean;
}

/** Fits the rows that are not kept; none without the set. */
export async function memorizationRows(
  context: ExperimentContext,
  families: readonly OpenedFamily[],
  sets: ReadonlyMap<PhotoSet, TaskData>,
): Promise<MemorizationRow[]> {
  const task = sets.get(MEMORIZED) as TaskData<"classification"> | undefined;
  if (!task) return [];
  const photos = task.splits.train.map(({ path, label }) => ({ key: `${task.folder.name}/${path}`, label }));
  const classes = task.set.classes.length;
  const rows: MemorizationRow[] = [];
  for (const { name: family, small, large } of families) {
    const add = async (model: OpenedModel, features: string, isLarge: boolean, make: () => Promise<ImageFeatures>) => {
      const losses = await context.kept(`losses ${model.path} ${model.sha256.slice(0, 8)} ${features}`, async () => {
        context.say(`training losses of ${model.name}, ${features}`);
        const made = await make();
        return trainingLosses(context, present(photos, made), classes, made);
      });
      rows.push({ ...losses, family, model: model.name, features, isLarge });
    };
    for (const model of small) {
      const systems = memoized(async () =>
        systemsOf(context, { ...(await smallFeatures(context, task, model)), train: photos.map(({ key }) => key) }),
      );
      for (const features of systemNames(model.stages.at(-1)!.model.traits.channels!))
        await add(model, features, false, async () => (await systems()).find(({ name }) => name === features)!.make());
    }
    for (const model of large) await add(model, "1x", true, () => largeFeatures(context, task, model));
  }
  return rows;
}

const present = (photos: readonly LabeledPhoto[], features: ImageFeatures): LabeledPhoto[] =>
  photos.filter(({ key }) => features.has(key));
