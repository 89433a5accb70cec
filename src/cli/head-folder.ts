/** A fitted head as a folder: head.json and head.safetensors, with what `s2 predict` and `s2 eval` must repeat to use it. */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { array, looseObject, number, optional, picklist, record, string } from "valibot";
import { S2Error } from "../core/index.ts";
import { readHead, writeHead } from "../heads/index.ts";
import type { Model } from "../node.ts";
import { fingerprintModel, refuseForeign, writeWhole } from "../runtimes/node/index.ts";
import type { ExtractionConfig } from "../store/index.ts";
import { TASK_HEADS, type TaskHead, type TaskHeadName } from "../tasks/index.ts";
import { sha256 } from "../tensors/index.ts";
import { parseJson } from "../tensors/json.ts";
import { failingWith } from "./errors.ts";
import type { ModelFlags } from "./flags.ts";
import { openModel } from "./plan-flags.ts";
import type { SetFlags } from "./set-flags.ts";
import { status } from "./status.ts";

/** What the head's features were made of. */
export interface MadeOf {
  readonly model: ModelFlags;
  /** From `modelFingerprint`. */
  readonly modelHash: string;
  readonly extraction: ExtractionConfig;
  readonly s2_vision: string;
}

export interface SavedHead extends TaskHead {
  /** As `s2 fit --head` calls it. */
  readonly fitted: TaskHeadName;
  readonly features: MadeOf;
  readonly data: SetFlags & { readonly name: string; readonly images: Readonly<Record<string, number>> };
  readonly figures: Readonly<Record<string, unknown>>;
}

const files = (folder: string) => ({ json: join(folder, "head.json"), weights: join(folder, "head.safetensors") });

/** Checks before a fit that `saveHead` would overwrite nothing but a head. @throws S2Error "write". */
export function refuseHeadFolder(folder: string): void {
  const { json, weights } = files(folder);
  refuseForeign([{ path: json }, { path: weights, beside: json }]);
}

/** Two files, the second naming the first by its hash: after a kill between the two they do not pass for one head. @throws S2Error "write". */
export async function saveHead(folder: string, head: SavedHead): Promise<void> {
  const path = files(folder);
  const { weights } = writeHead(head);
  const { json } = writeHead({ ...head, weights: await sha256(weights) } as SavedHead);
  await writeWhole(path.weights, weights, { durable: true });
  await writeWhole(path.json, new TextEncoder().encode(json), { durable: true });
}

/** @throws S2Error "head" for a folder that holds none, or two files that do not belong together. */
export async function loadHead(folder: string): Promise<SavedHead> {
  const path = files(folder);
  const absent = [path.json, path.weights].find((file) => !existsSync(file));
  if (absent) throw new S2Error("head", `There is no ${absent}; expected a folder that "s2 fit ... -o FOLDER" wrote.`);
  const [json, weights] = [await readFile(path.json), new Uint8Array(await readFile(path.weights))];
  const made = parseJson(savedHead, json, { code: "head", name: path.json, advice: "Fit the head again." });
  if (made.weights !== (await sha256(weights)))
    throw new S2Error(
      "head",
      `${path.json} and ${path.weights} are not from one "s2 fit", or one is damaged: a fit was ended between the two, or one was copied alone. Fit again.`,
    );
  return readHead(new TextDecoder().decode(json), weights) as SavedHead;
}

/** The fields that `s2 predict` and `s2 eval` rely on; the head's own are checked where it is opened. */
const savedHead = looseObject({
  kind: string(),
  task: picklist(Object.keys(TASK_HEADS)),
  classes: array(string()),
  fitted: picklist(Object.values(TASK_HEADS).flat()),
  weights: string(),
  features: looseObject({
    model: looseObject({ model: optional(string()) }),
    modelHash: string(),
    look: looseObject({}),
    s2_vision: string(),
  }),
  data: looseObject({ name: string(), images: record(string(), number()) }),
});

/**
 * The model that the head was fitted with; flags of now win over those of then (another path to the same file, threads).
 * @throws S2Error "head" for another model.
 */
export async function openModelOf({ features }: SavedHead, now: ModelFlags): Promise<{ model: Model; flags: ModelFlags }> {
  const flags = { ...features.model, ...now };
  const model = await openModel(flags);
  const found = await fingerprintModel(model, flags.output);
  if (found === features.modelHash) return { model, flags };
  await model.dispose();
  return failingWith(status.model, () => {
    throw new S2Error(
      "head",
      `The head was fitted with ${nameOf(features.model)} (fingerprint ${features.modelHash.slice(0, 12)}), and ${nameOf(flags)} is another model ` +
        `or has other weights, options or preprocessing (${found.slice(0, 12)}); give --model with the one it was fitted with, or fit a head to this one.`,
    );
  });
}

/** For people. */
export const nameOf = ({ model }: ModelFlags): string => model ?? "s2-tiny";

/** What decides the features and is to be given again; threads and the like are the machine's. */
export function repeatable({ model, output, prefixTokens, patchSize, imageSize }: ModelFlags): ModelFlags {
  const flags = { model, output, prefixTokens, patchSize, imageSize };
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}
