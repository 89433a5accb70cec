/** How commands make features of many photos: which model, which way of looking, where they are kept from run to run. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { S2Error } from "../core/index.ts";
import type { Collection, Look } from "../eval/index.ts";
import { loadImage, type Model, openStore } from "../node.ts";
import type { ModelFlags } from "./flags.ts";
import { stopSignal } from "./interrupt.ts";
import { readVersion } from "./version.ts";

/** Photos are named from `base`; features are kept below `home`, or not at all without one. */
export function collectionFor(
  model: Model,
  flags: ModelFlags,
  look: Look,
  { base, home }: { readonly base: string; readonly home?: string },
): Collection {
  return {
    model,
    modelName: basename(flags.model ?? "s2-tiny", ".onnx"),
    modelHash: modelHash(model, flags),
    version: readVersion(),
    look,
    ...(home && { store: openStore(join(home, "photos")) }),
    read: async (path) => readPhoto(join(base, path)),
    decode: (bytes) => loadImage(bytes),
    signal: stopSignal,
  };
}

async function readPhoto(path: string): Promise<Uint8Array> {
  if (!existsSync(path)) throw new S2Error("photo-not-found", `There is no photo at ${path}; check the path.`);
  return new Uint8Array(await readFile(path));
}

/** SHA-256 of an ONNX file, or of a folder's config and weights, and what else decides what the model gives. */
export function modelHash({ source }: Model, { output, imageSize }: ModelFlags): string {
  const files = statSync(source).isDirectory()
    ? ["config.json", "model.safetensors"].map((name) => join(source, name))
    : [source];
  const sum = createHash("sha256");
  for (const file of files) sum.update(readFileSync(file));
  return [sum.digest("hex"), output, imageSize].filter((part) => part !== undefined).join(" ");
}
