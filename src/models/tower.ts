/** A language model's vision tower on its own: from tiles to the hidden state that the config selects. */
import type { Tower } from "../core/index.ts";
import { type ModelProto, writeOnnx } from "../onnx/index.ts";
import type { Config } from "./architecture.ts";
import { buildFromTensors } from "./build.ts";
import { nested } from "./config.ts";
import { readTensors, type Tensors, towerTensors, type WeightFiles } from "./llava-weights.ts";
import { readTowerConfig } from "./tower-config.ts";

/**
 * The tower as an ONNX file for `loadModel` and `visualTokens`: `pixel_values` [tiles, 3, tile, tile] to tokens, prefix tokens first.
 * `config` has the tower's own config as `vision_config`; `weights` may be those of the whole language model.
 * @throws S2Error as `readTowerConfig` and `buildModel`.
 */
export function buildTower(config: object, weights: WeightFiles): Uint8Array {
  return writeOnnx(towerProto(config as Config, readTowerConfig(config), readTensors(weights)));
}

export function towerProto(config: Config, { tile, layer }: Tower, tensors: Tensors): ModelProto {
  const options = { outputs: [`hidden_states.${layer}`], imageSize: tile };
  return buildFromTensors(nested(config, "vision_config"), towerTensors(tensors), options);
}
