/** Images made of the golden rows, and losses run on scores alone. */

import type { ImageTokens } from "../../src/features/index.ts";
import type { ScoreLoss } from "../../src/heads/fit-lbfgs.ts";
import { finishGraph, type GraphTensor, input, newGraph, output, writeOnnx } from "../../src/onnx/index.ts";
import { onOneThread } from "./goldens.ts";

/** Rows as the tokens of images of that grid, a [CLS] before each that no dense head may look at. */
export function imagesOf(
  rows: Float32Array,
  channelsPerScale: readonly number[],
  grid: { readonly rows: number; readonly cols: number },
  size: readonly [height: number, width: number],
): ImageTokens[] {
  const channels = channelsPerScale.reduce((sum, width) => sum + width, 0);
  const each = grid.rows * grid.cols * channels;
  return Array.from({ length: Math.floor(rows.length / each) }, (_, i) => {
    const data = new Float32Array(channels + each).fill(1e9, 0, channels);
    data.set(rows.subarray(i * each, (i + 1) * each), channels);
    return { data, channels, prefix: 1, grid, channelsPerScale, size };
  });
}

/** Result of a loss on scores: its value, its gradient, its count. */
export async function lossOf<B>(
  loss: ScoreLoss<B>,
  scores: GraphTensor,
  batch: B,
): Promise<{ loss: number; gradient: Float32Array; count: number }> {
  const graph = newGraph(17);
  const built = loss.build(input(graph, "scores", "float32", [...(loss.leadingInputs ?? ["rows"]), loss.outputs]));
  for (const [name, value] of Object.entries(built)) output(value, name);
  const { features: _, ...feeds } = loss.feeds(batch);
  const opened = await onOneThread(writeOnnx(finishGraph(graph, "loss")));
  const results = await opened.run({ scores, ...feeds });
  await opened.close();
  return {
    loss: Number(results.loss.data[0]),
    gradient: results.gradient.data as Float32Array,
    count: Number(results.count.data[0]),
  };
}
