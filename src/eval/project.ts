/** Features of many scales in as many channels as one has, by a random map: what S² is worth without its width. */
import type { PhotoTokens } from "../heads/index.ts";
import { constant, finishGraph, input, MatMul, newGraph, type OpenGraph, output, writeOnnx } from "../onnx/index.ts";
import { makeRandom, truncatedNormal } from "../tensors/index.ts";

export interface Projection {
  project(tokens: PhotoTokens): Promise<PhotoTokens>;
  close(): Promise<void>;
}

/**
 * A map from `channels` to `width` of normal numbers with deviation 1 / √width, which about keeps distances (Johnson and Lindenstrauss 1984).
 * It knows nothing of the data, so that it cannot learn from them; the best `width` directions would lose less.
 */
export async function openProjection(
  channels: number,
  width: number,
  { openGraph, seed = 1 }: { openGraph: OpenGraph; seed?: number },
): Promise<Projection> {
  const random = makeRandom(seed);
  const data = Float32Array.from({ length: channels * width }, () => truncatedNormal(random, 1 / Math.sqrt(width)));
  const graph = newGraph(17);
  const rows = input(graph, "rows", "float32", ["rows", channels]);
  output(MatMul(rows, constant(graph, "float32", [channels, width], data)), "projected");
  const opened = await openGraph(writeOnnx(finishGraph(graph, "projection")));
  return {
    async project(tokens) {
      const { projected } = await opened.run({
        rows: { dims: [tokens.data.length / channels, channels], data: tokens.data },
      });
      return { ...tokens, data: projected.data as Float32Array, channels: width, widths: [width] };
    },
    close: () => opened.close(),
  };
}
