/** `loadModel` in a page: finds a model, starts its worker on the best device, and makes it a function from images to features. */
import type { S2Error } from "../../core/index.ts";
import { pickInput } from "../graph.ts";
import { mainOutput, makeModel } from "../make-model.ts";
import type { WasmPaths } from "../messages.ts";
import { checkModelOptions, type Model, type ModelOptions } from "../model.ts";
import { checkNumbers, chooseDevice, testTile } from "./check-device.ts";
import type { LocatedModel } from "./locate.ts";
import { openModelCache } from "./model-cache.ts";
import { type OnNotice, type StartOptions, startSession, toConsole, type WebSession } from "./start-worker.ts";

/** Options of a page's `loadModel`. */
export interface LoadModelOptions extends ModelOptions {
  /** Threads of one run; default: the cores where the page is cross-origin isolated, one where it is not. */
  threads?: number;
  /** "wasm" (default; "cpu" is the same) or "webgpu", tried in order; "wasm" is always the last resort. */
  device?: string | readonly string[];
  /** Address of the folder of onnxruntime-web's .wasm and .mjs files, or of each file; default: from the bundler or the import map. */
  wasmPaths?: WasmPaths;
  /** Milliseconds that ONNX Runtime's start may take before it is tried again on one thread; default 60,000. */
  startLimit?: number;
  /** Address of the hub for names; default https://huggingface.co. */
  hubUrl?: string;
  /** Called when something is not as requested: another device, fewer threads, no cache. Default: the console. */
  onNotice?: OnNotice;
}

/** A model in a page. */
export interface WebModel extends Model {
  /** The device and the number of threads in use. */
  readonly runsOn: { readonly device: "wasm" | "webgpu"; readonly threads: number };
}

/**
 * Loads a vision model for onnxruntime-web, in a worker.
 * @param source the address of a folder (`onnx/model.onnx`, `model.onnx` or `model.safetensors`, with its config files) or of an `.onnx`
 * file, absolute or with a first `/` or `.`; bytes; a hub name `owner/name`; nothing: the bundled model.
 * @throws S2Error "model-not-found", "model-file", "model-network", "runtime-missing", "runtime", "output", "prefix-tokens", "input" or "offline".
 */
export async function loadModel(source?: string | URL | Uint8Array, options: LoadModelOptions = {}): Promise<WebModel> {
  checkModelOptions(options, ["wasmPaths", "startLimit", "hubUrl", "onNotice"]);
  const { offline, onProgress, imageSize, hubUrl, onNotice: notice = toConsole } = options;
  const cache = source instanceof Uint8Array ? undefined : await openModelCache(notice);
  const { locateModel } = await import("./locate.ts"); // a page that brings its own session needs none of it
  const located = await locateModel(source, { cache, offline, onProgress, imageSize, hubUrl });
  const start: StartOptions = { threads: options.threads, wasmPaths: options.wasmPaths, startLimit: options.startLimit, notice };
  const wasm = await startSession(located.bytes, located.source, "wasm", start);
  let session = wasm;
  try {
    const model = await makeModel(wasm, located, options);
    const { name: output } = mainOutput(wasm, located.metadata, options);
    const tile = testTile(pickInput(wasm.inputs).shape, model.traits.imageSize ?? [224, 224]);
    const expected = await checkNumbers(wasm, tile, output);
    const webgpu = await requestedGpu(located, options, { ...start, threads: wasm.threads });
    if (webgpu) session = await chooseDevice(webgpu, wasm, expected, tile, output, notice);
    const chosen = session === wasm ? model : await makeModel(session, located, options);
    return Object.assign(chosen, { runsOn: { device: session.device, threads: session.threads } });
  } catch (error) {
    await session.dispose();
    throw error;
  }
}

/**
 * Returns the ONNX file of a model, as `exportS2` takes it; from the cache where `loadModel` has put the model's files.
 * @param source as `loadModel`'s.
 * @throws S2Error "model-not-found", "model-file", "model-network" or "offline".
 */
export async function modelFile(
  source?: string | URL,
  options: Pick<LoadModelOptions, "offline" | "onProgress" | "imageSize" | "hubUrl" | "onNotice"> = {},
): Promise<Uint8Array> {
  const { onNotice = toConsole, ...rest } = options;
  const { locateModel } = await import("./locate.ts");
  return (await locateModel(source, { ...rest, cache: await openModelCache(onNotice) })).bytes;
}

/** Starts a session on WebGPU where it is requested and exists; its larger library is not loaded otherwise. */
async function requestedGpu(
  located: LocatedModel,
  { device, dtype }: LoadModelOptions,
  start: StartOptions,
): Promise<WebSession | undefined> {
  for (const name of typeof device === "string" ? [device] : (device ?? [])) {
    if (name === "wasm" || name === "cpu") return undefined;
    const gpu = name === "webgpu" ? await findGpu() : "a page has wasm and webgpu alone";
    const session =
      typeof gpu === "string"
        ? gpu
        : await startSession(await bytesFor(gpu, located.bytes, dtype, start.notice), located.source, "webgpu", start).catch(
            (error: S2Error) => error.message,
          );
    if (typeof session !== "string") return session;
    start.notice({ code: "device-missing", message: `The device "${name}" cannot be used: ${session}` });
  }
  return undefined;
}

interface Adapter {
  readonly features: ReadonlySet<string>;
}

/** Returns the adapter, or why WebGPU cannot be used; asked first, because the library would silently use WebAssembly without an adapter. */
async function findGpu(): Promise<Adapter | string> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<Adapter | null> } };
  if (!gpu) return "this browser has no WebGPU, or not on pages without https";
  return (await gpu.requestAdapter()) ?? "this browser finds no graphics adapter";
}

/** The file that the graphics adapter runs: rewritten for float16 where that is wanted and the adapter computes in it. */
async function bytesFor({ features }: Adapter, bytes: Uint8Array, dtype: LoadModelOptions["dtype"], notice: OnNotice) {
  if (dtype !== "float16") return bytes;
  if (features.has("shader-f16")) return (await import("../../onnx/index.ts")).convertModel(bytes, { dtype, compute: true });
  notice({
    code: "float16-missing",
    message: "This graphics adapter does not compute in float16; the model computes in float32",
  });
  return bytes;
}
