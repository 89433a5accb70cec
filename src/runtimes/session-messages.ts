/** What the caller and a model's thread say to each other. Platform-free. */

import type { Tensor } from "../core/index.ts";
import type { ValueInfo } from "./graph.ts";

export interface LoadRequest {
  readonly kind: "load";
  readonly model: string | Uint8Array;
  readonly threads: number;
  /** Tried in order. */
  readonly devices: readonly string[];
}
export interface RunRequest {
  readonly kind: "run";
  readonly input: string;
  readonly dims: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
  readonly outputs: readonly string[];
}
/** Answered by the thread's end, not by a message. */
export interface StopRequest {
  readonly kind: "stop";
}
export type Request = LoadRequest | RunRequest | StopRequest;

export interface Ready {
  readonly kind: "ready";
  readonly device: string;
  readonly missing: readonly { readonly device: string; readonly reason: string }[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}
export interface Done {
  readonly kind: "done";
  readonly outputs: Record<string, Tensor>;
}
export interface Failed {
  readonly kind: "failed";
  readonly stage: "import" | "create" | "run";
  readonly message: string;
  readonly code?: string;
}
export type Answer = Ready | Done | Failed;
