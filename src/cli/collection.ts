/** How commands make features of many images: which model, which way of looking, where they are kept from run to run. */
import { basename, join } from "node:path";
import { type Model, openStore } from "../node.ts";
import { decodeFile, fingerprintModel, readImage, readVersion } from "../runtimes/node/index.ts";
import type { ExtractImagesOptions, ExtractionConfig } from "../store/index.ts";
import type { ModelFlags } from "./flags.ts";
import { stopSignal } from "./interrupt.ts";

/** Images are named from `base`; features are kept below `home`, or not at all without one. */
export async function collectionFor(
  model: Model,
  flags: ModelFlags,
  extraction: ExtractionConfig,
  { base, home }: { readonly base: string; readonly home?: string },
): Promise<ExtractImagesOptions> {
  return {
    model,
    modelName: basename(flags.model ?? "s2-tiny", ".onnx"),
    modelHash: await fingerprintModel(model, flags.output),
    version: readVersion(),
    extraction,
    ...(home && { store: openStore(join(home, "images")) }),
    read: (path) => readImage(join(base, path)),
    decode: (bytes, path) => decodeFile(bytes, join(base, path)),
    signal: stopSignal,
  };
}
