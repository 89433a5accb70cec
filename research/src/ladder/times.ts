/** Times of rows: measured together, so that they can be compared, and kept from run to run. */
import { loadImage } from "s2-vision/node";
import type { ExperimentContext } from "../context.ts";
import type { TaskData } from "../evaluate.ts";
import { measureTimes, type Photo, type Timed, type Times } from "./costs.ts";
import { type OpenedModel, sourcesFor } from "./evaluate-rows.ts";
import type { LadderModel, LadderSet } from "./tables.ts";

export type OpenedModels = readonly (readonly [LadderModel, OpenedModel])[];
export type OpenedSets = readonly (readonly [LadderSet, TaskData])[];
/** By "MODEL, FEATURES". */
export type RowTimes = ReadonlyMap<string, Times>;

/** Images on which times are measured. */
const IMAGES = 3;
const [FOLDER, FILE] = ["ladder-times", "times.json"];

/** A row's name, the config that was timed and what it took. */
type KeptTime = readonly [name: string, config: string, times: Times];

/** Returns the times of all rows of these models: those that are kept if they have all of them, else all are measured in turns. */
export async function timesOf(context: ExperimentContext, models: OpenedModels, sets: OpenedSets): Promise<RowTimes> {
  const timed = await timedRows(context, models, sets);
  const names = [...timed.keys()];
  const configs = [...timed.values()].map(({ config }) => JSON.stringify(config));
  const store = context.checkpoints(FOLDER);
  const bytes = await store.read(FILE);
  const kept = bytes ? (JSON.parse(new TextDecoder().decode(bytes)) as KeptTime[]) : [];
  const isKept = (name: string, i: number) => kept.some(([other, config]) => other === name && config === configs[i]);
  if (names.every(isKept)) return new Map(kept.map(([name, , times]) => [name, times]));
  const [[, { folder, splits }]] = sets;
  const photos: Photo[] = [];
  for (const { path } of splits.test.slice(0, IMAGES)) photos.push(await loadImage(await folder.read(path)));
  context.say(`times of ${timed.size} rows on ${photos.length} images of ${folder.name}`);
  const measured = await measureTimes([...timed.values()], photos);
  const made = names.map((name, i): KeptTime => [name, configs[i], measured[i]]);
  await store.write(FILE, new TextEncoder().encode(JSON.stringify(made)));
  return new Map(made.map(([name, , times]) => [name, times]));
}

async function timedRows(context: ExperimentContext, models: OpenedModels, sets: OpenedSets): Promise<Map<string, Timed>> {
  const timed = new Map<string, Timed>();
  for (const [ladderModel, { model }] of models)
    for (const [set] of sets)
      for (const { rows, imageSize } of await sourcesFor(context, ladderModel, model, set))
        for (const { name, config } of rows) {
          const running = imageSize ? (await context.openModel(ladderModel.path, imageSize))!.model : model;
          timed.set(`${ladderModel.name}, ${name}`, { model: running, config });
        }
  return timed;
}
