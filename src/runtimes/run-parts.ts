/** A batch of images through a model's session, a few at a time where that is faster. Platform-free. */

import type { Tensor } from "../core/index.ts";
import { channelsLast, moveChannels, takesChannelsLast } from "../onnx/image-input.ts";
import type { GraphTensor } from "../onnx/index.ts";
import { toFloat16 } from "../tensors/float16.ts";
import type { RunRequest } from "./messages.ts";
import type { MakeTensor, OrtSession, OrtValue } from "./ort.ts";
import { toFloat32 } from "./ort.ts";

/**
 * Images that the graph sees at a time, at most. The activations of more do not fit the caches: 27.1 ms a tile in twos to fours, 28.2 in nines,
 * 32.6 in 28s (DeiT-Tiny, one thread, Node); and they take memory, which WebAssembly never gives back.
 */
const together = 4;

/** The outputs asked for, in float32. `onCpu`: only there parts are better. */
export async function runParts(
  session: OrtSession,
  makeTensor: MakeTensor,
  { dims, data, input, outputs }: RunRequest,
  onCpu: boolean,
): Promise<Record<string, Tensor>> {
  const [batch, ...rest] = dims;
  const size = data.length / batch;
  const value = session.inputMetadata.find(({ name }) => name === input);
  const runs = onCpu && !hasFixedBatch(value) ? Math.ceil(batch / together) : 1;
  const step = Math.ceil(batch / runs); // nine are three times three, not 4 + 4 + 1
  const parts: Record<string, Tensor>[] = [];
  for (let from = 0; from < batch; from += step) {
    const count = Math.min(step, batch - from);
    const part = { dims: [count, ...rest], data: data.subarray(from * size, (from + count) * size) };
    const images = makeTensor(value ? asTaken(value, part) : part);
    const results = await session.run({ [input]: images }, outputs);
    parts.push(Object.fromEntries(outputs.map((name) => [name, toFloat32(results[name])])));
  }
  const joined = (name: string) =>
    joinParts(
      parts.map((part) => part[name]),
      step,
    );
  return Object.fromEntries(outputs.map((name) => [name, joined(name)]));
}

function hasFixedBatch(value: OrtValue | undefined): boolean {
  return value?.isTensor === true && typeof value.shape[0] === "number";
}

/** Images [b, c, h, w] as the graph's input takes them: its order of axes, its floats. */
function asTaken(value: OrtValue, { dims, data }: { dims: readonly number[]; data: Float32Array }): GraphTensor {
  if (!value.isTensor) return { dims, data };
  const turned = takesChannelsLast(value.shape) ? { dims: channelsLast(dims), data: moveChannels(dims, data) } : { dims, data };
  return value.type === "float16" ? { dims: turned.dims, data: toFloat16(turned.data) } : turned;
}

/** Outputs of parts of a batch as one; one that has nothing to do with the batch is the same in every part. */
function joinParts(parts: readonly Tensor[], step: number): Tensor {
  const [first, second] = parts;
  if (!second || first.dims[0] !== step) return first;
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { dims: [parts.reduce((sum, { dims }) => sum + dims[0], 0), ...parts[0].dims.slice(1)], data };
}
