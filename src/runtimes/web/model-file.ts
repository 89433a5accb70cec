/** `modelFile`: the ONNX file that `loadModel` runs, for who wants to keep it or to build on it. */

import type { LoadModelOptions } from "./load-model.ts";
import { openModelCache } from "./model-cache.ts";
import { toConsole } from "./notice.ts";

/**
 * The ONNX file of a model, from the cache where `loadModel` has put its files: what `exportS2` takes.
 * @param source as `loadModel`'s.
 * @throws S2Error "model-not-found", "model-file", "model-network" or "offline".
 */
export async function modelFile(
  source?: string | URL,
  options: Pick<LoadModelOptions, "offline" | "onProgress" | "imageSize" | "hubUrl" | "onNotice"> = {},
): Promise<Uint8Array> {
  const { onNotice = toConsole, ...ways } = options;
  const { locateModel } = await import("./locate.ts");
  return (await locateModel(source, { ...ways, cache: await openModelCache(onNotice) })).bytes;
}
