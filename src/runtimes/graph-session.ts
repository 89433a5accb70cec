/** Runs a graph on plain tensors; with a state, its outputs `next/NAME` are fed back as NAME, in the runtime's own buffers. */
import type { GraphTensor } from "../onnx/index.ts";
import type { Tensors } from "./messages.ts";
import type { MakeTensor, OrtSession, OrtTensor } from "./ort.ts";

/** Copies a tensor from a graphics card's memory. */
export type Download = (tensor: OrtTensor) => Promise<OrtTensor["data"]>;

/** The outputs that are fed back: the input's name after it. */
const fedBack = "next/";

/** A session may leave the state on its device; `download` is then needed for `state`. */
export function graphSession(session: OrtSession, makeTensor: MakeTensor, state: Tensors = {}, download?: Download) {
  const toLibrary = (given: Tensors) => mapValues(given, makeTensor);
  const held = toLibrary(state);
  const plain = async (tensor: OrtTensor): Promise<GraphTensor> => {
    const data = isOnDevice(tensor) ? await download!(tensor) : tensor.data;
    return { dims: tensor.dims, data: data as GraphTensor["data"] };
  };
  const allPlain = async (given: Record<string, OrtTensor>) => {
    const found: Record<string, GraphTensor> = {};
    for (const [name, tensor] of Object.entries(given)) found[name] = await plain(tensor); // one after the other: a session runs once at a time
    return found;
  };
  const started: Record<string, OrtTensor>[] = [];
  /** Runs once and keeps the outputs that are not state. */
  const start = async (feeds: Tensors): Promise<void> => {
    const results = await session.run({ ...held, ...toLibrary(feeds) });
    const others: Record<string, OrtTensor> = {};
    for (const [name, value] of Object.entries(results)) {
      const fed = name.startsWith(fedBack) ? name.slice(fedBack.length) : undefined;
      if (fed === undefined || !(fed in held)) others[name] = value;
      else {
        free(held[fed]);
        held[fed] = value;
      }
    }
    started.push(others);
  };
  const read = async (outputs: Record<string, OrtTensor>) => {
    const found = await allPlain(outputs);
    for (const tensor of Object.values(outputs)) free(tensor);
    return found;
  };
  return {
    session,
    start,
    /** Runs once; returns the outputs that are not state. */
    async run(feeds: Tensors): Promise<Record<string, GraphTensor>> {
      await start(feeds);
      return read(started.pop()!);
    },
    /** Returns the outputs of the runs that were started. */
    async outputs(): Promise<Record<string, GraphTensor>[]> {
      const found: Record<string, GraphTensor>[] = [];
      for (const outputs of started.splice(0)) found.push(await read(outputs));
      return found;
    },
    state: (): Promise<Record<string, GraphTensor>> => allPlain(held),
    /** Frees the session and the state on its device. */
    async release(): Promise<void> {
      for (const tensor of [held, ...started].flatMap(Object.values<OrtTensor>)) free(tensor);
      await session.release();
    },
  };
}

const isOnDevice = ({ location }: OrtTensor): boolean => location === "gpu-buffer";

/** Returns the memory to the device at once; the garbage collector does not know how much there is. */
function free(tensor: OrtTensor): void {
  if (isOnDevice(tensor)) tensor.dispose!();
}

function mapValues<A, B>(given: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, change(value)]));
}
