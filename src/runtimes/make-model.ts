/** From a session to a model: learns what it is, and makes it a function from images to features. Platform-free. */

import type { Tensor } from "../core/index.ts";
import { type Preprocessing, readPreprocessing } from "../images/index.ts";
import { type EmbeddedTraits, embeddedPreprocessing, embeddedTraits } from "../onnx/embedded-metadata.ts";
import { channelsFirst, givesChannelsLast, moveChannels } from "../onnx/image-input.ts";
import type { Configs } from "./config-files.ts";
import { checkImages, checkOutputs, type ImageRules, isFloat, pickInput, pickOutput, type ValueInfo } from "./graph.ts";
import { type ConfigHints, readHints } from "./hub-config.ts";
import type { Model, ModelOptions } from "./model.ts";
import { blank, observeTraits } from "./observe.ts";
import type { Session } from "./session.ts";

/** What came with a model's graph. */
export interface KnownModel extends Configs {
  /** For people and for files' metadata. */
  readonly source: string;
  /** The ONNX file's own. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The model of a session: callable, with what it says of itself.
 * @throws S2Error "output", "prefix-tokens", "input" or "preprocessing" when it cannot be used or more must be said.
 */
export async function makeModel(
  session: Session,
  { metadata, source, config, preprocessor }: KnownModel,
  options: ModelOptions,
): Promise<Model> {
  const input = pickInput(session.inputs);
  const own = embeddedTraits(metadata);
  const main = mainOutput(session, metadata, options);
  const [batch, channels] = input.shape.map((side) => (typeof side === "number" ? side : undefined));
  let turned = mapsTurned(main.shape, input.shape.slice(2));
  const runPadded = async (images: Tensor, names: readonly string[]) => {
    const results = await runBatch(session, input.name, images, names, batch);
    const maps = results[main.name];
    const [, , height, width] = images.dims;
    turned ??= maps && givesChannelsLast(maps.dims, [height, width]);
    return turned && maps ? { ...results, [main.name]: turnMaps(maps) } : results;
  };

  const probeChannels = channels ?? 3;
  const probe = async (size: readonly [number, number]) =>
    (await runPadded(blank(probeChannels, size), [main.name]))[main.name].dims;
  const given = turned ? { ...main, shape: channelsFirst(main.shape) } : main;
  const hints = withOwn(readHints(config, preprocessor), own, main.name);
  const seen = await observeTraits(input, given, hints, options, probe);
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

/** True if the graph gives its maps as [b, h, w, c]; undefined where the fixed dimensions do not say it, and a run does. */
function mapsTurned(shape: ValueInfo["shape"], size: ValueInfo["shape"]): boolean | undefined {
  if (shape.length === 3) return false;
  const numbers = (values: ValueInfo["shape"]) => values.every((value) => typeof value === "number");
  if (shape.length !== 4 || !numbers(shape.slice(1)) || !numbers(size)) return undefined;
  return givesChannelsLast([1, ...(shape.slice(1) as number[])], size as unknown as [number, number]);
}

const turnMaps = ({ dims, data }: Tensor): Tensor => ({ dims: channelsFirst(dims), data: moveChannels(dims, data, true) });

/** The output that is the features: the one asked for, else the one that the file calls so, else the only one that can be. */
export function mainOutput({ outputs }: Session, metadata: KnownModel["metadata"], { output, layout }: ModelOptions): ValueInfo {
  const own = embeddedTraits(metadata).output;
  const named = output === undefined && layout === undefined && outputs.some(({ name }) => name === own);
  return pickOutput(outputs, named ? { output: own } : { output, layout });
}

/** A file's own metadata are closer to it than config files beside it; of its patch and prefix they speak for one output. */
function withOwn(hints: ConfigHints, { imageSize, patchSize, prefixTokens, output }: EmbeddedTraits, main: string): ConfigHints {
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
  const { mean, std, rescale, filter } = embeddedPreprocessing(metadata) ?? {};
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
