/** A model built from a hub folder, with what names its features. */

import { basename } from "node:path";
import { readPreprocessing } from "../images/index.ts";
import { buildModel, outputNames } from "../models/index.ts";
import { loadModel, type Model } from "../node.ts";
import { readHubFolder } from "../runtimes/node/index.ts";
import { sha256 } from "../tensors/index.ts";
import { failingWith } from "./errors.ts";
import { status } from "./status.ts";

export interface Built {
  readonly model: Model;
  readonly name: string;
  /** SHA-256 of the graph. */
  readonly hash: string;
}

export interface BuildFolderOptions {
  readonly threads?: number;
  /** Another side of images than the model's. */
  readonly imageSize?: number;
  /** Tokens after half of its blocks instead of the last ones: what an answerer looks at. */
  readonly middle?: boolean;
}

/** From config.json and model.safetensors. */
export function buildFolder(folder: string, { threads, imageSize, middle }: BuildFolderOptions): Promise<Built> {
  return failingWith(status.model, async () => {
    const { config, preprocessor, weights } = readHubFolder(folder);
    const preprocessing = readPreprocessing({ config, preprocessor });
    const output = middle ? middleOf(outputNames(config, weights)) : undefined;
    const file = buildModel(config, weights, { imageSize, preprocessing, ...(output && { outputs: [output] }) });
    const model = await loadModel(file, { threads, ...(output && { output }) });
    const kind = `${imageSize ? `-${imageSize}` : ""}${middle ? "-middle" : ""}`;
    return { model, name: `${basename(folder)}${kind}`, hash: await sha256(file) };
  });
}

/** transformers counts hidden states from the patches' own, timm from the first block's. */
function middleOf(names: readonly string[]): string {
  const of = (list: RegExp) => names.filter((name) => list.test(name));
  const states = of(/^hidden_states\.\d+$/);
  const blocks = states.length > 0 ? states.slice(1) : of(/^intermediates\.\d+$/);
  return blocks[Math.floor(blocks.length / 2) - 1];
}
