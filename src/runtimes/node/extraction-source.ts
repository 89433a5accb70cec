/** From a loaded model to the options that extract the features of many images. */
import { basename, join } from "node:path";
import type { ExtractImagesOptions } from "../../store/index.ts";
import type { Model } from "../model.ts";
import { decodeFile, fingerprintModel } from "./extract-files.ts";
import { readImage } from "./read-image.ts";
import { readVersion } from "./version.ts";
import { openStore } from "./write-whole.ts";

/** The folder that paths of images are relative to, and the folder below which features are kept; without `home` they are not kept. */
export interface Folders {
  readonly base: string;
  readonly home?: string;
}

/** Returns the options of `extractImages` but for the extraction config; `model` and `output` are those that `loadModel` was called with. */
export async function extractionSource(
  model: Model,
  {
    model: source = "s2-tiny",
    output,
    signal,
  }: { readonly model?: string; readonly output?: string; readonly signal?: AbortSignal },
  { base, home }: Folders,
): Promise<Omit<ExtractImagesOptions, "extraction">> {
  return {
    model,
    modelName: basename(source, ".onnx"),
    modelHash: await fingerprintModel(model, output),
    version: readVersion(),
    ...(home && { store: openStore(join(home, "images")) }),
    read: (path) => readImage(join(base, path)),
    decode: (bytes, path) => decodeFile(bytes, join(base, path)),
    signal,
  };
}
