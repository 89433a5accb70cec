/** Checks a model on WebGPU against WebAssembly: the features of one test tile and the time. */
import { S2Error, type Tensor } from "../../core/index.ts";
import { pickInput } from "../graph.ts";
import type { Size } from "../hub-config.ts";
import type { OnNotice, WebSession } from "./start-worker.ts";

/** Features below this cosine similarity count as different; float16's rounding stays far above (0.99999 for ViTs). */
const MIN_COSINE = 0.999;

/** Makes a tile of stripes and waves, the same in every browser, with the values of normalized images, [-2, 2]. */
export function testTile(shape: readonly (number | string)[], size: Size): Tensor {
  const [batch, channels, height, width] = shape.map((side, i) => (typeof side === "number" ? side : [1, 3, ...size][i]));
  const data = new Float32Array(batch * channels * height * width);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width)]; // planes one under the other
    data[i] = (((x * 7 + y * 3) % 16) + ((x * y) % 17)) / 8 - 2;
  }
  return { dims: [batch, channels, height, width], data };
}

type TileResult = Awaited<ReturnType<typeof runTile>>;

/** Returns the main output for the test tile and the time of the second run: the first one compiles. */
async function runTile(session: WebSession, tile: Tensor, output: string) {
  const { name } = pickInput(session.inputs);
  await session.run(name, tile, [output]);
  const start = performance.now();
  const outputs = await session.run(name, tile, [output]);
  return { features: outputs[output].data, ms: performance.now() - start };
}

/** Runs the tile on WebAssembly. @throws S2Error "runtime" when its features are not finite. */
export async function checkNumbers(session: WebSession, tile: Tensor, output: string): Promise<TileResult> {
  const answer = await runTile(session, tile, output);
  if (answer.features.every(Number.isFinite)) return answer;
  throw new S2Error(
    "runtime",
    `The model's output "${output}" has values that are not finite for a plain test tile; export it in float32.`,
  );
}

/** Chooses WebGPU's session where it gives WebAssembly's features (`expected`), and sooner. The other session is disposed of. */
export async function chooseDevice(
  webgpu: WebSession,
  wasm: WebSession,
  expected: TileResult,
  tile: Tensor,
  output: string,
  notice: OnNotice,
): Promise<WebSession> {
  const got = await runTile(webgpu, tile, output).catch((error: Error) => error);
  const why = got instanceof Error ? { code: "device-failed", message: got.message } : objection(got, expected);
  const [chosen, other] = why ? [wasm, webgpu] : [webgpu, wasm];
  if (why) notice({ code: why.code, message: `${why.message}; the model runs on WebAssembly` });
  await other.dispose();
  return chosen;
}

function objection(got: TileResult, expected: TileResult): { code: string; message: string } | undefined {
  const similarity = cosine(expected.features, got.features);
  // Not "below": NaN counts as different.
  if (!(similarity >= MIN_COSINE))
    return { code: "device-wrong", message: `WebGPU's features of a test tile differ (cosine ${similarity.toFixed(4)})` };
  if (got.ms <= expected.ms) return undefined;
  const [slow, fast] = [got.ms, expected.ms].map(Math.round);
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
