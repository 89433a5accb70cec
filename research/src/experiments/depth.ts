/** Depth (paper, Table 7): a linear head on one scale, two and three, compared with a head that knows the position in the image alone. */

import type { ItemOf } from "s2-vision/datasets";
import type { ImageTokens } from "s2-vision/heads";
import { joinSums } from "s2-vision/metrics";
import { taskFigures } from "s2-vision/tasks";
import { type ExperimentContext, native, scaleName } from "../context.ts";
import {
  comparison,
  type Evaluation,
  evaluate,
  extractFeatures,
  firstScales,
  type ImageFeatures,
  intervalOf,
  mapAll,
  openTaskSet,
  type TaskData,
  verdictOf,
} from "../evaluate.ts";
import type { Experiment } from "../experiment.ts";

const ALL = ["AbsRel", "RMSE", "delta1"];
const OBJECTS = ALL.map((figure) => `${figure} of objects`);

/** osd labels the background 0, the table 1, and objects from here on. */
const FIRST_OBJECT = 20;

export const depth: Experiment = {
  name: "depth",
  title: "Depth: table tops and rooms",
  question: "Does a linear head on S² features predict depth better, also of objects, and in unseen rooms?",
  async run(context) {
    const osd = await openTaskSet(context, "depth/osd", { task: "depth", metersPerUnit: 0.001 });
    const tables = { ...osd, splits: { ...osd.splits, test: osd.splits.test.map(withoutTable) } };
    const onTables = await evaluateAll(await featureSetsOf(tables, context), (name, features) =>
      evaluate(tables, context, name, features),
    );
    const rooms = await openTaskSet(context, "depth/rooms", { task: "depth", metersPerUnit: 0.001 });
    const inRooms = await evaluateAll(await featureSetsOf(rooms, context), (name, features) =>
      leaveScenesOut(rooms, context, name, features),
    );
    const scenes = [...new Set(itemsOf(rooms).map(sceneOf))];
    return {
      method: [
        `osd: ${osd.splits.train.length} training, ${osd.splits.validation.length} validation and ${osd.splits.test.length} test images. ${osd.splits.notes.join(" ")} Training and test images share rooms, tables and cameras, so that the plane of the table can be memorized: pixels of objects are scored separately.`,
        `rooms: ${itemsOf(rooms).length} images of ${scenes.length} places (${scenes.join(", ")}), each place predicted by a head that was fitted to the others, with a fifth of their images for validation. Intervals resample images, and images of one place are similar, so that the intervals are too small.`,
        "The head is ridge regression of the logarithm of the depth under each token, enlarged bilinearly. Figures are means over images, AbsRel and delta1 in percent, RMSE in centimeters; 0.1 to 10 m count.",
        '"Position only" has a channel for each token of the grid and none of the image: it predicts the mean depth at that position.',
      ],
      tables: [
        comparison("osd, all pixels", onTables, ALL),
        comparison("osd, pixels of objects", onTables, OBJECTS),
        comparison("rooms, each place left out in turn", inRooms, ALL),
      ],
      plots: [
        {
          ...{ name: "absrel", title: "Mean relative error of depth", kind: "bar", x: "features", y: "AbsRel, %" },
          groups: onTables.map(({ name }) => name),
          series: [
            { name: "osd", values: onTables.map((each) => intervalOf(each, "AbsRel")) },
            { name: "osd, objects", values: onTables.map((each) => intervalOf(each, "AbsRel of objects")) },
            { name: "rooms", values: inRooms.map((each) => intervalOf(each, "AbsRel")) },
          ],
        },
      ],
      findings: pairwise([
        ["osd, objects", onTables, "AbsRel of objects"],
        ["rooms", inRooms, "AbsRel"],
        ["osd", onTables, "AbsRel"],
      ]),
      seeds: [1],
    };
  },
};

const itemsOf = ({ splits }: TaskData<"depth">): ItemOf["depth"][] => [...splits.train, ...splits.validation, ...splits.test];

async function featureSetsOf(task: TaskData<"depth">, context: ExperimentContext): Promise<[string, ImageFeatures][]> {
  const all = await extractFeatures(task, context, native(1, 2, 3));
  const featureSets: [string, ImageFeatures][] = [1, 2, 3].map((count) => [scaleName(count), firstScales(all, count)]);
  featureSets.push(["position only", mapAll(all, positionsOnly)]);
  if (context.larger) featureSets.push([context.larger.name, await extractFeatures(task, context, native(1), "larger")]);
  return featureSets;
}

async function evaluateAll(
  featureSets: [string, ImageFeatures][],
  evaluateOne: (name: string, features: ImageFeatures) => Promise<Evaluation>,
): Promise<Evaluation[]> {
  const systems: Evaluation[] = [];
  for (const [name, features] of featureSets) systems.push(await evaluateOne(name, features));
  return systems;
}

/** Makes features with a channel for each token of the grid, 1 there and 0 elsewhere. */
function positionsOnly({ grid, size }: ImageTokens): ImageTokens {
  const channels = grid.rows * grid.cols;
  const data = new Float32Array(channels * channels);
  for (let i = 0; i < channels; i++) data[i * channels + i] = 1;
  return { data, channels, prefix: 0, grid, channelsPerScale: [channels], size };
}

/** Removes the table from the mask of objects. */
function withoutTable(item: ItemOf["depth"]): ItemOf["depth"] {
  if (!item.objects) return item;
  const objects = async () => {
    const ids = await item.objects!();
    return { ...ids, data: ids.data.map((id) => (id >= FIRST_OBJECT ? id : 0)) };
  };
  return { ...item, objects };
}

const sceneOf = ({ path }: { readonly path: string }): string => /([^/]+?)_[^_/]*$/.exec(path)?.[1] ?? path;

/** Cross-validation by scene: each is predicted by a head that was fitted to the others. */
async function leaveScenesOut(
  task: TaskData<"depth">,
  context: ExperimentContext,
  name: string,
  features: ImageFeatures,
): Promise<Evaluation> {
  const items = itemsOf(task).filter(({ path }) => features.has(path));
  const folds: Evaluation[] = [];
  for (const scene of new Set(items.map(sceneOf))) {
    const others = items.filter((item) => sceneOf(item) !== scene);
    const splits = {
      train: others.filter((_, i) => i % 5 !== 4),
      validation: others.filter((_, i) => i % 5 === 4),
      test: items.filter((item) => sceneOf(item) === scene),
      notes: [],
    };
    folds.push(await evaluate({ ...task, splits }, context, name, features));
  }
  const sums = {
    depth: joinSums(folds.map((fold) => fold.sums.depth)),
    objects: joinSums(folds.map((fold) => fold.sums.objects)),
  };
  return { ...folds[0], sums, figures: taskFigures("depth", sums) };
}

/** Compares the feature sets on every data set, the main comparison first. */
function pairwise(sets: [name: string, systems: readonly Evaluation[], figure: string][]): string[] {
  const [one, two, three, position] = [0, 1, 2, 3];
  const pairs = [
    [three, one],
    [two, one],
    [three, position],
    [one, position],
  ];
  return pairs.flatMap(([a, b]) =>
    sets.map(([name, systems, figure]) => `${name}: ${verdictOf(systems[a], systems[b], figure)}`),
  );
}
