/** Pre-training with S² (paper, Table 4): students of equal budget, distilled with S² in the loop and without, by a protocol that was fixed beforehand. */
import { ResearchError } from "../error.ts";
import type { Experiment } from "../experiment.ts";
import { STUDENTS, TEACHER } from "../pretraining/protocol.ts";
import { reportPretraining, type TrainedStudent } from "../pretraining/report.ts";
import { type TestRow, testStudent } from "../pretraining/test-students.ts";
import { lastLoss, trainStudent } from "../pretraining/train-students.ts";

export const pretraining: Experiment = {
  name: "pretraining",
  title: "Pre-training with S²",
  question: "Is a student that is trained with S² in the loop better with S² than one that is trained on single tiles?",
  ladder: [TEACHER],
  async run(context) {
    const teacher = await context.openModel(TEACHER);
    if (!teacher) throw new ResearchError(`No folder of --models has ${TEACHER}.`);
    const students: TrainedStudent[] = [];
    const rows: TestRow[] = [];
    for (const student of STUDENTS) {
      const files = await trainStudent(context, teacher, student);
      rows.push(...(await testStudent(context, student, files)));
      students.push({ ...student, loss: lastLoss(files) });
      if (students.length < STUDENTS.length) await context.publish(reportPretraining(students, rows));
    }
    return reportPretraining(students, rows);
  },
};
