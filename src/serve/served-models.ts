/** The models of a server, each with its queue of tiles, and its heads, each with the model that it was fitted with. */
import type { VisionModel } from "../core/index.ts";
import { S2Error } from "../core/index.ts";
import type { ImagePlanOptions } from "../features/index.ts";
import { fingerprintModel, loadModel, type Model, openStore } from "../runtimes/node/index.ts";
import { loadHead, type SavedHead } from "../tasks/index.ts";
import type { Settings } from "./options.ts";
import type { ModelAnswer, ModelFacts, Question } from "./preparation.ts";
import { makeTileQueue, type TileQueue } from "./tile-queue.ts";

export interface ServedModel {
  readonly name: string;
  readonly model: Model & Pick<VisionModel, "runOnDevice">;
  readonly queue: TileQueue;
  /** The most tiles of one run. */
  readonly batch: number;
}

export interface ServedHead {
  readonly model: ServedModel;
  readonly extraction: ImagePlanOptions;
  readonly head: SavedHead;
}

/** Loads all models; those that were loaded are freed when one is refused. */
export async function openModels(
  { models, load, batch }: Settings,
  onBatch: (model: string, tiles: number, requests: number) => void,
): Promise<Map<string, ServedModel>> {
  const opened = new Map<string, ServedModel>();
  try {
    for (const [name, source] of Object.entries(models)) {
      const model: ServedModel["model"] = await loadModel(source, load);
      const most = Math.min(batch, model.traits.maxBatch ?? batch);
      const queue = makeTileQueue(model, { batch: most, onBatch: (tiles, requests) => onBatch(name, tiles, requests) });
      opened.set(name, { name, model, queue, batch: most });
    }
    return opened;
  } catch (error) {
    await closeModels(opened);
    throw error;
  }
}

export async function closeModels(models: ReadonlyMap<string, ServedModel>): Promise<void> {
  for (const { model } of models.values()) await model.dispose();
}

/** Reads the heads and finds their models. @throws S2Error "head" for one of a model that is not served. */
export async function openHeads(
  folders: Settings["heads"],
  models: ReadonlyMap<string, ServedModel>,
): Promise<Map<string, ServedHead>> {
  const heads = new Map<string, ServedHead>();
  for (const [name, folder] of Object.entries(folders)) {
    const head = await loadHead(openStore(folder), folder);
    const { model: from, modelHash, extraction } = head.features;
    const { upsampled, ...options } = extraction;
    if (upsampled)
      throw new S2Error("head", `${folder} was fitted on enlarged images (upsampled), which are not served; fit it without.`);
    let model: ServedModel | undefined;
    for (const each of models.values())
      if ((await fingerprintModel(each.model, from?.output as string | undefined)) === modelHash) model = each;
    if (!model)
      throw new S2Error(
        "head",
        `${folder} was fitted with ${from?.model ?? "s2-tiny"} (fingerprint ${modelHash.slice(0, 12)}), which none of the served models is (${[...models.keys()].join(", ")}); serve that model too.`,
      );
    heads.set(name, { model, extraction: options, head });
  }
  return heads;
}

export const factsOf = ({ model: { source, traits, preprocessing, runOnDevice } }: ServedModel): ModelFacts => ({
  source,
  traits,
  ...(preprocessing && { preprocessing }),
  runsPlans: runOnDevice !== undefined,
});

/** Answers a thread's question: tiles go through the queue, plans to the model's device. */
export function answerWith({ model, queue }: ServedModel, request: object, signal: AbortSignal) {
  return async (question: Question): Promise<ModelAnswer> =>
    question.kind === "tiles" ? queue.run(question.tiles, request, signal) : model.runOnDevice?.(question.plan, question.images);
}
