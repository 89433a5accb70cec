/** `loadModel`: finds a model, starts its session, and makes it a function from images to features. */

import { pickInput } from "../graph.ts";
import { type KnownModel, mainOutput, makeModel } from "../make-model.ts";
import { checkModelOptions, type Model, type ModelOptions } from "../model.ts";
import type { Session } from "../session.ts";
import { type LocatedModel, locateModel } from "./locate.ts";
import { readOwnMetadata } from "./onnx-files.ts";
import { optimize } from "./optimize.ts";
import { startSession } from "./session.ts";

/** How Node loads a model. */
export interface LoadModelOptions extends ModelOptions {
  /** Threads of one run; default: the machine's physical cores. More than that is several times slower. */
  threads?: number;
  /** "cpu" (default), "webgpu", "cuda", "coreml", "dml" ...: tried in order; a warning when one is missing; "cpu" is always the last resort. */
  device?: string | readonly string[];
  /** Try faster operators for what exporters write out (attention); they are used when one tile shows that they are faster and give the same. */
  optimize?: boolean;
  /** Where downloaded models are kept. */
  cacheDir?: string;
}

/**
 * Loads a vision model for onnxruntime-node.
 * @param source a folder (`onnx/model.onnx` or `model.onnx`, with its config files), an `.onnx` file, its bytes, or a hub name `owner/name`;
 *   nothing: s2-tiny, the model that comes with this package.
 * @throws S2Error "model-not-found", "model-file", "runtime-missing", "output", "prefix-tokens" or "input".
 */
export async function loadModel(source?: string | Uint8Array, options: LoadModelOptions = {}): Promise<Model> {
  checkModelOptions(options, ["optimize", "cacheDir"]);
  const found = await locateModel(source, options);
  const plain = await startSession(found.model, found.source, options);
  try {
    const located = { ...found, metadata: readOwnMetadata(found.model) };
    const model = await makeModel(plain, located, options);
    return options.optimize ? await optimized(model, plain, located, options) : model;
  } catch (error) {
    await plain.dispose();
    throw error;
  }
}

/** The model on the faster of two sessions; what it is was learned from the first. */
async function optimized(
  model: Model,
  plain: Session,
  located: LocatedModel & KnownModel,
  options: LoadModelOptions,
): Promise<Model> {
  const { name: main } = mainOutput(plain, located.metadata, options);
  const size = model.traits.imageSize ?? ([224, 224] as const);
  const given = { input: pickInput(plain.inputs), main, size };
  const { session, optimization } = await optimize(plain, located, given, options);
  if (session === plain) return Object.assign(model, { optimization });
  try {
    return Object.assign(await makeModel(session, located, options), { optimization });
  } catch (error) {
    await session.dispose();
    throw error;
  }
}
