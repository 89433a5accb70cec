/** The check before a model is used on a device: one fixed tile, its answer and its time against WebAssembly's. */
import { S2Error, type Tensor } from "../../core/index.ts";
import { isFloat, pickInput } from "../graph.ts";
import type { Size } from "../hub-config.ts";
import type { OnNotice } from "./notice.ts";
import type { WebSession } from "./session.ts";

/** Below it an answer is another: float16's rounding stays far above (0.99999 for ViTs). */
const LEAST_COSINE = 0.999;

/** Stripes and waves, the same in every browser: values as normalised photos have them, [-2, 2]. */
export function goldenTile(shape: readonly (number | string)[], size: Size): Tensor {
  const [batch, channels, height, width] = shape.map((side, i) => (typeof side === "number" ? side : [1, 3, ...size][i]));
  const data = new Float32Array(batch * channels * height * width);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width)]; // planes one under the other
    data[i] = (((x * 7 + y * 3) % 16) + ((x * y) % 17)) / 8 - 2;
  }
  return { dims: [batch, channels, height, width], data };
}

interface Answer {
  readonly outputs: Record<string, Tensor>;
  /** Of the second run: the first one compiles. */
  readonly ms: number;
}

async function answerOf(session: WebSession, tile: Tensor): Promise<Answer> {
  const { name } = pickInput(session.inputs);
  const names = session.outputs.filter(isFloat).map((output) => output.name);
  await session.run(name, tile, names);
  const start = performance.now();
  const outputs = await session.run(name, tile, names);
  return { outputs, ms: performance.now() - start };
}

/** @throws S2Error "runtime" when the tile's features are no numbers. */
export async function checkNumbers(session: WebSession, tile: Tensor): Promise<void> {
  const { outputs } = await answerOf(session, tile);
  for (const [name, { data }] of Object.entries(outputs)) {
    if (data.every(Number.isFinite)) continue;
    throw new S2Error(
      "runtime",
      `The model's output "${name}" has values that are no numbers for a plain test tile; export it in float32.`,
    );
  }
}

/** The one of the two sessions to use; the other is disposed of. WebGPU's is kept when it answers as WebAssembly does, and sooner. */
export async function chooseDevice(webgpu: WebSession, wasm: WebSession, tile: Tensor, notice: OnNotice): Promise<WebSession> {
  const ours = await answerOf(wasm, tile);
  const theirs = await answerOf(webgpu, tile).catch((error: Error) => error);
  const why = theirs instanceof Error ? { code: "device-failed", message: theirs.message } : objection(theirs, ours);
  const [chosen, other] = why ? [wasm, webgpu] : [webgpu, wasm];
  if (why) notice({ code: why.code, message: `${why.message}; the model runs on WebAssembly` });
  await other.dispose();
  return chosen;
}

function objection(theirs: Answer, ours: Answer): { code: string; message: string } | undefined {
  for (const [name, output] of Object.entries(ours.outputs)) {
    const likeness = cosine(output.data, theirs.outputs[name].data);
    if (likeness >= LEAST_COSINE) continue; // false for NaN
    return { code: "device-wrong", message: `WebGPU's "${name}" of a test tile is another (cosine ${likeness.toFixed(4)})` };
  }
  if (theirs.ms <= ours.ms) return undefined;
  const [slow, fast] = [theirs.ms, ours.ms].map(Math.round);
  return { code: "device-slow", message: `WebGPU needs ${slow} ms for a test tile, WebAssembly ${fast} ms` };
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return aa === 0 && bb === 0 ? 1 : ab / Math.sqrt(aa * bb);
}
