/** Messages between the server and its threads of preparation, which decode, cut and fuse while the model's own thread runs tiles. */
import type { DeviceFeatures, S2Plan, SourceImages, Tensor, Traits } from "../core/index.ts";
import { S2Error, type S2ErrorCode } from "../core/index.ts";
import type { ImagePlanOptions, Pooling } from "../features/index.ts";
import type { Preprocessing } from "../images/index.ts";

/** Facts about a model that a thread needs without having the model. */
export interface ModelFacts {
  readonly source: string;
  readonly traits: Traits;
  readonly preprocessing?: Preprocessing;
  /** True for a model that runs whole plans on its device. */
  readonly runsPlans: boolean;
}

/** Settings of a thread. */
export interface ThreadSettings {
  /** Models by name. */
  readonly models: Readonly<Record<string, ModelFacts>>;
  /** Folders of saved heads by name. */
  readonly heads: Readonly<Record<string, string>>;
  readonly maxPixels: number;
}

/** Form of the features in an answer. */
export interface FeatureForm {
  readonly format: "safetensors" | "npy" | "json";
  readonly dtype: "float32" | "float16";
}

/** One image, and what is wanted of it. */
export interface Work {
  readonly bytes: Uint8Array;
  readonly model: string;
  readonly extraction: ImagePlanOptions;
  readonly wanted:
    | ({ readonly kind: "features" } & FeatureForm)
    | { readonly kind: "vector"; readonly pooling?: Pooling }
    | { readonly kind: "prediction"; readonly head: string }
    | { readonly kind: "plan" };
}

/** Result of one image, by what was wanted. */
export interface Results {
  readonly features: { readonly body: Uint8Array; readonly tiles: number };
  readonly vector: { readonly vector: Float32Array; readonly tiles: number };
  readonly prediction: { readonly prediction: Readonly<Record<string, unknown>>; readonly tiles: number };
  readonly plan: { readonly plan: S2Plan };
}

/** A question to the model: tiles, or a plan to run as a whole on its device. */
export type Question =
  | { readonly kind: "tiles"; readonly tiles: Tensor }
  | { readonly kind: "plan"; readonly plan: S2Plan; readonly images: SourceImages };

/** The model's answer to a question. */
export type ModelAnswer = Tensor | DeviceFeatures | undefined;

export type ToThread =
  | { readonly kind: "start"; readonly id: number; readonly work: Work }
  | { readonly kind: "answer"; readonly id: number; readonly question: number; readonly answer: ModelAnswer }
  | { readonly kind: "refused"; readonly id: number; readonly question: number; readonly error: PlainError }
  | { readonly kind: "abort"; readonly id: number }
  | { readonly kind: "stop" };

export type FromThread =
  | { readonly kind: "ask"; readonly id: number; readonly question: number; readonly of: Question }
  | { readonly kind: "done"; readonly id: number; readonly result: Results[keyof Results] }
  | { readonly kind: "failed"; readonly id: number; readonly error: PlainError };

/** An error as a message between threads, which keep no class and no fields of their own. */
export interface PlainError {
  readonly message: string;
  readonly code?: S2ErrorCode;
  readonly option?: string | readonly string[];
  readonly stack?: string;
}

export function plainError(error: unknown): PlainError {
  if (error instanceof S2Error) return { message: error.message, code: error.code, option: error.option };
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { message, stack };
}

export function errorOf({ message, code, option, stack }: PlainError): Error {
  if (code) return new S2Error(code, message, option === undefined ? {} : { option });
  return Object.assign(new Error(message), stack !== undefined && { stack });
}

/** Buffers of a message that may be moved instead of copied. */
export function buffersOf(...arrays: (ArrayBufferView | undefined)[]): ArrayBuffer[] {
  const movable = arrays.filter(
    (each) => each && each.byteLength === each.buffer.byteLength && each.buffer instanceof ArrayBuffer,
  );
  return [...new Set(movable.map((each) => each!.buffer as ArrayBuffer))];
}
