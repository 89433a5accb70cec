/** Features of a model's output at three scales and of three views, kept from run to run: vectors of whole photos, or tokens of the grid. */
import type { ImageTokens } from "s2-vision/heads";
import { readSafetensors, writeSafetensors } from "s2-vision/node";
import { imageVector } from "s2-vision/tasks";
import { type ExperimentContext, native } from "../context.ts";
import type { ImageFeatures, TaskData } from "../evaluate.ts";
import { withViews } from "../shifted-views.ts";
import type { OpenedModel } from "./pairs.ts";
import { type Extraction, extractReduced, photosOf } from "./photos.ts";
import { COUNTS } from "./systems.ts";

const FOLDER = "capacity-features";

/** Features of a small model: three scales, and three views at one scale. */
export interface SmallFeatures {
  readonly scales: ImageFeatures;
  readonly views: ImageFeatures;
}

/** Lists how a small model's stage is extracted: three scales, then three views. */
export function smallExtractions({ model }: OpenedModel["stages"][number]): [scales: Extraction, views: Extraction] {
  const views = withViews(model, COUNTS.length, model.traits.patchSize!);
  return [
    { model, config: native(...COUNTS) },
    { model: views, config: native(1) },
  ];
}

/** The channels of views are kept apart as those of scales are. */
export const asScales = (tokens: ImageTokens): ImageTokens => ({
  ...tokens,
  channelsPerScale: COUNTS.map(() => tokens.channels / COUNTS.length),
});

/** Extracts the output of a small model on a set's photos, or reads what a former run kept. */
export async function smallFeatures(context: ExperimentContext, task: TaskData, model: OpenedModel): Promise<SmallFeatures> {
  const [scales, views] = smallExtractions(model.stages.at(-1)!);
  return {
    scales: await keptFeatures(context, task, model, "scales", scales),
    views: await keptFeatures(context, task, model, "views", views),
  };
}

/** Extracts the output of a larger model at one scale. */
export const largeFeatures = (context: ExperimentContext, task: TaskData, model: OpenedModel): Promise<ImageFeatures> =>
  keptFeatures(context, task, model, "1x", { model: model.stages.at(-1)!.model, config: native(1) });

async function keptFeatures(
  context: ExperimentContext,
  task: TaskData,
  { path, name, sha256 }: OpenedModel,
  kind: "scales" | "views" | "1x",
  extraction: Extraction,
): Promise<ImageFeatures> {
  const photos = photosOf([task]);
  const store = context.checkpoints(FOLDER);
  const file = `${path}/${task.folder.name}-${kind}.safetensors`;
  const of = JSON.stringify({ sha256, kind, photos: photos.map(({ key }) => key) });
  const kept = await store.read(file);
  const found = kept && unpack(kept, of);
  if (found) return found;
  context.say(`${name}, ${kind}: features of ${photos.length} images of ${task.folder.name}`);
  const reduce = (tokens: ImageTokens): ImageTokens => {
    const each = kind === "views" ? asScales(tokens) : tokens;
    if (task.set.task !== "classification") return { ...each, data: each.data.slice(each.prefix * each.channels), prefix: 0 };
    return { ...each, data: imageVector(each, "mean"), prefix: 0, grid: { rows: 1, cols: 1 } };
  };
  const [features] = await extractReduced(context, photos, [extraction], reduce);
  await store.write(file, pack(features, of));
  return features;
}

/** Writes features whose grids are alike. */
function pack(features: ImageFeatures, of: string): Uint8Array {
  const all = [...features.values()];
  const [{ channels, grid, channelsPerScale }] = all;
  const data = new Float32Array(all.reduce((sum, tokens) => sum + tokens.data.length, 0));
  for (const [i, tokens] of all.entries()) data.set(tokens.data, i * tokens.data.length);
  const images = [...features].map(([key, { size }]) => [key, size]);
  const dims = [all.length, data.length / all.length / channels, channels];
  const metadata = { of, images: JSON.stringify(images), shape: JSON.stringify({ channels, grid, channelsPerScale }) };
  return writeSafetensors({ features: { dtype: "F32", dims, data } }, metadata);
}

function unpack(bytes: Uint8Array, of: string): ImageFeatures | undefined {
  const { tensors, metadata } = readSafetensors(bytes);
  if (metadata.of !== of) return undefined;
  const shape = JSON.parse(metadata.shape) as Pick<ImageTokens, "channels" | "grid" | "channelsPerScale">;
  const images = JSON.parse(metadata.images) as [key: string, size: ImageTokens["size"]][];
  const data = tensors.features.data as Float32Array;
  const each = data.length / images.length;
  return new Map(
    images.map(([key, size], i) => [key, { ...shape, size, prefix: 0, data: data.subarray(i * each, (i + 1) * each) }]),
  );
}
