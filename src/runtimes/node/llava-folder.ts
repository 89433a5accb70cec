/** The vision tower and projector of a language model's folder: configs and weights, and the loaded tower. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { planTower, type Tensor, type Tower, type Traits } from "../../core/index.ts";
import { readPreprocessing } from "../../images/index.ts";
import { buildProjector, buildTower, isProjector, isTower, readTowerConfig } from "../../models/index.ts";
import type { JsonObject } from "../hub-config.ts";
import type { Model } from "../model.ts";
import { loadModel } from "./load-model.ts";
import { hasWeights, readFolderConfigs, readIfThere, readJson, readWeights } from "./model-folder.ts";
import { openGraph } from "./open-graph.ts";

/**
 * Reads a folder in LLaVA's layout (one folder, sharded or not) or VILA's (`vision_tower/` and `mm_projector/` within). `visionTower` is
 * the folder of the tower where the model's config has only its name, as LLaVA's `mm_vision_tower`; the model's tensors win over it. In the
 * config that is returned, the tower's is `vision_config`.
 * @throws S2Error "model-not-found", "model-file" or "safetensors".
 */
export function readLlavaFolder(folder: string, { visionTower }: { visionTower?: string } = {}) {
  const config = readJson(join(folder, "config.json"));
  const tower = visionTower ?? join(folder, "vision_tower");
  const projector = join(folder, "mm_projector");
  const inner = [tower, projector].filter((path) => existsSync(path));
  const folders = hasWeights(folder) || inner.length === 0 ? [...inner, folder] : inner;
  const ofTower = readIfThere(join(tower, "config.json"));
  const ofProjector = readIfThere(join(projector, "config.json"));
  return {
    config: {
      ...config,
      ...(!config.vision_config && ofTower && { vision_config: visionPart(ofTower) }),
      ...(ofProjector && { mm_projector_cfg: ofProjector }),
    },
    weights: folders.flatMap((path) => readWeights(path, (name) => isTower(name) || isProjector(name))),
    preprocessor: readFolderConfigs(folder).preprocessor ?? readFolderConfigs(tower).preprocessor,
    processor: readIfThere(join(folder, "processor_config.json")),
  };
}

/** Returns the vision config of a tower's folder; CLIP's and SigLIP's have a text tower too. */
function visionPart({ vision_config: vision, ...rest }: JsonObject): JsonObject {
  return vision ? { model_type: `${rest.model_type}_vision_model`, ...(vision as JsonObject) } : rest;
}

/** A tower and its projector, as `visualTokens(model, image, tower, { project })` takes them. */
export interface LoadedTower {
  readonly tower: Tower;
  readonly model: Model;
  project(features: Tensor): Promise<Tensor>;
  dispose(): Promise<void>;
}

/**
 * Loads the vision tower of a language model from its folder; the language model is not read.
 * @throws S2Error as `readLlavaFolder`, `readTowerConfig`, `buildTower`, `buildProjector` and `loadModel`.
 */
export async function loadTower(
  folder: string,
  { visionTower, threads }: { visionTower?: string; threads?: number } = {},
): Promise<LoadedTower> {
  const { config, weights, preprocessor } = readLlavaFolder(folder, { visionTower });
  const tower = readTowerConfig(config);
  const file = buildTower(config, weights);
  const preprocessing = readPreprocessing({ preprocessor });
  const model = await loadModel(file, { threads, ...(preprocessing && { preprocessing }) });
  try {
    const { prefixTokens } = model.traits;
    const shape = { side: blockSide(tower, model.traits), prefix: tower.prefix === "keep" ? prefixTokens : 0 };
    const projector = await openGraph(buildProjector(config, weights, shape), { threads });
    return {
      ...{ tower, model },
      project: async (features) => (await projector.run({ features })).image_features as Tensor,
      async dispose() {
        await Promise.all([model.dispose(), projector.close()]);
      },
    };
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

/** Returns the side in tokens of the projector's input: the whole grid, or a tile's for Dynamic S². */
function blockSide(tower: Tower, traits: Traits): number {
  const { outputGrid, outputScale, scales } = planTower(tower, { height: tower.tile, width: tower.tile }, traits);
  return outputGrid!.rows / (tower.kind === "dynamic-s2" ? scales[outputScale].rows : 1);
}
