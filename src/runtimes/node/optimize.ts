/** `optimize`: a file with faster operators in place of those that exporters write out, if one tile shows that it is faster here and gives the same. */

import type { Tensor } from "../../core/index.ts";
import { channelsLast, fuseAttention, readOnnx, writeOnnx } from "../../onnx/index.ts";
import type { ImageInput, ValueInfo } from "../graph.ts";
import type { Optimization } from "../model.ts";
import type { Session } from "../session.ts";
import type { LocatedModel } from "./locate.ts";
import { openOnnx } from "./onnx-files.ts";
import { type SessionOptions, startSession } from "./session.ts";

/** Largest difference over the largest value: what another order of additions makes. */
const alike = 1e-4;
const rounds = 5;

/** The faster of the session and one of the optimized file; the other is disposed of. */
export async function optimize(
  plain: Session,
  { model, source }: LocatedModel,
  { input, main, size }: { input: ImageInput; main: string; size: readonly [number, number] },
  options: SessionOptions,
): Promise<{ session: Session; optimization: Optimization }> {
  const [batch, channels] = input.shape.map((side) => (typeof side === "number" ? side : undefined));
  const dims = [batch ?? 1, channels ?? 3, ...size];
  const proto = typeof model === "string" ? openOnnx(model) : readOnnx(model);
  const { model: fused, attentions } = fuseAttention(proto, { [input.name]: input.channelsLast ? channelsLast(dims) : dims });
  if (attentions === 0) return { session: plain, optimization: { attentions, difference: 0, time: 1, used: false } };
  const faster = await startSession(writeOnnx(fused), source, options);
  try {
    return await fasterOf(plain, faster, { attentions, input, main, dims });
  } catch (error) {
    await faster.dispose();
    throw error;
  }
}

/** Measures both on one tile and disposes of the one that is not used. */
async function fasterOf(
  plain: Session,
  faster: Session,
  { attentions, input, main, dims }: { attentions: number; input: ValueInfo; main: string; dims: readonly number[] },
): Promise<{ session: Session; optimization: Optimization }> {
  const tile = { dims, data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 0.013)) };
  const run = async (session: Session) => {
    const start = performance.now();
    const outputs = await session.run(input.name, tile, [main]);
    return { output: outputs[main], ms: performance.now() - start };
  };
  const difference = relative((await run(plain)).output, (await run(faster)).output); // and both are warm
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = (await run(plain)).ms;
    times.push((await run(faster)).ms / before);
  }
  const time = times.sort((a, b) => a - b)[rounds >> 1];
  const used = difference <= alike && time < 1;
  await (used ? plain : faster).dispose();
  return { session: used ? faster : plain, optimization: { attentions, difference, time, used } };
}

function relative(a: Tensor, b: Tensor): number {
  let [gap, largest] = [0, 0];
  for (let i = 0; i < a.data.length; i++) {
    gap = Math.max(gap, Math.abs(a.data[i] - b.data[i]));
    largest = Math.max(largest, Math.abs(a.data[i]));
  }
  return gap / (largest || 1);
}
