/** The ladder: models of one family, each at several scales and at other image sizes, at their costs. It answers the title of the paper. */
import { S2Error } from "s2-vision";
import { loadImage } from "s2-vision/node";
import type { ExperimentContext } from "../context.ts";
import type { TaskData } from "../evaluate.ts";
import type { Experiment } from "../experiment.ts";
import { measureTimes, type Photo, type Timed, type Times } from "../ladder/costs.ts";
import { type EvaluatedRow, evaluateRows, type OpenedModel, sourcesFor } from "../ladder/evaluate-rows.ts";
import { reportLadder } from "../ladder/report.ts";
import { type LadderModel, type LadderSet, MODELS, SETS, STAGES } from "../ladder/tables.ts";

/** Images on which times are measured. */
const TIMED_IMAGES = 3;
const TIMES = "ladder-times";

type OpenedModels = readonly (readonly [LadderModel, OpenedModel])[];
type OpenedSets = readonly (readonly [LadderSet, TaskData])[];

export const ladder: Experiment = {
  name: "ladder",
  title: "The ladder: small models with S² and larger ones",
  question: "When is a small model at several scales as good as a larger model of its family, at equal work?",
  ladder: MODELS.map(({ path }) => path),
  async run(context) {
    const models: [LadderModel, OpenedModel][] = [];
    for (const each of MODELS) {
      const opened = await context.openModel(each.path);
      if (opened) models.push([each, opened]);
    }
    const sets = await openSets(context);
    const times = await timesOf(context, models, sets);
    const rows: EvaluatedRow[] = [];
    const report = (isDone: boolean) =>
      reportLadder(rows, { times, models: models.map(([model]) => model), tasks: sets, isDone });
    for (const stage of STAGES)
      for (const [set, task] of sets)
        for (const [model, opened] of models) {
          if (!stage.includes(model)) continue;
          const { made, rows: evaluated } = await evaluateRows(context, model, opened, set, task);
          rows.push(...evaluated);
          if (made) await context.publish(report(false));
        }
    return report(true);
  },
};

/** Opens the data sets that are there. @throws S2Error "data-set" if none is. */
async function openSets(context: ExperimentContext): Promise<OpenedSets> {
  const sets: [LadderSet, TaskData][] = [];
  let absent: unknown;
  for (const set of SETS) {
    try {
      context.data(set.path);
    } catch (error) {
      if (!(error instanceof S2Error && error.code === "data-set")) throw error;
      absent = error;
      continue;
    }
    sets.push([set, await set.open(context)]);
  }
  if (sets.length === 0) throw absent;
  return sets;
}

/** Measures the times of all rows of all models in turns, or reads them where nothing has been added since. */
async function timesOf(context: ExperimentContext, models: OpenedModels, sets: OpenedSets): Promise<ReadonlyMap<string, Times>> {
  const [[, { folder, splits }]] = sets;
  const timed = new Map<string, Timed>();
  for (const [ladderModel, { model }] of models)
    for (const [set] of sets)
      for (const { rows, imageSize } of await sourcesFor(context, ladderModel, model, set))
        for (const { name, config } of rows) {
          const running = imageSize ? (await context.openModel(ladderModel.path, imageSize))!.model : model;
          timed.set(`${ladderModel.name}, ${name}`, { model: running, config });
        }
  const images = splits.test.slice(0, TIMED_IMAGES).map(({ path }) => path);
  const of = JSON.stringify([folder.name, images, [...timed].map(([name, { config }]) => [name, config])]);
  const store = context.checkpoints(TIMES);
  const bytes = await store.read("times.json");
  const kept = bytes && (JSON.parse(new TextDecoder().decode(bytes)) as { of: string; times: [string, Times][] });
  if (kept?.of === of) return new Map(kept.times);
  context.say(`times of ${timed.size} rows on ${images.length} images of ${folder.name}`);
  const photos: Photo[] = [];
  for (const image of images) photos.push(await loadImage(await folder.read(image)));
  const measured = await measureTimes([...timed.values()], photos);
  const times = [...timed.keys()].map((name, i): [string, Times] => [name, measured[i]]);
  await store.write("times.json", new TextEncoder().encode(JSON.stringify({ of, times })));
  return new Map(times);
}
