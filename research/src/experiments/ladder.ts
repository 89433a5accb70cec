/** The ladder: models of one family, each at several scales and at other image sizes, at their costs. It answers the title of the paper. */
import { S2Error } from "s2-vision";
import type { ExperimentContext } from "../context.ts";
import type { TaskData } from "../evaluate.ts";
import type { Experiment } from "../experiment.ts";
import { type EvaluatedRow, evaluateRows, type OpenedModel } from "../ladder/evaluate-rows.ts";
import { reportLadder } from "../ladder/report.ts";
import type { Source } from "../ladder/rows.ts";
import { type LadderModel, type LadderSet, MODELS, SETS, STAGES } from "../ladder/tables.ts";
import { type OpenedSets, type RowTimes, timesOf } from "../ladder/times.ts";

export const ladder: Experiment = {
  name: "ladder",
  title: "The ladder: small models with S² and larger ones",
  question: "When is a small model at several scales as good as a larger model of its family, at equal work?",
  ladder: MODELS.map(({ path }) => path),
  async run(context) {
    const sets = await openSets(context);
    const models: [LadderModel, OpenedModel][] = [];
    const rows: EvaluatedRow[] = [];
    let times: RowTimes = new Map();
    const report = (isDone: boolean) =>
      reportLadder(rows, { times, models: models.map(([model]) => model), tasks: sets, isDone });
    for (const stage of STAGES) {
      for (const model of stage) {
        const opened = await context.openModel(model.path);
        if (opened) models.push([model, opened]);
      }
      times = await timesOf(context, models, sets);
      const climbing = models.filter(([model]) => stage.includes(model));
      for (const wanted of [hasScales, (source: Source) => !hasScales(source)])
        for (const [set, task] of sets)
          for (const [model, opened] of climbing) {
            const { made, rows: evaluated } = await evaluateRows(context, model, opened, set, task, wanted);
            rows.push(...evaluated);
            if (made) await context.publish(report(false));
          }
    }
    return report(true);
  },
};

/** Scales come before other sizes: the question is answered first. */
const hasScales = ({ rows }: Source): boolean => rows.some(({ kind }) => kind === "scales");

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
