/** From a loaded model and flags to the options that extract the features of many images. */
import { basename, join } from "node:path";
import { type Model, openStore } from "../node.ts";
import { decodeFile, fingerprintModel, readImage, readVersion } from "../runtimes/node/index.ts";
import type { ExtractImagesOptions } from "../store/index.ts";
import type { ModelFlags } from "./flags.ts";
import { stopSignal } from "./interrupt.ts";

/** The folder that paths of images are relative to, and the folder below which features are kept; without `home` they are not kept. */
export interface Folders {
  readonly base: string;
  readonly home?: string;
}

/** Options of `extractImages` but for the extraction config. */
export async function extractionSource(
  model: Model,
  flags: ModelFlags,
  { base, home }: Folders,
): Promise<Omit<ExtractImagesOptions, "extraction">> {
  return {
    model,
    modelName: nameOf(flags),
    modelHash: await fingerprintModel(model, flags.output),
    version: readVersion(),
    ...(home && { store: openStore(join(home, "images")) }),
    read: (path) => readImage(join(base, path)),
    decode: (bytes, path) => decodeFile(bytes, join(base, path)),
    signal: stopSignal,
  };
}

/** The model's name without its folder. */
export const nameOf = ({ model }: ModelFlags): string => basename(model ?? "s2-tiny", ".onnx");
