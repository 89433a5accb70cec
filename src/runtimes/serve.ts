/** Serves requests in a thread or worker: loads ONNX Runtime, then a model or graphs, and runs them. Platform-free. */
import { type Download, graphSession } from "./graph-session.ts";
import type { Answer, Failed, OpenRequest, PlanRequest, Request, RuntimeSettings, Tensors } from "./messages.ts";
import {
  isProcessor,
  type MakeTensor,
  type OrtSession,
  type OrtTensor,
  type TensorClass,
  tensorMaker,
  valueInfo,
} from "./ort.ts";
import { runParts } from "./run-parts.ts";
import { runPlan } from "./run-plan.ts";

/** The part of onnxruntime-node and onnxruntime-web that is used. */
interface Library {
  readonly env: { logLevel?: string; readonly wasm?: { readonly numThreads?: number } };
  readonly Tensor: TensorClass;
  readonly InferenceSession: { create(file: Uint8Array, options: object): Promise<OrtSession> };
}

export interface Platform {
  importLibrary(settings: RuntimeSettings): Promise<Library>;
  /** Options of a session; without a device for a graph on the CPU. `strict` refuses operators that the device does not have. */
  sessionOptions(threads: number, device?: string, strict?: boolean): object;
  readonly download: Download;
  /** Finds operators that a device does not have; `runs` tries a file. */
  missingOperators?(file: Uint8Array, state: readonly string[], runs: (file: Uint8Array) => Promise<boolean>): Promise<string[]>;
}

/** Returns the function that answers one request; it never rejects. */
export function makeServer({
  importLibrary,
  sessionOptions,
  download,
  missingOperators,
}: Platform): (request: Request) => Promise<Answer> {
  let library: Library;
  let makeTensor: MakeTensor;
  let threads = 1;
  let model: { session: OrtSession; device: string } | undefined;
  const graphs = new Map<number, ReturnType<typeof graphSession>>();
  const buffers = new Map<string, OrtTensor>();

  /** Called once per thread: the library reads its settings when it creates its first session, and never again. */
  const start = async (settings: RuntimeSettings) => {
    library = await importLibrary(settings);
    library.env.logLevel = "fatal"; // what it logs it also throws
    makeTensor = tensorMaker(library.Tensor);
    threads = settings.threads;
  };

  const create = async (file: string | Uint8Array, device?: string, strict?: boolean, more?: object) => {
    const options = { ...sessionOptions(threads, device, strict), ...more };
    const session = await library.InferenceSession.create(file as Uint8Array, options);
    const [inputs, outputs] = [session.inputMetadata.map(valueInfo), session.outputMetadata.map(valueInfo)];
    const used = library.env.wasm?.numThreads ?? threads; // onnxruntime-web lowers it where it cannot have as many
    return { session, ready: { kind: "ready", device: device ?? "cpu", threads: used, missing: [], inputs, outputs } as const };
  };

  /** Makes the session of a graph; its outputs stay in the memory of a graphics card where the library can hold them there (WebGPU). */
  const createGraph = async (file: Uint8Array, device: string, state: Tensors = {}) => {
    if (isProcessor(device)) return create(file);
    const more = device === "webgpu" ? KEEP : {};
    const strict = async (each: Uint8Array) => {
      try {
        return await create(each, device, true, more);
      } catch (error) {
        if (/fallback to CPU EP/.test(messageOf(error))) return undefined;
        throw error;
      }
    };
    const covered = await strict(file);
    if (covered) return covered;
    const runs = async (each: Uint8Array) => {
      const made = await strict(each).catch(() => ({ session: undefined })); // a node that cannot be tried alone is not named
      await made?.session?.release();
      return made !== undefined;
    };
    const { session, ready } = await create(file, device, false, more);
    return { session, ready: { ...ready, onCpu: (await missingOperators?.(file, Object.keys(state), runs)) ?? [] } };
  };

  const open = async (request: OpenRequest): Promise<Answer> => {
    if (request.kind === "open" && request.beside) {
      const { session, ready } = await create(request.file, model?.device, false, request.beside === "keep" ? KEEP : {});
      graphs.set(request.graph, graphSession(session, makeTensor));
      return ready;
    }
    const missing: { device: string; reason: string }[] = [];
    for (const device of request.devices ?? ["cpu"]) {
      for (const file of filesFor(request, device)) {
        try {
          const isModel = request.kind === "load";
          const { session, ready } = await (isModel ? create(file, device) : createGraph(request.file, device, request.state));
          if (isModel) model = { session, device };
          else graphs.set(request.graph, graphSession(session, makeTensor, request.state, download));
          return { ...ready, missing };
        } catch (error) {
          const isHalf = request.kind === "load" && file === request.half;
          missing.push({ device: isHalf ? `${device} in float16` : device, reason: messageOf(error) });
        }
      }
    }
    throw new Error(missing.at(-1)?.reason);
  };

  /** Returns the device's memory under a name; of another shape it is made anew, because plans come and go. */
  const lend = async (name: string, dims: readonly number[], from: OrtSession) => {
    const known = buffers.get(name);
    if (known && known.dims.join() === dims.join()) return known;
    known?.dispose?.();
    const shape = makeTensor({ dims: [dims.length], data: BigInt64Array.from(dims, BigInt) });
    const { buffer } = await from.run({ shape });
    buffers.set(name, buffer);
    return buffer;
  };

  const plan = async (request: PlanRequest): Promise<Answer> => {
    const of = (graph: number) => graphs.get(graph)!.session;
    const { tiles, features, buffers: zeros } = request.graphs;
    const sessions = {
      ...{ tiles: of(tiles), model: model!.session, features: of(features) },
      ...(zeros && { buffers: { tiles: of(zeros.tiles), tokens: of(zeros.tokens) } }),
    };
    return { kind: "done", outputs: { features: await runPlan(sessions, makeTensor, lend, request) } };
  };

  const run = async (request: Exclude<Request, OpenRequest>): Promise<Answer> => {
    switch (request.kind) {
      case "run":
        return { kind: "done", outputs: await runParts(model!.session, makeTensor, request, isProcessor(model!.device)) };
      case "plan":
        return plan(request);
      case "feed":
        return { kind: "fed", outputs: await graphs.get(request.graph)!.run(request.feeds) };
      case "start":
        await graphs.get(request.graph)!.start(request.feeds);
        return { kind: "fed", outputs: {} };
      case "outputs":
        return { kind: "read", runs: await graphs.get(request.graph)!.outputs() };
      case "state":
        return { kind: "fed", outputs: await graphs.get(request.graph)!.state() };
      case "close":
        await graphs.get(request.graph)?.release();
        graphs.delete(request.graph);
        return { kind: "fed", outputs: {} };
      case "stop":
        for (const each of [...graphs.values(), ...(model ? [model.session] : [])]) await each.release();
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

/** Lists the files to try on a device in their order: the form that computes in float16 first, which processors do not get. */
function filesFor(request: OpenRequest, device: string): readonly (string | Uint8Array)[] {
  if (request.kind === "open") return [request.file];
  return request.half && !isProcessor(device) ? [request.half, request.model] : [request.model];
}

/** Session options by which results stay in the device's memory. */
const KEEP = { preferredOutputLocation: "gpu-buffer" };

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Buffers of an answer that move to the caller: a model's outputs are copies of the library's, a graph's state stays. */
export function movableBuffers(answer: Answer): ArrayBuffer[] {
  if (answer.kind !== "done") return [];
  return [...new Set(Object.values(answer.outputs).map(({ data }) => data.buffer as ArrayBuffer))];
}
