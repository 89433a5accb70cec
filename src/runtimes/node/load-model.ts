/** `loadModel`: finds a model, starts its session, learns what it is, and makes it a function from images to features. */

import { checkNames, S2Error, type Tensor } from "../../core/index.ts";
import { type Preprocessing, readPreprocessing } from "../../images/index.ts";
import { type OwnTraits, ownPreprocessing, ownTraits } from "../../onnx/index.ts";
import { checkImages, checkOutputs, type ImageRules, isFloat, pickInput, pickOutput } from "../graph.ts";
import { type ConfigHints, readHints } from "../hub-config.ts";
import { type LocatedModel, locateModel } from "./locate.ts";
import type { LoadModelOptions, Model } from "./model.ts";
import { blank, observeTraits } from "./observe.ts";
import { readOwnMetadata } from "./onnx-files.ts";
import { optimize } from "./optimize.ts";
import { type Session, startSession } from "./session.ts";

/**
 * Loads a vision model for onnxruntime-node.
 * @param source a folder (`onnx/model.onnx` or `model.onnx`, with its config files), an `.onnx` file, its bytes, or a hub name `owner/name`.
 * @throws S2Error "no-bundled-model", "model-not-found", "model-file", "runtime-missing", "output", "prefix-tokens" or "input".
 */
export async function loadModel(source?: string | Uint8Array, options: LoadModelOptions = {}): Promise<Model> {
  checkOptions(options);
  const located = await locateModel(source, options);
  const plain = await startSession(located.model, located.source, options);
  try {
    const model = await makeModel(plain, located, options);
    return options.optimize ? await optimized(model, plain, located, options) : model;
  } catch (error) {
    await plain.dispose();
    throw error;
  }
}

/** The model on the faster of two sessions; what it is was learnt from the first. */
async function optimized(model: Model, plain: Session, located: LocatedModel, options: LoadModelOptions): Promise<Model> {
  const { name: main } = pickOutput(plain.outputs, wishOf(options, ownTraits(readOwnMetadata(located.model)), plain));
  const size = model.traits.imageSize ?? ([224, 224] as const);
  const given = { input: pickInput(plain.inputs), main, size };
  const { session, optimization } = await optimize(plain, located, given, options);
  const faster = session === plain ? model : await makeModel(session, located, options);
  return Object.assign(faster, { optimization });
}

async function makeModel(
  session: Session,
  { model, source, config, preprocessor }: LocatedModel,
  options: LoadModelOptions,
): Promise<Model> {
  const input = pickInput(session.inputs);
  const metadata = readOwnMetadata(model);
  const own = ownTraits(metadata);
  const main = pickOutput(session.outputs, wishOf(options, own, session));
  const [batch, channels] = input.shape.map((side) => (typeof side === "number" ? side : undefined));
  const runPadded = (images: Tensor, names: readonly string[]) => runBatch(session, input.name, images, names, batch);

  const probeChannels = channels ?? 3;
  const probe = async (size: readonly [number, number]) =>
    (await runPadded(blank(probeChannels, size), [main.name]))[main.name].dims;
  const hints = withOwn(readHints(config, preprocessor), own, main.name);
  const seen = await observeTraits(input, main, hints, options, probe);
  // Counting them costs a second reading of the file: `s2 inspect` does it.
  const known = own.multiplyAdds !== undefined && String(own.imageSize) === String(seen.imageSize);
  const traits = { ...seen, ...(known && { multiplyAdds: own.multiplyAdds }) };

  const outputs = session.outputs.map(({ name }) => name);
  const floatOutputs = session.outputs.filter(isFloat).map(({ name }) => name);
  const rules: ImageRules = { channels, maxBatch: batch, ...(!traits.dynamicSize && { size: traits.imageSize }) };
  const preprocessing = options.preprocessing ?? ownPixels(metadata) ?? readPreprocessing({ config, preprocessor });

  const run = async (images: Tensor, names: readonly string[] = floatOutputs): Promise<Record<string, Tensor>> => {
    checkImages(images, rules);
    checkOutputs(names, session.outputs);
    return runPadded(images, names);
  };
  const features = async (images: Tensor): Promise<Tensor> => (await run(images, [main.name]))[main.name];
  return Object.assign(features, {
    traits,
    outputs,
    source,
    run,
    dispose: session.dispose,
    ...(preprocessing && { preprocessing }),
  });
}

/** What is asked, else the output that the file calls its features. */
function wishOf(options: LoadModelOptions, own: OwnTraits, { outputs }: Session): Pick<LoadModelOptions, "output" | "layout"> {
  const { output, layout } = options;
  const named = outputs.some(({ name }) => name === own.output);
  return output === undefined && layout === undefined && named ? { output: own.output } : { output, layout };
}

/** A file's own metadata are closer to it than config files beside it; of its patch and prefix they speak for one output. */
function withOwn(hints: ConfigHints, { imageSize, patchSize, prefixTokens, output }: OwnTraits, main: string): ConfigHints {
  const speaks = output === undefined || output === main;
  return {
    ...hints,
    ...(imageSize && { imageSize }),
    ...(speaks && patchSize !== undefined && { patchSize }),
    ...(speaks && prefixTokens !== undefined && { prefixTokens: [prefixTokens] }),
  };
}

/** @throws S2Error "preprocessing" when the file's metadata are no preprocessing: ignoring them would give wrong features. */
function ownPixels(metadata: Readonly<Record<string, string>>): Preprocessing | undefined {
  if (metadata["s2.preprocessing"] === undefined) return undefined;
  const { mean, std, rescale, filter } = ownPreprocessing(metadata) ?? {};
  const fields = { image_mean: mean ?? [], image_std: std ?? [], rescale_factor: rescale ?? 0, resample: filter ?? "" };
  return readPreprocessing({ preprocessor: fields });
}

/** Where the graph's batch is fixed, smaller ones are filled up with zeros and the outputs cut. */
async function runBatch(
  session: Session,
  input: string,
  images: Tensor,
  names: readonly string[],
  fixed?: number,
): Promise<Record<string, Tensor>> {
  const [batch, ...rest] = images.dims;
  if (fixed === undefined || batch === fixed) return session.run(input, images, names);
  const data = new Float32Array((images.data.length / batch) * fixed);
  data.set(images.data);
  const results = await session.run(input, { dims: [fixed, ...rest], data }, names);
  return Object.fromEntries(Object.entries(results).map(([name, result]) => [name, firstOf(result, batch, fixed)]));
}

function firstOf({ dims, data }: Tensor, batch: number, fixed: number): Tensor {
  if (dims[0] !== fixed) return { dims, data }; // not one of the batch's
  return { dims: [batch, ...dims.slice(1)], data: data.slice(0, (data.length / fixed) * batch) };
}

const names: readonly (keyof LoadModelOptions)[] = [
  ...(["threads", "device", "output", "prefixTokens", "patchSize", "imageSize", "layout", "preprocessing"] as const),
  ...(["optimize", "offline", "cacheDir", "onProgress"] as const),
];

function checkOptions(options: LoadModelOptions): void {
  checkNames(options, names);
  const { threads, prefixTokens, patchSize, layout } = options;
  const counts = { threads: [threads, 1], prefixTokens: [prefixTokens, 0], patchSize: [patchSize, 1] } as const;
  for (const [name, [value, least]] of Object.entries(counts)) {
    if (value === undefined || (Number.isInteger(value) && value >= least)) continue;
    throw new S2Error("option", `${name} is ${value}; expected a whole number from ${least}.`);
  }
  if (layout !== undefined && layout !== "bnc" && layout !== "bchw") {
    throw new S2Error("option", `layout is ${JSON.stringify(layout)}; expected "bnc" or "bchw".`);
  }
}
