/**
 * A model folder as hubs have them, made for the tests: a ViT of transformers' layout in the shape of DeiT-Tiny (224 px, patches of 16, 192
 * channels, 1,000 classes) with one block and seeded weights, its graph as another library's export, and its preprocessing.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildModel } from "../../src/models/index.ts";
import { readOnnx, writeOnnx } from "../../src/onnx/index.ts";
import { makeRandom, truncatedNormal, writeSafetensors } from "../../src/tensors/index.ts";

export const hubModelName = "vit-one-block";
const dim = 192;

const config = {
  ...{ architectures: ["ViTForImageClassification"], model_type: "vit", hidden_act: "gelu", layer_norm_eps: 1e-6 },
  ...{ hidden_size: dim, num_hidden_layers: 1, num_attention_heads: 3, intermediate_size: 4 * dim, qkv_bias: true },
  ...{ image_size: 224, patch_size: 16, num_channels: 3 },
  id2label: Object.fromEntries(Array.from({ length: 1000 }, (_, id) => [id, `class ${id}`])),
};

const preprocessor = {
  ...{ image_processor_type: "ViTImageProcessor", do_resize: true, size: { height: 224, width: 224 }, resample: 3 },
  ...{ do_rescale: true, rescale_factor: 1 / 255, do_normalize: true },
  ...{ image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] },
};

const linear = (name: string, outputs: number, inputs: number) => ({
  [`${name}.weight`]: [outputs, inputs],
  [`${name}.bias`]: [outputs],
});
const norm = (name: string) => ({ [`${name}.weight`]: [dim], [`${name}.bias`]: [dim] });
const layer = "vit.encoder.layer.0";
const shapes: Record<string, number[]> = {
  "vit.embeddings.cls_token": [1, 1, dim],
  "vit.embeddings.position_embeddings": [1, 197, dim],
  "vit.embeddings.patch_embeddings.projection.weight": [dim, 3, 16, 16],
  "vit.embeddings.patch_embeddings.projection.bias": [dim],
  ...linear(`${layer}.attention.attention.query`, dim, dim),
  ...linear(`${layer}.attention.attention.key`, dim, dim),
  ...linear(`${layer}.attention.attention.value`, dim, dim),
  ...linear(`${layer}.attention.output.dense`, dim, dim),
  ...linear(`${layer}.intermediate.dense`, 4 * dim, dim),
  ...linear(`${layer}.output.dense`, dim, 4 * dim),
  ...{ ...norm(`${layer}.layernorm_before`), ...norm(`${layer}.layernorm_after`), ...norm("vit.layernorm") },
  ...linear("classifier", 1000, dim),
};

/** Makes the folder NAME in a new folder, and returns both. */
export function makeHubModel(): { models: string; folder: string } {
  const random = makeRandom(24);
  const tensors = Object.entries(shapes).map(([name, dims]) => {
    const middle = /norm.*weight$/.test(name) ? 1 : 0;
    const length = dims.reduce((product, size) => product * size, 1);
    const data = Float32Array.from({ length }, () => middle + truncatedNormal(random, 0.05));
    return [name, { dtype: "F32" as const, dims, data }] as const;
  });
  const weights = writeSafetensors(Object.fromEntries(tensors));
  const graph = readOnnx(buildModel(config, weights, { outputs: ["last_hidden_state", "logits"] }));
  const models = mkdtempSync(join(tmpdir(), "s2-hub-model-"));
  const folder = join(models, hubModelName);
  mkdirSync(join(folder, "onnx"), { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  writeFileSync(join(folder, "preprocessor_config.json"), JSON.stringify(preprocessor));
  writeFileSync(join(folder, "model.safetensors"), weights);
  writeFileSync(join(folder, "onnx/model.onnx"), writeOnnx({ ...graph, metadataProps: [] })); // another library's says nothing of S²
  return { models, folder };
}
