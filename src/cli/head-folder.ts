/** A fitted head as a folder: head.json and head.safetensors, with what `s2 predict` and `s2 eval` must repeat to use it. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { S2Error } from "../core/index.ts";
import { hash, type Look, type TaskHead, type TaskHeadName } from "../eval/index.ts";
import { readHead, writeHead } from "../heads/index.ts";
import { type Model, openStore } from "../node.ts";
import { modelHash } from "./collection.ts";
import { failingWith, status } from "./errors.ts";
import type { ModelFlags } from "./flags.ts";
import { openModel } from "./plan-flags.ts";
import type { SetFlags } from "./set-flags.ts";

/** What the head's features were made of. */
export interface MadeOf {
  readonly model: ModelFlags;
  /** Of the model's file, and what else decides its numbers. */
  readonly modelHash: string;
  readonly look: Look;
  readonly s2_vision: string;
}

export interface SavedHead extends TaskHead {
  /** As `s2 fit --head` calls it. */
  readonly fitted: TaskHeadName;
  readonly features: MadeOf;
  readonly data: SetFlags & { readonly name: string; readonly photos: Readonly<Record<string, number>> };
  readonly figures: Readonly<Record<string, unknown>>;
}

/** Two files, the second naming the first by its hash: after a kill between the two they do not pass for one head. */
export async function saveHead(folder: string, head: SavedHead): Promise<void> {
  const { weights } = writeHead(head);
  const { json } = writeHead({ ...head, weights: await hash(weights) } as SavedHead);
  try {
    const store = openStore(folder);
    await store.write("head.safetensors", weights);
    await store.write("head.json", new TextEncoder().encode(json));
  } catch (cause) {
    throw new S2Error("write", `${folder} cannot be written: ${(cause as Error).message}. Give another --out, or make room.`, {
      cause,
    });
  }
}

/** @throws S2Error "head" for a folder that holds none, or two files that do not belong together. */
export async function loadHead(folder: string): Promise<SavedHead> {
  const files = ["head.json", "head.safetensors"].map((name) => join(folder, name));
  const absent = files.find((file) => !existsSync(file));
  if (absent) throw new S2Error("head", `There is no ${absent}; expected a folder that "s2 fit ... -o FOLDER" wrote.`);
  const weights = new Uint8Array(await readFile(files[1]));
  const head = readHead(await readFile(files[0], "utf8"), weights) as SavedHead & { readonly weights?: string };
  if (!head.features || head.weights !== (await hash(weights)))
    throw new S2Error(
      "head",
      `${files[0]} and ${files[1]} are not of one "s2 fit"; it was ended between the two, or one was copied alone. Fit again.`,
    );
  return head;
}

/**
 * The model that the head was fitted with; flags of now win over those of then (another path to the same file, threads).
 * @throws S2Error "head" for another model.
 */
export async function openModelOf({ features }: SavedHead, now: ModelFlags): Promise<{ model: Model; flags: ModelFlags }> {
  const flags = { ...features.model, ...now };
  const model = await openModel(flags);
  const found = modelHash(model, flags);
  if (found === features.modelHash) return { model, flags };
  await model.dispose();
  return failingWith(status.model, () => {
    throw new S2Error(
      "head",
      `The head was fitted with ${features.model.model} (sha256 ${features.modelHash.slice(0, 12)}), and ${flags.model} is another model ` +
        `(${found.slice(0, 12)}); give --model with the one it was fitted with, or fit a head to this one.`,
    );
  });
}

/** What decides the features and is to be given again; threads and the like are the machine's. */
export function repeatable({ model, output, prefixTokens, patchSize, imageSize }: ModelFlags): ModelFlags {
  const flags = { model, output, prefixTokens, patchSize, imageSize };
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}
