/** Features of a small model at one to three scales, and controls with as many channels but with nothing of the finer scales. */
import { joinScales, takeScales } from "s2-vision/tasks";
import { type ExperimentContext, scaleName } from "../context.ts";
import { type ImageFeatures, mapAll } from "../evaluate.ts";
import { fitProjection, projectFeatures } from "../project.ts";

export const SEED = 1;
/** Scales of S², and views of the control. */
export const COUNTS = [1, 2, 3];
/** Features of more channels are not reduced to principal components, which takes long. */
const MAX_PRINCIPAL = 256;

/** Features by name, made when they are needed, since all together would fill the memory. */
export interface System {
  readonly name: string;
  make(): Promise<ImageFeatures>;
}

export const viewsName = (count: number): string => `${count} views at 1x`;
export const randomName = (count: number): string => `1x and random features, ${count} times as wide`;
export const PRINCIPAL = "1x+2x+3x, principal components, as wide as 1x";

/** A system and the controls that it must be compared with, by name. */
export const CONTROLS: readonly { readonly system: string; readonly controls: readonly string[] }[] = [2, 3].map((count) => ({
  system: scaleName(count),
  controls: [viewsName(count), randomName(count)],
}));

/** Names the systems of a model of this many channels, in the order of `systemsOf`. */
export const systemNames = (channels: number): string[] => [
  ...COUNTS.map(scaleName),
  ...[2, 3].map(viewsName),
  ...[2, 3].map(randomName),
  ...(channels <= MAX_PRINCIPAL ? [PRINCIPAL] : []),
];

/**
 * Lists the systems of a small model from its features at three scales and of three views. Projections are fitted to the features of the
 * training photos alone.
 */
export function systemsOf(
  context: ExperimentContext,
  { scales, views, train }: { scales: ImageFeatures; views: ImageFeatures; train: readonly string[] },
): System[] {
  const first = (features: ImageFeatures, count: number) =>
    mapAll(features, (tokens) => takeScales(tokens, [...Array(count).keys()]));
  const one = first(scales, 1);
  const [{ channels }] = one.values();
  const { openGraph } = context;
  const rowsOf = (features: ImageFeatures) => train.flatMap((key) => features.get(key)?.data ?? []);
  const making: Record<string, () => Promise<ImageFeatures>> = {};
  for (const count of COUNTS) making[scaleName(count)] = async () => first(scales, count);
  for (const count of [2, 3]) {
    making[viewsName(count)] = async () => first(views, count);
    making[randomName(count)] = () => widened(one, rowsOf(one), (count - 1) * channels, context);
  }
  making[PRINCIPAL] = async () => {
    const shared = { openGraph, seed: SEED, channels: COUNTS.length * channels, width: channels };
    return projectFeatures(scales, await fitProjection("principal", rowsOf(scales), shared), openGraph);
  };
  return systemNames(channels).map((name) => ({ name, make: making[name] }));
}

/** Joins `more` channels to features that are rectified random projections of them, which a linear map cannot make. */
async function widened(
  one: ImageFeatures,
  rows: readonly Float32Array[],
  more: number,
  { openGraph }: ExperimentContext,
): Promise<ImageFeatures> {
  const [{ channels }] = one.values();
  let joined = one;
  // A projection has fewer outputs than inputs, so that several are needed.
  for (let drawn = 0, seed = SEED; drawn < more; seed++) {
    const width = Math.min(channels - 1, more - drawn);
    const map = await fitProjection("random", rows, { channels, width, openGraph, seed });
    const extra = await projectFeatures(one, map, openGraph, { rectify: true });
    joined = new Map([...joined].map(([image, tokens]) => [image, joinScales([tokens, extra.get(image)!])]));
    drawn += width;
  }
  return mapAll(joined, (tokens) => ({ ...tokens, channelsPerScale: [channels, more] }));
}

/** Counts the channels of features. */
export function channelsOf(features: ImageFeatures): number {
  const [{ channels }] = features.values();
  return channels;
}
