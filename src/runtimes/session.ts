/** A model's session in a thread of its own, and the guard that closes a model or graph once. Platform-free. */
import { S2Error, type Tensor } from "../core/index.ts";
import type { ValueInfo } from "./graph.ts";
import type { Line } from "./line.ts";
import type { Answer, Ready, Request } from "./messages.ts";
import { isProcessor, reasonOf } from "./ort.ts";

/** Tiles in one run on a device: between 14 and 56, where ViT-Base ran fastest on an H100. */
const TILES_PER_RUN = 28;

export interface Session {
  /** "cpu", "webgpu" and so on. */
  readonly device: string;
  /** The most tiles of one run where plans run as a whole: on every device but the processor. A test has it there too. */
  readonly tilesPerRun?: number;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  run(input: string, images: Tensor, outputs: readonly string[]): Promise<Record<string, Tensor>>;
  /** Sends another request to the session's thread. @throws S2Error "runtime" when it fails. */
  ask(request: Request, transfer?: ArrayBuffer[]): Promise<Answer>;
  dispose(): Promise<void>;
}

/** Makes a session of a thread that has loaded its model. */
export function openSession(line: Line<Request, Answer>, { device, inputs, outputs }: Ready): Session {
  const { call, close } = closing("model", () => line.end());
  return {
    device,
    ...(!isProcessor(device) && { tilesPerRun: TILES_PER_RUN }),
    inputs,
    outputs,
    async run(input, images, names) {
      const answer = await call(() => {
        const data = new Float32Array(images.data); // a copy to transfer: the caller's images stay usable
        return line.ask({ kind: "run", input, dims: [...images.dims], data, outputs: names }, [data.buffer]);
      });
      if (answer.kind === "done") return answer.outputs;
      const reason = answer.kind === "failed" ? reasonOf(answer) : "its thread sent another answer";
      throw new S2Error("runtime", `ONNX Runtime failed on images of shape [${images.dims.join(", ")}]: ${reason}.`);
    },
    async ask(request, transfer) {
      const answer = await call(() => line.ask(request, transfer));
      if (answer.kind === "failed") throw new S2Error("runtime", `ONNX Runtime failed on a plan: ${reasonOf(answer)}.`);
      return answer;
    },
    dispose: close,
  };
}

const advice = {
  model: "The model was disposed of and cannot run; dispose of it after its last run, or load it again.",
  graph: "The graph was closed and cannot run; open it again.",
} as const;

/** Guards the calls to a model or a graph that `end` frees. @throws S2Error "disposed" from `call` once `close` was called. */
export function closing(target: keyof typeof advice, end: () => Promise<void>) {
  const running = new Set<Promise<unknown>>();
  let ended: Promise<void> | undefined;
  return {
    async call<T>(start: () => Promise<T>): Promise<T> {
      if (ended) throw new S2Error("disposed", advice[target]);
      const work = start();
      running.add(work);
      try {
        return await work;
      } finally {
        running.delete(work);
      }
    },
    /** Returns the same promise on every call. */
    close(): Promise<void> {
      ended ??= Promise.allSettled(running).then(end);
      return ended;
    },
  };
}
