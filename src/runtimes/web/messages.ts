/** What the page and our worker say to each other. */
import type { Tensors } from "../graph-session.ts";
import type { Done, Failed, Ready, RunRequest } from "../session-messages.ts";

/** Which of onnxruntime-web's builds a worker holds. */
export type Build = "wasm" | "webgpu";

/** Where onnxruntime-web's own files come from: a folder's address, or the two files' of the build that is used. */
export type WasmPaths = string | { readonly mjs?: string; readonly wasm?: string };

/** What a worker is told with its first request; the library takes it once. */
export interface RuntimeSettings {
  /** The library's address, where no bundler has put it into the worker. */
  readonly library?: string;
  readonly wasmPaths?: WasmPaths;
  readonly threads: number;
}

/** A worker holds one model, or graphs, which have the caller's numbers. */
export type Opening =
  | { readonly kind: "load"; readonly model: Uint8Array; readonly device: Build }
  | { readonly kind: "open"; readonly graph: number; readonly file: Uint8Array; readonly state?: Tensors };

export type WorkerRequest =
  | (Opening & { readonly settings?: RuntimeSettings })
  | RunRequest
  | { readonly kind: "feed"; readonly graph: number; readonly feeds: Tensors }
  | { readonly kind: "state" | "close"; readonly graph: number };

export interface WorkerReady extends Ready {
  /** As many as ONNX Runtime took. */
  readonly threads: number;
}

export interface Fed {
  readonly kind: "fed";
  readonly outputs: Record<string, Tensors[string]>;
}

export type WorkerAnswer = WorkerReady | Done | Fed | Failed;
