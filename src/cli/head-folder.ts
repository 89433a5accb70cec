/** Heads in folders: reading one with the model that it was fitted with, and the rule for writing one. */
import { join } from "node:path";
import { type Model, openStore } from "../node.ts";
import { type Folders, refuseForeign } from "../runtimes/node/index.ts";
import type { ExtractImagesOptions } from "../store/index.ts";
import { checkHeadModel, loadHead, type SavedHead } from "../tasks/index.ts";
import { failingWith } from "./errors.ts";
import type { ModelFlags } from "./flags.ts";
import { openModel, sourceOf } from "./plan-flags.ts";
import { status } from "./status.ts";

export const openHead = (folder: string): Promise<SavedHead> => loadHead(openStore(folder), folder);

/** Checks before a fit that nothing but a head would be overwritten. @throws S2Error "write". */
export function refuseHeadFolder(folder: string): void {
  const json = join(folder, "head.json");
  refuseForeign([{ path: json }, { path: join(folder, "head.safetensors"), beside: json }]);
}

/**
 * Opens the model that the head was fitted with. Flags win over those of the fit: another path to the same files, threads.
 * @throws S2Error "head" for another model.
 */
export async function openModelOf(
  head: SavedHead,
  { model: path, threads, device, offline }: ModelFlags,
  folders: Folders,
): Promise<{ model: Model; source: Omit<ExtractImagesOptions, "extraction">; flags: ModelFlags }> {
  const flags: ModelFlags = { ...head.features.model, ...defined({ model: path, threads, device, offline }) };
  const model = await openModel(flags);
  try {
    const source = await sourceOf(model, flags, folders);
    await failingWith(status.model, () => checkHeadModel(head, { ...source, modelName: flags.model ?? "s2-tiny" }));
    return { model, source, flags };
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

/** The flags that decide the features, for the head's record; threads and the like belong to the machine. */
export const modelRecord = ({ model, output, prefixTokens, patchSize, imageSize }: ModelFlags): ModelFlags =>
  defined({ model, output, prefixTokens, patchSize, imageSize });

/** The options without those that are undefined. */
export const defined = <T extends object>(options: T): T =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
