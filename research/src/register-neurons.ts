/** Register neurons (Jiang et al., arXiv 2506.08010): the neurons that make tokens outliers, found on images without labels. */
import type { Tensor } from "s2-vision";
import type { ExperimentContext, ImageModel } from "./context.ts";
import { aboveMedian } from "./outlier-tokens.ts";
import { depthOf, type Neuron, registerVit } from "./register-vit.ts";

/** Neurons that are moved; chosen on training images, where ten leave hardly an outlier and 20 change ordinary tokens too. */
export const NEURONS = 10;
/** Tokens that are longer than this times the median of their tile are taken for outliers. */
const CLEAR = 1.5;

/** Opens a ViT's own graph: `registerVit`, whose outputs have the length before the last norm as their last channel. */
export async function openVit(
  context: ExperimentContext,
  variant: "model" | "other",
  neurons: readonly Neuron[] = [],
): Promise<{ model: ImageModel; close(): Promise<void> }> {
  const { traits, preprocessing, ...weights } = await context.vitWeights(variant);
  const graph = await context.openGraph(registerVit(weights, { neurons }));
  const run = async (images: Tensor): Promise<Tensor> => {
    const { tokens } = await graph.run({ pixel_values: images });
    return { dims: tokens.dims, data: tokens.data as Float32Array };
  };
  return { model: Object.assign(run, { traits: { ...traits, channels: undefined }, preprocessing }), close: () => graph.close() };
}

/** Finds the neurons whose mean absolute value differs most between outliers and other tokens, on every tenth training image of camvid and every third of coco128. */
export async function findNeurons(context: ExperimentContext, variant: "model" | "other"): Promise<Neuron[]> {
  const { traits, preprocessing, ...weights } = await context.vitWeights(variant);
  const graph = await context.openGraph(registerVit(weights, { inspect: true }));
  const depth = depthOf(weights);
  const wide = weights.tensors["blocks.0.mlp.fc1.bias"].dims[0];
  const [outliers, others] = [0, 1].map(() => ({ count: 0, sums: new Float64Array(depth * wide) }));
  const model = async (images: Tensor): Promise<Tensor> => {
    const { tokens, ...inner } = await graph.run({ pixel_values: images });
    const [count, each, width] = tokens.dims;
    for (let tile = 0; tile < count; tile++) {
      const lengthAt = (token: number) => (tokens.data as Float32Array)[(tile * each + token) * width + width - 1];
      const found = aboveMedian(
        Array.from({ length: each - 1 }, (_, i) => lengthAt(i + 1)),
        CLEAR,
      );
      for (const [i, isOutlier] of found.entries()) {
        const { sums } = isOutlier ? outliers : others;
        (isOutlier ? outliers : others).count++;
        for (let block = 0; block < depth; block++) {
          const values = inner[`inner.${block}`].data as Float32Array;
          const from = (tile * each + i + 1) * wide;
          for (let c = 0; c < wide; c++) sums[block * wide + c] += Math.abs(values[from + c]);
        }
      }
    }
    return { dims: tokens.dims, data: tokens.data as Float32Array };
  };
  const sources = [
    ["camvid", "train/images", 10],
    ["coco128", "images/train", 3],
  ] as const;
  for (const [set, under, step] of sources) {
    const folder = context.data(set);
    const images = (await folder.list()).filter((path) => path.startsWith(`${under}/`) && /\.(jpe?g|png)$/.test(path)).sort();
    const some = images.filter((_, i) => i % step === 0);
    const watched = Object.assign(model, { traits: { ...traits, channels: undefined }, preprocessing });
    await context.planned(folder, some, () => ({ scales: [1, 2], fit: "squash" }), watched);
  }
  await graph.close();
  const contrast = outliers.sums.map((sum, i) => sum / Math.max(1, outliers.count) - others.sums[i] / others.count);
  const order = [...contrast.keys()].sort((a, b) => contrast[b] - contrast[a]).slice(0, NEURONS);
  return order.map((i) => ({ block: Math.floor(i / wide), channel: i % wide }));
}

export const neuronNames = (neurons: readonly Neuron[]): string =>
  neurons.map(({ block, channel }) => `${block}.${channel}`).join(", ");
