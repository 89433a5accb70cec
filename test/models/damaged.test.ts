/** Damaged model files end in a refusal that says so, never in a raw error. More cases: S2_FUZZ=200. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { S2Error } from "../../src/core/index.ts";
import { readPreprocessing } from "../../src/images/index.ts";
import { buildModel } from "../../src/models/index.ts";
import { inspectModel } from "../../src/onnx/index.ts";
import { readConfigs } from "../../src/runtimes/config-files.ts";
import { readHints } from "../../src/runtimes/hub-config.ts";
import { makeRandom, readSafetensors } from "../../src/tensors/index.ts";

const cases = Number(process.env.S2_FUZZ ?? 25);
const tiny = fileURLToPath(new URL("../../models/s2-tiny/", import.meta.url));
const config = JSON.parse(readFileSync(`${tiny}config.json`, "utf8")) as Record<string, unknown>;
const weights = new Uint8Array(readFileSync(`${tiny}model.safetensors`));

const odd = [null, "x", "", -1, 0, 0.5, 1, 3, 1e6, 1e9, 1e300, true, [], {}, [1e9], [[]], [1, 2, 3], "__proto__"];

/** One or two fields of a JSON value, at any depth, become something else or go. */
function mutated(value: Readonly<Record<string, unknown>>, random: () => number): unknown {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  const copy: Record<string, unknown> = structuredClone(value);
  for (let i = 0; i < 1 + Math.floor(random() * 2); i++) {
    let at = copy;
    let key = pick(Object.keys(at));
    while (typeof at[key] === "object" && at[key] !== null && Object.keys(at[key] as object).length > 0 && random() < 0.6) {
      at = at[key] as Record<string, unknown>;
      key = pick(Object.keys(at));
    }
    if (random() < 0.15) delete at[key];
    else at[key] = structuredClone(pick(odd));
  }
  return copy;
}

/** A file that is cut short, or has some other bytes, mostly in its head. */
function damaged(file: Uint8Array, random: () => number): Uint8Array {
  if (random() < 0.3) return file.slice(0, Math.floor(random() * file.length));
  const copy = file.slice();
  const end = random() < 0.7 ? Math.min(4000, copy.length) : copy.length;
  for (let i = 0; i < 1 + Math.floor(random() * 4); i++) copy[Math.floor(random() * end)] = Math.floor(random() * 256);
  return copy;
}

const preprocessor = {
  ...{ image_processor_type: "ViTImageProcessor", do_normalize: true, image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] },
  ...{ resample: 3, rescale_factor: 0.1, size: { height: 2, width: 3 }, image_processor: { image_mean: [1, 1, 1] } },
  ...{ preprocess_cfg: { mean: [1, 1, 1] }, model_cfg: { vision_cfg: { image_size: 3 } } },
};

const kinds: Readonly<Record<string, (random: () => number) => unknown>> = {
  "config.json": (random) => {
    const given = mutated(config, random) as Record<string, unknown>;
    readHints(given);
    return buildModel(given, weights);
  },
  "model.safetensors": (random) => readSafetensors(damaged(weights, random)),
  "model.onnx": (random) => inspectModel(damaged(graph, random)),
  "preprocessor_config.json": (random) => {
    const given = mutated(preprocessor, random) as Record<string, unknown>;
    readHints({}, given);
    return [readPreprocessing({ preprocessor: given }), readConfigs(() => given)];
  },
};
const graph = buildModel(config, weights);

it.each(Object.keys(kinds))("%s", (kind) => {
  let refused = 0;
  for (let seed = 1; seed <= cases; seed++) {
    try {
      kinds[kind](makeRandom(seed));
    } catch (error) {
      expect(error, `seed ${seed}`).toBeInstanceOf(S2Error);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(0); // else the damage is none
});
