/**
 * Writes ViTs of random weights, and DeiT-Tiny where it is at hand, in float32 and in the forms of float16 arithmetic, to be timed on a GPU:
 * `node bench/float16-files.mjs FOLDER [NAME...]`. Each model alone (input [batch, 3, 224, 224]) and with S² at scales 1, 2, 3 around it.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildModel, exportS2 } from "s2-vision/models";
import { convertModel } from "s2-vision/onnx";
import { writeSafetensors } from "../dist/tensors/index.js"; // not public
import { deitTiny } from "./paths.mjs";

const [folder, ...wanted] = process.argv.slice(2);
if (!folder) {
  console.error("Give the folder to write into: node bench/float16-files.mjs FOLDER [vit-tiny vit-small vit-base deit-tiny]");
  process.exit(2);
}
const shapes = { "vit-tiny": [192, 3], "vit-small": [384, 6], "vit-base": [768, 12] };
const names = [...Object.keys(shapes), ...(existsSync(deitTiny) ? ["deit-tiny"] : [])];
const half = { dtype: "float16", compute: true };
/** Operators that stay in float32 besides those that always do. */
const kept = {
  "": [],
  "-norm32": ["LayerNormalization"],
  "-softmax32": ["Softmax"],
  "-both32": ["LayerNormalization", "Softmax"],
};
const s2 = { scales: [1, 2, 3], imageSize: 224, numPrefixToken: 1 };

mkdirSync(folder, { recursive: true });
for (const name of names.filter((each) => wanted.length === 0 || wanted.includes(each))) {
  const [config, weights] = name === "deit-tiny" ? readHub(deitTiny) : randomVit(...shapes[name]);
  const file = buildModel(config, weights, { outputs: [name === "deit-tiny" ? "last_hidden_state" : "forward_features"] });
  const write = (form, bytes) => {
    writeFileSync(join(folder, `${name}${form}.onnx`), bytes);
    console.log(`${name}${form}.onnx: ${(bytes.length / 1e6).toFixed(1)} MB`);
  };
  write("-float32", file);
  for (const [form, keepFloat32] of Object.entries(kept)) write(`-float16${form}`, convertModel(file, { ...half, keepFloat32 }));
  write("-s2-float32", exportS2(file, s2));
  write("-s2-float16", exportS2(file, { ...s2, ...half }));
  write("-s2-float16-all", convertModel(exportS2(file, s2), half)); // resizing and pooling too
}

function readHub(path) {
  return [JSON.parse(readFileSync(join(path, "config.json"), "utf8")), readFileSync(join(path, "model.safetensors"))];
}

/** timm's names; weights as its initialization draws them, so that activations are of ordinary size. */
function randomVit(dim, heads) {
  const model_args = { img_size: 224, patch_size: 16, embed_dim: dim, depth: 12, num_heads: heads, num_classes: 0 };
  const tensors = {};
  let state = 1;
  const add = (name, dims, deviation, mean = 0) => {
    const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
    for (let i = 0; i < data.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      data[i] = mean + deviation * Math.sqrt(3) * (state / 2 ** 31 - 1);
    }
    tensors[name] = { dtype: "F32", dims, data };
  };
  const layer = (name, features, inputs) => {
    add(`${name}.weight`, [features, inputs], inputs ** -0.5);
    add(`${name}.bias`, [features], 0.02);
  };
  const norm = (name) => {
    add(`${name}.weight`, [dim], 0.1, 1);
    add(`${name}.bias`, [dim], 0.02);
  };
  add("cls_token", [1, 1, dim], 0.5);
  add("pos_embed", [1, 197, dim], 0.5);
  add("patch_embed.proj.weight", [dim, 3, 16, 16], 768 ** -0.5);
  add("patch_embed.proj.bias", [dim], 0.02);
  for (let i = 0; i < 12; i++) {
    norm(`blocks.${i}.norm1`);
    layer(`blocks.${i}.attn.qkv`, 3 * dim, dim);
    layer(`blocks.${i}.attn.proj`, dim, dim);
    norm(`blocks.${i}.norm2`);
    layer(`blocks.${i}.mlp.fc1`, 4 * dim, dim);
    layer(`blocks.${i}.mlp.fc2`, dim, 4 * dim);
  }
  norm("norm");
  const config = { architecture: "vit_tiny_patch16_224", num_classes: 0, num_features: dim, model_args, pretrained_cfg: {} };
  return [config, writeSafetensors(tensors)];
}
