/** Serves requests in a thread or worker: loads ONNX Runtime, then a model or graphs, and runs them. Platform-free. */
import { graphSession } from "./graph-session.ts";
import type { Answer, Failed, OpenRequest, Request, RuntimeSettings } from "./messages.ts";
import { type MakeTensor, type OrtSession, type TensorClass, tensorMaker, valueInfo } from "./ort.ts";
import { runParts } from "./run-parts.ts";

/** The part of onnxruntime-node and onnxruntime-web that is used. */
interface Library {
  readonly env: { logLevel?: string; readonly wasm?: { readonly numThreads?: number } };
  readonly Tensor: TensorClass;
  readonly InferenceSession: { create(file: Uint8Array, options: object): Promise<OrtSession> };
}

export interface Platform {
  importLibrary(settings: RuntimeSettings): Promise<Library>;
  /** Options of a session; without a device for a graph, which runs on the CPU. */
  sessionOptions(threads: number, device?: string): object;
}

/** Returns the function that answers one request; it never rejects. */
export function makeServer({ importLibrary, sessionOptions }: Platform): (request: Request) => Promise<Answer> {
  let library: Library;
  let makeTensor: MakeTensor;
  let threads = 1;
  let model: { session: OrtSession; onCpu: boolean } | undefined;
  const graphs = new Map<number, { session: OrtSession; graph: ReturnType<typeof graphSession> }>();

  /** Called once per thread: the library reads its settings when it creates its first session, and never again. */
  const start = async (settings: RuntimeSettings) => {
    library = await importLibrary(settings);
    library.env.logLevel = "fatal"; // what it logs it also throws
    makeTensor = tensorMaker(library.Tensor);
    threads = settings.threads;
  };

  const create = async (file: string | Uint8Array, device?: string) => {
    const session = await library.InferenceSession.create(file as Uint8Array, sessionOptions(threads, device));
    const [inputs, outputs] = [session.inputMetadata.map(valueInfo), session.outputMetadata.map(valueInfo)];
    const used = library.env.wasm?.numThreads ?? threads; // onnxruntime-web lowers it where it cannot have as many
    return { session, ready: { kind: "ready", device: device ?? "cpu", threads: used, missing: [], inputs, outputs } as const };
  };

  const open = async (request: OpenRequest): Promise<Answer> => {
    if (request.kind === "open") {
      const { session, ready } = await create(request.file);
      graphs.set(request.graph, { session, graph: graphSession(session, makeTensor, request.state) });
      return ready;
    }
    const missing: { device: string; reason: string }[] = [];
    for (const device of request.devices) {
      const onCpu = device === "cpu" || device === "wasm";
      for (const file of !onCpu && request.half ? [request.half, request.model] : [request.model]) {
        try {
          const { session, ready } = await create(file, device);
          model = { session, onCpu };
          return { ...ready, missing };
        } catch (error) {
          missing.push({ device: file === request.half ? `${device} in float16` : device, reason: messageOf(error) });
        }
      }
    }
    throw new Error(missing.at(-1)?.reason);
  };

  const run = async (request: Exclude<Request, OpenRequest>): Promise<Answer> => {
    switch (request.kind) {
      case "run":
        return { kind: "done", outputs: await runParts(model!.session, makeTensor, request, model!.onCpu) };
      case "feed":
        return { kind: "fed", outputs: await graphs.get(request.graph)!.graph.run(request.feeds) };
      case "state":
        return { kind: "fed", outputs: graphs.get(request.graph)!.graph.state() };
      case "close":
        await graphs.get(request.graph)?.session.release();
        graphs.delete(request.graph);
        return { kind: "fed", outputs: {} };
      case "stop":
        for (const { session } of [...graphs.values(), ...(model ? [model] : [])]) await session.release();
        return { kind: "fed", outputs: {} };
    }
  };

  return async (request) => {
    let stage: Failed["stage"] = "run";
    try {
      if (request.kind !== "load" && request.kind !== "open") return await run(request);
      stage = "import";
      if (request.settings) await start(request.settings);
      stage = "create";
      return await open(request);
    } catch (error) {
      return { kind: "failed", stage, message: messageOf(error), code: (error as { code?: string }).code };
    }
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Buffers of an answer that move to the caller: a model's outputs are copies of the library's, a graph's state stays. */
export function movableBuffers(answer: Answer): ArrayBuffer[] {
  if (answer.kind !== "done") return [];
  return [...new Set(Object.values(answer.outputs).map(({ data }) => data.buffer as ArrayBuffer))];
}
