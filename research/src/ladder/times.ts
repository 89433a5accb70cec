/** Times of rows, kept from run to run. */
import { loadImage } from "s2-vision/node";
import type { ExperimentContext } from "../context.ts";
import type { TaskData } from "../evaluate.ts";
import { measureTimes, type Photo, type Timed, type Times } from "./costs.ts";
import type { Job } from "./evaluate-rows.ts";

/** By "MODEL, FEATURES". */
export type RowTimes = ReadonlyMap<string, Times>;

/** Images on which times are measured. */
const IMAGES = 3;
const [FOLDER, FILE] = ["ladder-times", "times.json"];

/** A row's name, the config that was timed and what it took. */
type KeptTime = readonly [name: string, config: string, times: Times];

/** Returns the times of the rows of some jobs; those that are not kept are measured, in turns. */
export async function timesOf(context: ExperimentContext, jobs: readonly Job[], { folder, splits }: TaskData): Promise<RowTimes> {
  const timed = await timedRows(context, jobs);
  const store = context.checkpoints(FOLDER);
  const bytes = await store.read(FILE);
  const kept = new Map(bytes ? (JSON.parse(new TextDecoder().decode(bytes)) as KeptTime[]).map((each) => [each[0], each]) : []);
  const missing = [...timed].filter(([name, { config }]) => kept.get(name)?.[1] !== JSON.stringify(config));
  if (missing.length > 0) {
    const photos: Photo[] = [];
    for (const { path } of splits.test.slice(0, IMAGES)) photos.push(await loadImage(await folder.read(path)));
    context.say(`times of ${missing.length} rows on ${photos.length} images of ${folder.name}`);
    const measured = await measureTimes(
      missing.map(([, each]) => each),
      photos,
    );
    for (const [i, [name, { config }]] of missing.entries()) kept.set(name, [name, JSON.stringify(config), measured[i]]);
    await store.write(FILE, new TextEncoder().encode(JSON.stringify([...kept.values()])));
  }
  return new Map([...kept.values()].map(([name, , times]) => [name, times]));
}

async function timedRows(context: ExperimentContext, jobs: readonly Job[]): Promise<Map<string, Timed>> {
  const timed = new Map<string, Timed>();
  for (const { ladderModel, opened, source } of jobs) {
    const { rows, imageSize } = source;
    const { model } = (imageSize ? await context.openModel(ladderModel.path, imageSize) : undefined) ?? opened;
    for (const { name, config } of rows) timed.set(`${ladderModel.name}, ${name}`, { model, config });
  }
  return timed;
}
