/** Runs a batch of images through a model's session, a few at a time where that is faster. Platform-free. */
import type { Tensor } from "../core/index.ts";
import { channelsLast, moveChannels, takesChannelsLast } from "../onnx/image-input.ts";
import type { GraphTensor } from "../onnx/index.ts";
import { toFloat16 } from "../tensors/float16.ts";
import { joinArrays } from "../tensors/join-arrays.ts";
import type { RunRequest } from "./messages.ts";
import type { MakeTensor, OrtSession, OrtValue } from "./ort.ts";
import { toFloat32 } from "./ort.ts";

/**
 * Maximum number of images per run. The activations of more do not fit the caches: 27.1 ms per tile in twos to fours, 28.2 in nines,
 * 32.6 in 28s (DeiT-Tiny, one thread, Node); and they take memory, which WebAssembly never gives back.
 */
const MAX_IMAGES = 4;

/** Returns the requested outputs in float32. The batch is split only on the CPU, where that is faster. */
export async function runParts(
  session: OrtSession,
  makeTensor: MakeTensor,
  { dims, data, input, outputs }: RunRequest,
  onCpu: boolean,
): Promise<Record<string, Tensor>> {
  const [batch, ...rest] = dims;
  const size = data.length / batch;
  const value = session.inputMetadata.find(({ name }) => name === input);
  const isFixed = value?.isTensor && typeof value.shape[0] === "number";
  const runs = onCpu && !isFixed ? Math.ceil(batch / MAX_IMAGES) : 1;
  const step = Math.ceil(batch / runs); // nine are three times three, not 4 + 4 + 1
  const results: Record<string, Tensor>[] = [];
  for (let from = 0; from < batch; from += step) {
    const count = Math.min(step, batch - from);
    const images = { dims: [count, ...rest], data: data.subarray(from * size, (from + count) * size) };
    const result = await session.run({ [input]: makeTensor(value ? toInputType(value, images) : images) }, outputs);
    results.push(Object.fromEntries(outputs.map((name) => [name, toFloat32(result[name])])));
  }
  return Object.fromEntries(outputs.map((name) => [name, join(results, name, step)]));
}

/** Converts images [b, c, h, w] to the order of axes and the float type of the graph's input. */
function toInputType(value: OrtValue, { dims, data }: { dims: readonly number[]; data: Float32Array }): GraphTensor {
  if (!value.isTensor) return { dims, data };
  const turned = takesChannelsLast(value.shape) ? { dims: channelsLast(dims), data: moveChannels(dims, data) } : { dims, data };
  return value.type === "float16" ? { dims: turned.dims, data: toFloat16(turned.data) } : turned;
}

/** Joins an output of several runs; one that does not depend on the batch is the same in every run. */
function join(results: readonly Record<string, Tensor>[], name: string, step: number): Tensor {
  const outputs = results.map((result) => result[name]);
  const [first, second] = outputs;
  if (!second || first.dims[0] !== step) return first;
  const data = outputs.map((output) => output.data);
  const count = outputs.reduce((sum, { dims }) => sum + dims[0], 0);
  return { dims: [count, ...first.dims.slice(1)], data: joinArrays(Float32Array, data) };
}
