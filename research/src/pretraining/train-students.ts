/** Trains the students of the protocol; the views of a seed, with the teacher's tokens, are made once for all its students. */
import { loadImage } from "s2-vision/node";
import { type Checkpoints, distillStudent } from "s2-vision/train";
import type { ExperimentContext, ExperimentModel } from "../context.ts";
import { BUDGETS, nameOf, PHOTOS, type Student } from "./protocol.ts";

export type StudentFiles = Readonly<Record<string, Uint8Array>>;

const FILES = ["config.json", "model.safetensors", "log.json"];

/** Trains a student, goes on from its checkpoint, or reads the files of a finished one. */
export async function trainStudent(
  context: ExperimentContext,
  teacher: ExperimentModel,
  student: Student,
): Promise<StudentFiles> {
  const { size, seed, way } = student;
  const name = nameOf(student);
  const store = context.checkpoints(`pretraining-students/${name}`);
  const finished = await readAll(store);
  if (finished) return finished;
  const folder = context.data(PHOTOS);
  const images = (await folder.list()).filter((path) => /\.(jpe?g|png|webp)$/i.test(path));
  const { dim, depth, heads } = size;
  let said = performance.now();
  const files = await distillStudent({
    ...{ images, teacher: teacher.model, dim, depth, heads, seed, s2: way === "S²", ...BUDGETS[way], signal: context.signal },
    load: async (path) => loadImage(await folder.read(path)),
    openLoop: context.openLoop,
    checkpoints: shared(store, context.checkpoints(`pretraining-views/${way === "S²" ? "s2" : way}-${seed}`)),
    facts: { teacher: teacher.sha256 },
    onProgress({ stage, done, of }) {
      if (performance.now() - said < 30_000 && done < of) return;
      said = performance.now();
      context.say(`${name}: ${stage} ${done} of ${of}`);
    },
    onIssue: (image, reason) => void context.issues.push({ path: `${PHOTOS}/${image}`, reason }),
  });
  for (const file of FILES) await store.write(file, files[file]);
  return files;
}

async function readAll(store: Checkpoints): Promise<StudentFiles | undefined> {
  const files: Record<string, Uint8Array> = {};
  for (const name of FILES) {
    const bytes = await store.read(name);
    if (!bytes) return undefined;
    files[name] = bytes;
  }
  return files;
}

/** Keeps views in one store and all else in the other. */
function shared(store: Checkpoints, views: Checkpoints): Checkpoints {
  const of = (name: string) => (name.startsWith("views/") ? views : store);
  return { read: (name) => of(name).read(name), write: (name, bytes) => of(name).write(name, bytes) };
}

/** Mean loss of the last steps; the two ways have different losses. */
export function lastLoss(files: StudentFiles, steps = 50): number {
  const { history } = JSON.parse(new TextDecoder().decode(files["log.json"])) as { history: { loss: number }[] };
  const last = history.slice(-steps);
  return last.reduce((sum, { loss }) => sum + loss, 0) / last.length;
}
