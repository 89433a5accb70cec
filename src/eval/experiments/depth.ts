/** Depth (paper, Table 7): a linear head on one scale, two and three, beside one that knows nothing but the place in the picture. */

import type { DepthItem } from "../../datasets/index.ts";
import type { PhotoTokens } from "../../features/index.ts";
import { firstScales } from "../../features/index.ts";
import { joinTallies } from "../../metrics/index.ts";
import { taskFigures } from "../../tasks/index.ts";
import type { Experiment } from "../experiment.ts";
import {
  comparison,
  intervalOf,
  type Judged,
  judge,
  lookAt,
  mapAll,
  openTaskSet,
  type Task,
  type Tokens,
  verdictOf,
} from "../judge.ts";
import { type Lab, native, scaleName } from "../lab.ts";

const ALL = ["AbsRel", "RMSE", "delta1"];
const OBJECTS = ALL.map((figure) => `${figure} of objects`);

/** In osd's labels 0 is nothing and 1 the table. */
const FIRST_OBJECT = 20;

export const depth: Experiment = {
  name: "depth",
  title: "Depth: table tops and rooms",
  question: "Does a linear head on S² features tell distances better, also of the objects and in rooms never seen?",
  async run(lab) {
    const osd = await openTaskSet(lab, "depth/osd", { kind: "depth", metresPerUnit: 0.001 });
    const tables = { ...osd, parts: { ...osd.parts, test: osd.parts.test.map(withObjectsAlone) } };
    const onTables = await judgeAll(await waysOf(tables, lab), (name, features) => judge(tables, lab, name, features));
    const rooms = await openTaskSet(lab, "depth/rooms", { kind: "depth", metresPerUnit: 0.001 });
    const inRooms = await judgeAll(await waysOf(rooms, lab), (name, features) => leaveScenesOut(rooms, lab, name, features));
    const scenes = [...new Set(itemsOf(rooms).map(sceneOf))];
    return {
      method: [
        `osd: ${osd.parts.train.length} photos to learn from, ${osd.parts.validation.length} to choose by, ${osd.parts.test.length} to test. ${osd.parts.notes.join(" ")} Learn and test share rooms, tables and cameras, so that the plane of the table can be learned by heart: pixels of objects are scored apart.`,
        `rooms: ${itemsOf(rooms).length} photos of ${scenes.length} places (${scenes.join(", ")}), each place told by a head that was fitted to the others, a fifth of their photos to choose by. Intervals resample photos, which of one place are alike: take them as too narrow.`,
        "The head is ridge regression of the logarithm of the depth under each token, enlarged bilinearly. Figures are means over photos, AbsRel and delta1 in percent, RMSE in centimetres; 0.1 to 10 m count.",
        '"Position only" has a channel for each place of the grid and none of the photo: it tells the mean depth of that place.',
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

const itemsOf = ({ parts }: Task<"depth">): DepthItem[] => [...parts.train, ...parts.validation, ...parts.test];

async function waysOf(task: Task<"depth">, lab: Lab): Promise<[string, Tokens][]> {
  const all = await lookAt(task, lab, native(1, 2, 3));
  const ways: [string, Tokens][] = [1, 2, 3].map((count) => [scaleName(count), firstScales(all, count)]);
  ways.push(["position only", mapAll(all, placesAlone)]);
  if (lab.larger) ways.push([lab.larger.name, await lookAt(task, lab, native(1), "larger")]);
  return ways;
}

async function judgeAll(ways: [string, Tokens][], one: (name: string, features: Tokens) => Promise<Judged>): Promise<Judged[]> {
  const systems: Judged[] = [];
  for (const [name, features] of ways) systems.push(await one(name, features));
  return systems;
}

/** A channel for each place of the grid, 1 there and 0 elsewhere. */
function placesAlone({ grid, size }: PhotoTokens): PhotoTokens {
  const channels = grid.rows * grid.cols;
  const data = new Float32Array(channels * channels);
  for (let i = 0; i < channels; i++) data[i * channels + i] = 1;
  return { data, channels, prefix: 0, grid, widths: [channels], size };
}

/** Without the table, which is no object. */
function withObjectsAlone(item: DepthItem): DepthItem {
  if (!item.objects) return item;
  const objects = async () => {
    const ids = await item.objects!();
    return { ...ids, data: ids.data.map((id) => (id >= FIRST_OBJECT ? id : 0)) };
  };
  return { ...item, objects };
}

const sceneOf = ({ path }: { readonly path: string }): string => /([^/]+?)_[^_/]*$/.exec(path)?.[1] ?? path;

/** Each scene told by a head of the others. */
async function leaveScenesOut(task: Task<"depth">, lab: Lab, name: string, features: Tokens): Promise<Judged> {
  const items = itemsOf(task).filter(({ path }) => features.has(path));
  const folds: Judged[] = [];
  for (const scene of new Set(items.map(sceneOf))) {
    const others = items.filter((item) => sceneOf(item) !== scene);
    const parts = {
      train: others.filter((_, i) => i % 5 !== 4),
      validation: others.filter((_, i) => i % 5 === 4),
      test: items.filter((item) => sceneOf(item) === scene),
      notes: [],
    };
    folds.push(await judge({ ...task, parts }, lab, name, features));
  }
  const tallies = {
    depth: joinTallies(folds.map((fold) => fold.tallies.depth)),
    objects: joinTallies(folds.map((fold) => fold.tallies.objects)),
  };
  return { ...folds[0], tallies, figures: taskFigures("depth", tallies) };
}

/** What is asked first comes first, of every set. */
function pairwise(sets: [name: string, systems: readonly Judged[], figure: string][]): string[] {
  const [one, two, three, place] = [0, 1, 2, 3];
  const pairs = [
    [three, one],
    [two, one],
    [three, place],
    [one, place],
  ];
  return pairs.flatMap(([a, b]) =>
    sets.map(([name, systems, figure]) => `${name}: ${verdictOf(systems[a], systems[b], figure)}`),
  );
}
