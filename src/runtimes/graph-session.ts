/** Runs a graph on plain tensors; with a state, its outputs `next/NAME` are fed back as NAME, in the runtime's own buffers. */
import type { GraphTensor } from "../onnx/index.ts";
import type { Tensors } from "./messages.ts";
import type { MakeTensor, OrtSession, OrtTensor } from "./ort.ts";

export function graphSession(session: OrtSession, makeTensor: MakeTensor, state: Tensors = {}) {
  const toLibrary = (given: Tensors) => mapValues(given, makeTensor);
  const held = toLibrary(state);
  return {
    /** Runs once; returns the outputs that are not state. */
    async run(feeds: Tensors): Promise<Record<string, GraphTensor>> {
      const results = await session.run({ ...held, ...toLibrary(feeds) });
      const others: Record<string, OrtTensor> = {};
      for (const [name, value] of Object.entries(results)) {
        const fed = name.startsWith("next/") ? name.slice("next/".length) : undefined;
        if (fed !== undefined && fed in held) held[fed] = value;
        else others[name] = value;
      }
      return mapValues(others, plain);
    },
    state: (): Record<string, GraphTensor> => mapValues(held, plain),
  };
}

const plain = ({ dims, data }: OrtTensor): GraphTensor => ({ dims, data: data as GraphTensor["data"] });

function mapValues<A, B>(given: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, change(value)]));
}
