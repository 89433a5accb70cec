/** How commands make features of many photos: which model, which way of looking, where they are kept from run to run. */
import { basename, join } from "node:path";
import { S2Error } from "../core/index.ts";
import { hashModelFiles, loadImage, type Model, openStore, type Photo } from "../node.ts";
import { readPhoto } from "../runtimes/node/index.ts";
import { type Collection, type Look, modelFingerprint } from "../store/index.ts";
import type { ModelFlags } from "./flags.ts";
import { stopSignal } from "./interrupt.ts";
import { readVersion } from "./version.ts";

/** Photos are named from `base`; features are kept below `home`, or not at all without one. */
export async function collectionFor(
  model: Model,
  flags: ModelFlags,
  look: Look,
  { base, home }: { readonly base: string; readonly home?: string },
): Promise<Collection> {
  return {
    model,
    modelName: basename(flags.model ?? "s2-tiny", ".onnx"),
    modelHash: await fingerprintOf(model, flags),
    version: readVersion(),
    look,
    ...(home && { store: openStore(join(home, "photos")) }),
    read: (path) => readPhoto(join(base, path)),
    decode: (bytes, path) => decodePhoto(bytes, join(base, path)),
    signal: stopSignal,
  };
}

/** Decodes bytes that were read (and hashed) already; refusals name the file. */
export async function decodePhoto(bytes: Uint8Array, path: string): Promise<Photo> {
  try {
    return { ...(await loadImage(bytes)), source: path };
  } catch (cause) {
    if (!(cause instanceof S2Error)) throw cause;
    throw new S2Error(
      cause.code,
      cause.message.replace(/^The photo\b/, () => `"${path}"`),
      { cause },
    );
  }
}

/** The fingerprint of a loaded model with the output that was asked for. */
export async function fingerprintOf({ source, traits, preprocessing }: Model, { output }: ModelFlags): Promise<string> {
  return modelFingerprint({ files: await hashModelFiles(source), output, traits, preprocessing });
}
