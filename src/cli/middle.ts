/** A model's tokens after half of its blocks: what an answerer looks at. */
import { basename } from "node:path";
import { hash } from "../eval/index.ts";
import { readPreprocessing } from "../images/index.ts";
import { buildModel, outputNames } from "../models/index.ts";
import { loadModel, type Model } from "../node.ts";
import { readHubFolder } from "../runtimes/node/index.ts";
import { failingWith, status } from "./errors.ts";

/** From a folder with config.json and model.safetensors. */
export function openMiddle(
  folder: string,
  { threads }: { threads?: number },
): Promise<{ model: Model; name: string; hash: string }> {
  return failingWith(status.model, async () => {
    const { config, preprocessor, weights } = readHubFolder(folder);
    const preprocessing = readPreprocessing({ config, preprocessor });
    const output = middleOf(outputNames(config, weights));
    const file = buildModel(config, weights, { outputs: [output], preprocessing });
    const model = await loadModel(file, { threads, output });
    return { model, name: `${basename(folder)}-middle`, hash: await hash(file) };
  });
}

/** transformers counts hidden states from the patches' own, timm from the first block's. */
function middleOf(names: readonly string[]): string {
  const of = (list: RegExp) => names.filter((name) => list.test(name));
  const states = of(/^hidden_states\.\d+$/);
  const blocks = states.length > 0 ? states.slice(1) : of(/^intermediates\.\d+$/);
  return blocks[Math.floor(blocks.length / 2) - 1];
}
