/** ViTs with seeded random weights, as hub folders in timm's names: speed does not ask what the weights are, and nothing has to be downloaded. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportS2, buildModel as fromHub } from "s2-vision/models";
import { writeSafetensors } from "s2-vision/node";

export const scales = [1, 2, 3];
export const mean = [0.485, 0.456, 0.406];
export const std = [0.229, 0.224, 0.225];

/** timm's vit_*_patch16_224, and one for rehearsals on machines without a card. */
export const sizes = {
  toy: { architecture: "vit_tiny_patch16_224", image: 64, dim: 48, depth: 1, heads: 3, photos: 2 },
  tiny: { architecture: "vit_tiny_patch16_224", image: 224, dim: 192, depth: 12, heads: 3, photos: 8 },
  small: { architecture: "vit_small_patch16_224", image: 224, dim: 384, depth: 12, heads: 6, photos: 8 },
  base: { architecture: "vit_base_patch16_224", image: 224, dim: 768, depth: 12, heads: 12, photos: 8 },
};

/** The arguments that timm needs beside the architecture's name. */
export function modelArgs(size) {
  const { image, dim, depth, heads } = sizes[size];
  return { img_size: image, embed_dim: dim, depth, num_heads: heads };
}

/** Writes the hub folder of a size unless it is there. @returns its path. */
export function hubFolder(work, size) {
  const folder = join(work, size);
  if (existsSync(join(folder, "config.json"))) return folder;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "model.safetensors"), writeSafetensors(randomWeights(sizes[size])));
  const { architecture, image } = sizes[size];
  const pretrained = { input_size: [3, image, image], mean, std, interpolation: "bicubic", crop_pct: 1 };
  const config = { architecture, num_classes: 0, model_args: modelArgs(size), pretrained_cfg: pretrained };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config)); // last: it says that the folder is whole
  return folder;
}

/** The model alone as an ONNX file. */
export function buildModel(work, size) {
  const folder = hubFolder(work, size);
  return fromHub(JSON.parse(readFileSync(join(folder, "config.json"), "utf8")), readFileSync(join(folder, "model.safetensors")));
}

/** The model in S² as one ONNX file, for images [batch, 3, side, side]. */
export function buildS2(work, size, options = {}) {
  return exportS2(buildModel(work, size), { scales, imageSize: sizes[size].image, numPrefixToken: 1, ...options });
}

function randomWeights({ image, dim, depth }) {
  const tensors = {};
  const add = (name, dims, middle = 0) => {
    const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
    fillRandom(data, Object.keys(tensors).length, middle);
    tensors[name] = { dtype: "F32", dims, data };
  };
  const linear = (name, rows, columns) => {
    add(`${name}.weight`, [rows, columns]);
    add(`${name}.bias`, [rows]);
  };
  const norm = (name) => {
    add(`${name}.weight`, [dim], 1);
    add(`${name}.bias`, [dim]);
  };
  add("cls_token", [1, 1, dim]);
  add("pos_embed", [1, (image / 16) ** 2 + 1, dim]);
  add("patch_embed.proj.weight", [dim, 3, 16, 16]);
  add("patch_embed.proj.bias", [dim]);
  for (let i = 0; i < depth; i++) {
    norm(`blocks.${i}.norm1`);
    linear(`blocks.${i}.attn.qkv`, 3 * dim, dim);
    linear(`blocks.${i}.attn.proj`, dim, dim);
    norm(`blocks.${i}.norm2`);
    linear(`blocks.${i}.mlp.fc1`, 4 * dim, dim);
    linear(`blocks.${i}.mlp.fc2`, dim, 4 * dim);
  }
  norm("norm");
  return tensors;
}

/** Uniform numbers around `middle` with timm's deviation, 0.02, by a xorshift that makes base's 86 million in a second. */
function fillRandom(data, seed, middle) {
  let state = (seed + 1) * 0x9e3779b9;
  for (let i = 0; i < data.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    data[i] = middle + (state / 2 ** 31) * 0.0346;
  }
}
