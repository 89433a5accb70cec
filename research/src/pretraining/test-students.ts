/** Tests students at one scale and at two; each row is kept. */
import { taskFigures } from "s2-vision/tasks";
import { type ExperimentContext, native, scaleName } from "../context.ts";
import { type Evaluation, evaluate, firstScales } from "../evaluate.ts";
import { memoized } from "../memoized.ts";
import { openEvaluationSet } from "../seven-sets.ts";
import { COUNTS, nameOf, type Student, TESTS } from "./protocol.ts";
import type { StudentFiles } from "./train-students.ts";

/** A student's figures on a set at a number of scales. */
export interface TestRow extends Student {
  readonly set: string;
  readonly figure: string;
  readonly count: number;
  readonly test: Evaluation;
}

type KeptEvaluation = Pick<Evaluation, "channels" | "grid" | "sums">;

/** Tests a student on every set that is there. */
export async function testStudent(context: ExperimentContext, student: Student, files: StudentFiles): Promise<TestRow[]> {
  const opened = memoized(() => context.buildStudent(files));
  const rows: TestRow[] = [];
  let isOpen = false;
  for (const { set, figure } of TESTS) {
    if (!context.hasData(set)) continue;
    const { task, heads } = await openEvaluationSet(context, set);
    const kept = await context.kept(`${nameOf(student)} ${set}`, async () => {
      isOpen = true;
      const images = [...task.splits.train, ...task.splits.validation, ...task.splits.test].map(({ path }) => path);
      context.say(`${nameOf(student)}: features of ${images.length} images of ${set}`);
      const features = await context.planned(task.folder, images, () => native(...COUNTS), await opened());
      const evaluations: KeptEvaluation[] = [];
      for (const count of COUNTS) {
        const evaluation = await evaluate(task, context, scaleName(count), firstScales(features, count), heads[0].options);
        const { channels, grid, sums } = evaluation;
        evaluations.push({ channels, grid, sums });
      }
      return evaluations;
    });
    for (const [i, count] of COUNTS.entries()) {
      const name = `${nameOf(student)}, ${scaleName(count)}`;
      const figures = taskFigures(task.set.task, kept[i].sums);
      rows.push({ ...student, set, figure, count, test: { name, ...kept[i], figures } });
    }
  }
  if (isOpen) await (await opened()).dispose();
  return rows;
}
