/** The ladder: models of one family, each at several scales and at other image sizes, at their costs. It answers the title of the paper. */
import type { ExperimentContext, ExperimentModel } from "../context.ts";
import type { TaskData } from "../evaluate.ts";
import type { Experiment } from "../experiment.ts";
import { type EvaluatedRow, evaluateRows, type Job, keptRows, sourcesFor } from "../ladder/evaluate-rows.ts";
import { reportLadder } from "../ladder/report.ts";
import type { RowKind } from "../ladder/rows.ts";
import { type LadderModel, type LadderSet, MODELS, SETS, STAGES } from "../ladder/tables.ts";
import { timesOf } from "../ladder/times.ts";

type OpenedModels = readonly (readonly [LadderModel, ExperimentModel])[];
type OpenedSets = readonly (readonly [LadderSet, TaskData])[];

export const ladder: Experiment = {
  name: "ladder",
  title: "The ladder: small models with S² and larger ones",
  question: "When is a small model at several scales as good as a larger model of its family, at equal work?",
  ladder: MODELS.map(({ path }) => path),
  async run(context) {
    const sets = await openSets(context);
    const models: [LadderModel, ExperimentModel][] = [];
    for (const model of MODELS) {
      const opened = await context.openModel(model.path);
      if (opened) models.push([model, opened]);
    }
    const jobs = await jobsOf(context, models, sets);
    const rows: (EvaluatedRow[] | undefined)[] = [];
    for (const job of jobs) rows.push(await keptRows(context, job));
    const report = async () => {
      const done = jobs.filter((_, i) => rows[i]);
      const times = await timesOf(context, done, sets[0][1]);
      const shared = { times, models: models.map(([model]) => model), tasks: sets, isDone: done.length === jobs.length };
      return reportLadder(
        rows.flat().flatMap((row) => row ?? []),
        shared,
      );
    };
    for (const [i, job] of jobs.entries()) {
      if (rows[i]) continue;
      rows[i] = await evaluateRows(context, job);
      await context.publish(await report());
    }
    return report();
  },
};

/** The kinds of rows in the order in which they run, so that the question is answered first; the others come with "scales". */
const ROW_ORDER: readonly RowKind[] = ["scales", "preset", "size"];

/** Lists what there is to do, in order of kind and stage. */
async function jobsOf(context: ExperimentContext, models: OpenedModels, sets: OpenedSets): Promise<Job[]> {
  const jobs: (Job & { readonly order: number })[] = [];
  for (const [set, task] of sets)
    for (const [ladderModel, opened] of models)
      for (const source of await sourcesFor(context, ladderModel, opened.model, set)) {
        const kind = Math.max(0, ROW_ORDER.indexOf(source.rows[0].kind));
        const stage = STAGES.findIndex((stage) => stage.includes(ladderModel));
        jobs.push({ ladderModel, opened, set, task, source, order: kind * STAGES.length + stage });
      }
  return jobs.sort((a, b) => a.order - b.order);
}

/** Opens the data sets that are there. @throws S2Error "data-set" if none is. */
async function openSets(context: ExperimentContext): Promise<OpenedSets> {
  const sets: [LadderSet, TaskData][] = [];
  for (const set of SETS) if (context.hasData(set.path)) sets.push([set, await set.open(context)]);
  if (sets.length === 0) context.data(SETS[0].path); // throws
  return sets;
}
