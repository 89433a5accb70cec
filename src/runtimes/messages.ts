/** Messages between a caller and the thread (in a page: the worker) that ONNX Runtime runs in. Platform-free. */
import type { Tensor } from "../core/index.ts";
import type { GraphTensor } from "../onnx/index.ts";
import type { ValueInfo } from "./graph.ts";

export type Tensors = Readonly<Record<string, GraphTensor>>;

/** Address of the folder with onnxruntime-web's .wasm and .mjs files, or the addresses of the two files. */
export type WasmPaths = string | { readonly mjs?: string; readonly wasm?: string };

/** Settings of the runtime, sent with the first request to a thread. */
export interface RuntimeSettings {
  readonly threads: number;
  /** Address of onnxruntime-web, where no bundler has put it into the worker. */
  readonly library?: string;
  readonly wasmPaths?: WasmPaths;
}

/** Opens a model on the first device that works, `half` first on those that compute in float16, or a graph under a number of the caller's; a thread has one model, or graphs. */
export type OpenRequest = { readonly settings?: RuntimeSettings } & (
  | {
      readonly kind: "load";
      readonly model: string | Uint8Array;
      readonly half?: Uint8Array;
      readonly devices: readonly string[];
    }
  | {
      readonly kind: "open";
      readonly graph: number;
      readonly file: Uint8Array;
      readonly state?: Tensors;
      /** Default: the CPU. */
      readonly devices?: readonly string[];
      /** Opens the graph on the loaded model's device instead; with "keep" its outputs stay there. */
      readonly beside?: "model" | "keep";
    }
);

export interface RunRequest {
  readonly kind: "run";
  readonly input: string;
  readonly dims: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
  readonly outputs: readonly string[];
}

/** Runs a plan on images through two opened graphs and the model between them. */
export interface PlanRequest {
  readonly kind: "plan";
  /** Numbers of the graphs that `src/models/plan-graphs.ts` builds; `buffers` are those that make zeros of the types of tiles and tokens. */
  readonly graphs: { readonly tiles: number; readonly features: number; readonly buffers?: { tiles: number; tokens: number } };
  /** [b, ...]; floats or bytes. */
  readonly images: GraphTensor;
  /** Names of the model's input and output. */
  readonly input: string;
  readonly output: string;
  /** Tiles of one image in each run of the model. */
  readonly runs: readonly number[];
  /** Shapes of what the model takes and gives for one tile. */
  readonly tileDims: readonly number[];
  readonly outputDims: readonly number[];
  /** Images whose tiles run together. */
  readonly imagesPerTurn: number;
}

export type GraphRequest =
  | { readonly kind: "feed" | "start"; readonly graph: number; readonly feeds: Tensors }
  | { readonly kind: "outputs" | "state" | "close"; readonly graph: number };

/** "stop" frees all sessions; the thread then ends. */
export type Request = OpenRequest | RunRequest | PlanRequest | GraphRequest | { readonly kind: "stop" };

export interface Ready {
  readonly kind: "ready";
  readonly device: string;
  /** Number of threads that ONNX Runtime uses. */
  readonly threads: number;
  readonly missing: readonly { readonly device: string; readonly reason: string }[];
  /** Operators of a graph that the device does not have and whose data is copied to the CPU in every run. */
  readonly onCpu?: readonly string[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

export interface Failed {
  readonly kind: "failed";
  readonly stage: "import" | "create" | "run";
  readonly message: string;
  readonly code?: string;
}

export type Answer =
  | Ready
  | Failed
  | { readonly kind: "done"; readonly outputs: Record<string, Tensor> }
  | { readonly kind: "fed"; readonly outputs: Record<string, GraphTensor> }
  | { readonly kind: "read"; readonly runs: readonly Record<string, GraphTensor>[] };

export const tensorsOf = (answer: Answer): Record<string, GraphTensor> => (answer.kind === "fed" ? answer.outputs : {});

export const runsOf = (answer: Answer): Record<string, GraphTensor>[] => (answer.kind === "read" ? [...answer.runs] : []);
