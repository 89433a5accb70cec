/** From a loaded model and flags to the options that extract the features of many images. */
import { basename, join } from "node:path";
import { S2Error } from "../core/index.ts";
import { hashModelFiles, loadImage, type Model, openStore, type Photo } from "../node.ts";
import { readImage } from "../runtimes/node/index.ts";
import { type ExtractImagesOptions, modelFingerprint } from "../store/index.ts";
import type { ModelFlags } from "./flags.ts";
import { stopSignal } from "./interrupt.ts";
import { readVersion } from "./version.ts";

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
    modelHash: await fingerprintOf(model, flags),
    version: readVersion(),
    ...(home && { store: openStore(join(home, "images")) }),
    read: (path) => readImage(join(base, path)),
    decode: (bytes, path) => decodeImage(bytes, join(base, path)),
    signal: stopSignal,
  };
}

/** The model's name without its folder. */
export const nameOf = ({ model }: ModelFlags): string => basename(model ?? "s2-tiny", ".onnx");

/** Decodes bytes that were read (and hashed) already; errors name the file. */
export async function decodeImage(bytes: Uint8Array, path: string): Promise<Photo> {
  try {
    return { ...(await loadImage(bytes)), source: path };
  } catch (cause) {
    if (!(cause instanceof S2Error)) throw cause;
    throw new S2Error(
      cause.code,
      cause.message.replace(/^The image\b/, () => `"${path}"`),
      { cause },
    );
  }
}

/** The fingerprint of a loaded model with the output that was asked for. */
export async function fingerprintOf({ source, traits, preprocessing }: Model, { output }: ModelFlags): Promise<string> {
  return modelFingerprint({ files: await hashModelFiles(source), output, traits, preprocessing });
}
