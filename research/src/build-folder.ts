/** A model built from a hub folder: for images of another size, or with the tokens of its middle layer as output. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { buildModel, outputNames } from "s2-vision/models";
import { fromFloat16, loadModel, type Model, readPreprocessing, readSafetensors } from "s2-vision/node";
import { ResearchError } from "./error.ts";
import type { VitWeights } from "./register-vit.ts";

export interface BuiltModel {
  readonly model: Model;
  readonly name: string;
  /** SHA-256 of the graph. */
  readonly hash: string;
}

export interface BuildFolderOptions {
  readonly threads?: number;
  /** Side of the images in pixels; default: the model's. Positions are interpolated to another one. */
  readonly imageSize?: number;
  /** Gives the tokens after this fraction of the blocks instead of the last ones: 0.5 is the visual input of a VQA head. */
  readonly fraction?: number;
}

/** Builds a model from config.json and model.safetensors. */
export async function buildFolder(folder: string, { threads, imageSize, fraction }: BuildFolderOptions): Promise<BuiltModel> {
  const { config, preprocessor, weights } = readFolder(folder);
  const preprocessing = readPreprocessing({ config, preprocessor });
  const output = fraction ? tokensAfter(fraction, outputNames(config, weights)) : undefined;
  const file = buildModel(config, weights, { imageSize, preprocessing, ...(output && { outputs: [output] }) });
  const model = await loadModel(file, { threads, ...(output && { output }) });
  const suffix = `${imageSize ? `-${imageSize}` : ""}${fraction ? "-middle" : ""}`;
  return { model, name: `${basename(folder)}${suffix}`, hash: sha256(file) };
}

/** Builds a student from the files of `distillStudent`. */
export function buildStudent(files: Readonly<Record<string, Uint8Array>>, threads?: number): Promise<Model> {
  const config = JSON.parse(new TextDecoder().decode(files["config.json"])) as Record<string, unknown>;
  return loadModel(buildModel(config, files["model.safetensors"], { preprocessing: readPreprocessing({ config }) }), { threads });
}

/** Reads the weights of a ViT that keeps them under timm's names; heads have 64 channels, as all of that family's. */
export function readVit(folder: string): VitWeights {
  const stored = readSafetensors(readFolder(folder).weights).tensors;
  const tensors = Object.fromEntries(
    Object.entries(stored).map(([name, { dims, data }]) => [
      name,
      { dims, data: data instanceof Uint16Array ? fromFloat16(data) : Float32Array.from(data as Float32Array) },
    ]),
  );
  const names = ["patch_embed.proj.weight", "cls_token", "pos_embed", "blocks.0.attn.qkv.weight", "blocks.0.mlp.fc1.weight"];
  const missing = names.find((name) => !tensors[name]);
  if (missing)
    throw new ResearchError(`${folder} has no ${missing}; the experiment needs a ViT with weights under timm's names.`);
  const [dim, , patch] = tensors["patch_embed.proj.weight"].dims;
  return { tensors, side: Math.sqrt(tensors.pos_embed.dims[1] - 1) * patch, heads: dim / 64 };
}

function readFolder(folder: string) {
  const read = (name: string) => new Uint8Array(readFileSync(join(folder, name)));
  const readJson = (name: string) => JSON.parse(new TextDecoder().decode(read(name))) as Record<string, unknown>;
  for (const name of ["config.json", "model.safetensors"])
    if (!existsSync(join(folder, name))) throw new ResearchError(`${folder} has no ${name}; give a model's folder with both.`);
  const preprocessor = existsSync(join(folder, "preprocessor_config.json")) ? readJson("preprocessor_config.json") : undefined;
  return { config: readJson("config.json"), preprocessor, weights: read("model.safetensors") };
}

/** transformers counts hidden states from the patch embedding's, timm from the first block's. */
function tokensAfter(fraction: number, names: readonly string[]): string {
  const select = (pattern: RegExp) => names.filter((name) => pattern.test(name));
  const states = select(/^hidden_states\.\d+$/);
  const blocks = states.length > 0 ? states.slice(1) : select(/^intermediates\.\d+$/);
  return blocks[Math.floor(blocks.length * fraction + 1e-9) - 1];
}

export const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");
