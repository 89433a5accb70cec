/** The check before a model is used on a device: one fixed tile, its answer and its time against WebAssembly's. */
import { S2Error, type Tensor } from "../../core/index.ts";
import { pickInput } from "../graph.ts";
import type { Size } from "../hub-config.ts";
import type { OnNotice, WebSession } from "./start-worker.ts";

/** Below it an answer is another: float16's rounding stays far above (0.99999 for ViTs). */
const LEAST_COSINE = 0.999;

/** Stripes and waves, the same in every browser: values as normalized images have them, [-2, 2]. */
export function goldenTile(shape: readonly (number | string)[], size: Size): Tensor {
  const [batch, channels, height, width] = shape.map((side, i) => (typeof side === "number" ? side : [1, 3, ...size][i]));
  const data = new Float32Array(batch * channels * height * width);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width)]; // planes one under the other
    data[i] = (((x * 7 + y * 3) % 16) + ((x * y) % 17)) / 8 - 2;
  }
  return { dims: [batch, channels, height, width], data };
}

/** The main output of the test tile. */
interface Answer {
  readonly features: Float32Array;
  /** Of the second run: the first one compiles. */
  readonly ms: number;
}

async function answerOf(session: WebSession, tile: Tensor, output: string): Promise<Answer> {
  const { name } = pickInput(session.inputs);
  await session.run(name, tile, [output]);
  const start = performance.now();
  const outputs = await session.run(name, tile, [output]);
  return { features: outputs[output].data, ms: performance.now() - start };
}

/** WebAssembly's answer. @throws S2Error "runtime" when its features are no numbers. */
export async function checkNumbers(session: WebSession, tile: Tensor, output: string): Promise<Answer> {
  const answer = await answerOf(session, tile, output);
  if (answer.features.every(Number.isFinite)) return answer;
  throw new S2Error(
    "runtime",
    `The model's output "${output}" has values that are no numbers for a plain test tile; export it in float32.`,
  );
}

/** The session to use: WebGPU's where it answers as WebAssembly does (`ours`), and sooner. The other one is disposed of. */
export async function chooseDevice(
  webgpu: WebSession,
  wasm: WebSession,
  ours: Answer,
  tile: Tensor,
  output: string,
  notice: OnNotice,
): Promise<WebSession> {
  const theirs = await answerOf(webgpu, tile, output).catch((error: Error) => error);
  const why = theirs instanceof Error ? { code: "device-failed", message: theirs.message } : objection(theirs, ours);
  const [chosen, other] = why ? [wasm, webgpu] : [webgpu, wasm];
  if (why) notice({ code: why.code, message: `${why.message}; the model runs on WebAssembly` });
  await other.dispose();
  return chosen;
}

function objection(theirs: Answer, ours: Answer): { code: string; message: string } | undefined {
  const likeness = cosine(ours.features, theirs.features);
  // Not "below": NaN is no likeness either.
  if (!(likeness >= LEAST_COSINE))
    return { code: "device-wrong", message: `WebGPU's features of a test tile are others (cosine ${likeness.toFixed(4)})` };
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
