/** `loadModel`: finds a model, starts its session, and makes it a function from images to features. */

import { makeModel } from "../make-model.ts";
import { checkModelOptions, type Model, type ModelOptions } from "../model.ts";
import { locateModel } from "./locate.ts";
import { readFileMetadata } from "./onnx-files.ts";
import { startSession } from "./session.ts";

/** Options of Node's `loadModel`. */
export interface LoadModelOptions extends ModelOptions {
  /** Threads of one run; default: the machine's physical cores. More than that is several times slower. */
  threads?: number;
  /** "cpu" (default), "webgpu", "cuda", "coreml", "dml" ...: tried in order; a warning when one is missing; "cpu" is always the last resort. */
  device?: string | readonly string[];
  /** Folder of downloaded models. */
  cacheDir?: string;
}

/**
 * Loads a vision model for onnxruntime-node.
 * @param source a folder (`onnx/model.onnx`, `model.onnx` or `model.safetensors`, with its config files), an `.onnx` file, its bytes, or a
 *   hub name `owner/name`; default: s2-tiny, the model that comes with this package.
 * @throws S2Error "model-not-found", "model-file", "runtime-missing", "output", "prefix-tokens" or "input".
 */
export async function loadModel(source?: string | Uint8Array, options: LoadModelOptions = {}): Promise<Model> {
  checkModelOptions(options, ["cacheDir"]);
  const found = await locateModel(source, options);
  const session = await startSession(found.model, found.source, options);
  try {
    return await makeModel(session, { ...found, metadata: readFileMetadata(found.model) }, options);
  } catch (error) {
    await session.dispose();
    throw error;
  }
}
