/** Makes a model of a session: reads its traits and returns a function from images to features. Platform-free. */
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

/** Facts that come with a model's graph. */
export interface KnownModel extends Configs {
  /** Name for messages and for files' metadata. */
  readonly source: string;
  /** Metadata of the ONNX file. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Makes a callable model with its traits.
 * @throws S2Error "output", "prefix-tokens", "input" or "preprocessing" when it cannot be used or an option is needed.
 */
export async function makeModel(
  session: Session,
  { metadata, source, config, preprocessor }: KnownModel,
  options: ModelOptions,
): Promise<Model> {
  const input = pickInput(session.inputs);
  const embedded = embeddedTraits(metadata);
  const main = mainOutput(session, metadata, options);
  const [batch, channels] = input.shape.map((side) => (typeof side === "number" ? side : undefined));
  let channelsLast = hasChannelsLast(main.shape, input.shape.slice(2));
  const runPadded = async (images: Tensor, names: readonly string[]) => {
    const results = await runBatch(session, input.name, images, names, batch);
    const maps = results[main.name];
    const [, , height, width] = images.dims;
    channelsLast ??= maps && givesChannelsLast(maps.dims, [height, width]);
    return channelsLast && maps ? { ...results, [main.name]: toChannelsFirst(maps) } : results;
  };

  const probeChannels = channels ?? 3;
  const probe = async (size: readonly [number, number]) =>
    (await runPadded(blank(probeChannels, size), [main.name]))[main.name].dims;
  const given = channelsLast ? { ...main, shape: channelsFirst(main.shape) } : main;
  const hints = withEmbedded(readHints(config, preprocessor), embedded, main.name);
  const seen = await observeTraits(input, given, hints, options, probe);
  // Only known ones: counting them would read the file again, as `s2 inspect` does.
  const counted = embedded.multiplyAdds !== undefined && String(embedded.imageSize) === String(seen.imageSize);
  const traits = { ...seen, ...(counted && { multiplyAdds: embedded.multiplyAdds }) };

  const outputs = session.outputs.map(({ name }) => name);
  const floatOutputs = session.outputs.filter(isFloat).map(({ name }) => name);
  const rules: ImageRules = { channels, maxBatch: batch, ...(!traits.dynamicSize && { size: traits.imageSize }) };
  const preprocessing = options.preprocessing ?? embeddedPixels(metadata) ?? readPreprocessing({ config, preprocessor });

  const run = async (images: Tensor, names: readonly string[] = floatOutputs): Promise<Record<string, Tensor>> => {
    checkImages(images, rules);
    checkOutputs(names, session.outputs);
    return runPadded(images, names);
  };
  const features = async (images: Tensor): Promise<Tensor> => (await run(images, [main.name]))[main.name];
  const { tilesPerRun } = session;
  const givesLast = () => channelsLast === true; // a probe may have shown it
  const runOnDevice =
    tilesPerRun !== undefined &&
    batch === undefined &&
    (await import("./device-plans.ts")).devicePlans(session, { input, main, probe, givesLast, tilesPerRun, traits });
  return Object.assign(features, {
    traits,
    outputs,
    source,
    run,
    dispose: session.dispose,
    ...(preprocessing && { preprocessing }),
    ...(runOnDevice && { runOnDevice }),
  });
}

/** Returns true if the graph gives its maps as [b, h, w, c]; undefined where only a run shows it. */
function hasChannelsLast(shape: ValueInfo["shape"], size: ValueInfo["shape"]): boolean | undefined {
  if (shape.length === 3) return false;
  const numbers = (values: ValueInfo["shape"]) => values.every((value) => typeof value === "number");
  if (shape.length !== 4 || !numbers(shape.slice(1)) || !numbers(size)) return undefined;
  return givesChannelsLast([1, ...(shape.slice(1) as number[])], size as unknown as [number, number]);
}

const toChannelsFirst = ({ dims, data }: Tensor): Tensor => ({ dims: channelsFirst(dims), data: moveChannels(dims, data, true) });

/** Finds the output with the features: the requested one, else the one in the file's metadata, else the only one that can be. */
export function mainOutput({ outputs }: Session, metadata: KnownModel["metadata"], { output, layout }: ModelOptions): ValueInfo {
  const embedded = embeddedTraits(metadata).output;
  const useEmbedded = output === undefined && layout === undefined && outputs.some(({ name }) => name === embedded);
  return pickOutput(outputs, useEmbedded ? { output: embedded } : { output, layout });
}

/** Prefers a file's metadata to config files beside it; their patch size and prefix hold for one output. */
function withEmbedded(
  hints: ConfigHints,
  { imageSize, patchSize, prefixTokens, output }: EmbeddedTraits,
  main: string,
): ConfigHints {
  const holds = output === undefined || output === main;
  return {
    ...hints,
    ...(imageSize && { imageSize }),
    ...(holds && patchSize !== undefined && { patchSize }),
    ...(holds && prefixTokens !== undefined && { prefixTokens: [prefixTokens] }),
  };
}

/** Reads the metadata's preprocessing. @throws S2Error "preprocessing" for invalid ones: ignoring them would give wrong features. */
function embeddedPixels(metadata: Readonly<Record<string, string>>): Preprocessing | undefined {
  if (metadata["s2.preprocessing"] === undefined) return undefined;
  const { mean, std, rescale, filter } = embeddedPreprocessing(metadata) ?? {};
  const fields = { image_mean: mean ?? [], image_std: std ?? [], rescale_factor: rescale ?? 0, resample: filter ?? "" };
  return readPreprocessing({ preprocessor: fields });
}

/** Runs a batch; where the graph's batch is fixed, smaller ones are padded with zeros and the outputs cut. */
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
  if (dims[0] !== fixed) return { dims, data }; // independent of the batch
  return { dims: [batch, ...dims.slice(1)], data: data.slice(0, (data.length / fixed) * batch) };
}
