/** Finds the tensors of the vision tower and the projector in a language model's files, by LLaVA's, VILA's and transformers' names. */
import { S2Error } from "../core/index.ts";
import { readSafetensors, type StoredTensor } from "../tensors/index.ts";

export type Tensors = Readonly<Record<string, StoredTensor>>;

/** One file's bytes, or those of several: tower and projector may lie apart. */
export type WeightFiles = Uint8Array | readonly Uint8Array[];

/** A projector that stands under a name, `model.mm_projector.0.weight`, or alone in its file, `layers.0.weight` or `0.weight`. */
const namedProjector = /^(.*\.)?(mm_projector|multi_modal_projector)\./;
const bareProjector = /^(layers\.)?(\d+\.)?(weight|bias)$/;

/** Returns true for the name of a projector's tensor in files of LLaVA, VILA or transformers. */
export const isProjector = (name: string): boolean => namedProjector.test(name) || bareProjector.test(name);

/** Returns true for the name of a vision tower's tensor in a language model's file. */
export const isTower = (name: string): boolean => /(^|\.)(vision_model|vision_tower)\./.test(name) && !isProjector(name);

/** Reads the tensors of all files, under the names that they had before training wrapped the model. */
export function readTensors(files: WeightFiles): Tensors {
  const each = files instanceof Uint8Array ? [files] : files;
  const entries = each.flatMap((file) => Object.entries(readSafetensors(file).tensors));
  return Object.fromEntries(unwrapped(entries));
}

/** `module.` is what torch's DataParallel puts before every name, `_orig_mod.` what torch.compile does. */
function unwrapped(entries: [string, StoredTensor][]): [string, StoredTensor][] {
  const wrapper = /^(module|_orig_mod)\./;
  if (entries.length === 0 || !entries.every(([name]) => wrapper.test(name))) return entries;
  return unwrapped(entries.map(([name, tensor]) => [name.replace(wrapper, ""), tensor]));
}

/** The tower's tensors under the names of its own file: `vision_model.encoder...`. */
export function towerTensors(tensors: Tensors): Tensors {
  const found = Object.entries(tensors).filter(([name]) => isTower(name));
  return Object.fromEntries(
    found.map(([name, tensor]) => [name.replace(/^.*?(vision_tower\.)+|^.*?(?=vision_model\.)/, ""), tensor]),
  );
}

/** The projector's tensors by their stored names, and where each of its layers is: [number, name before "weight"]. */
export function projectorTensors(tensors: Tensors): { tensors: Tensors; layers: (readonly [number: number, path: string])[] } {
  const named = Object.entries(tensors).filter(([name]) => namedProjector.test(name));
  const found = named.length > 0 ? named : Object.entries(tensors).filter(([name]) => bareProjector.test(name));
  const paths = new Set(found.map(([name]) => name.replace(/\.?(weight|bias)$/, "")));
  const layers = [...paths].map((path) => [layerNumber(path), path] as const).sort(([a], [b]) => a - b);
  if (layers.length > 0) return { tensors: Object.fromEntries(found), layers };
  throw new S2Error(
    "weights",
    "The weights hold no projector; expected tensors such as mm_projector.0.weight, multi_modal_projector.linear_1.weight or layers.1.weight. Give the file that has them too.",
  );
}

/** `mm_projector.2` is 2; transformers counts its two layers from 1 and leaves out what has no weights; a single layer has no number. */
function layerNumber(path: string): number {
  const [, linear, number] = /(?:linear_(\d+)|(?:^|\.)(\d+))$/.exec(path) ?? [];
  return linear === undefined ? Number(number ?? 0) : 2 * (Number(linear) - 1);
}
