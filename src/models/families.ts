/** Which family a config is of, and whose names its weights have. */
import { S2Error } from "../core/index.ts";
import type { StoredTensor } from "../tensors/index.ts";
import type { Architecture, Config, ReadArchitecture } from "./architecture.ts";
import { makeWeights, type Weights } from "./weights.ts";

/** A family as transformers has it. */
interface TransformersFamily {
  /** Before the names of its tensors in files of larger models (classifiers, towers): `vit.`; with or without it, both are read. */
  readonly prefix: string;
  readonly read: ReadArchitecture;
}

/** By `model_type`. */
const transformers: Readonly<Record<string, TransformersFamily>> = {};

/** By the architecture's name in timm; the first that matches. */
const timm: readonly (readonly [name: RegExp, read: ReadArchitecture])[] = [];

/** @throws S2Error "architecture" when the config names none of these. */
export function readFamily(
  config: Config,
  tensors: Readonly<Record<string, StoredTensor>>,
): { architecture: Architecture; weights: Weights } {
  const { architecture: name, model_type: type } = config;
  if (typeof name === "string") {
    const read = timm.find(([pattern]) => pattern.test(name))?.[1];
    if (!read) throw unknown(`timm's ${name}`);
    const weights = makeWeights(tensors);
    return { architecture: read(config, weights), weights };
  }
  const family = transformers[String(type)];
  if (!family) throw unknown(`the model_type ${type}`);
  const wrapped = Object.keys(tensors).some((stored) => stored.startsWith(`${family.prefix}.`));
  const start = `${family.prefix}.`;
  const weights = makeWeights(tensors, (stored) => (wrapped && stored.startsWith(start) ? stored.slice(start.length) : stored));
  return { architecture: family.read(config, weights), weights };
}

function unknown(what: string): S2Error {
  return new S2Error("architecture", `Models are not built from ${what}; known are ${Object.keys(transformers).join(", ")}.`);
}
