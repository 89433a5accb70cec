/** What the caller and the thread of a graph that feeds itself say to each other. */
import type { GraphTensor } from "../onnx/index.ts";

type Tensors = Readonly<Record<string, GraphTensor>>;

export type LoopRequest =
  | { readonly kind: "open"; readonly file: Uint8Array; readonly state: Tensors; readonly threads: number }
  | { readonly kind: "run"; readonly feeds: Tensors }
  | { readonly kind: "state" };

export type LoopAnswer =
  | { readonly kind: "done"; readonly outputs: Record<string, GraphTensor> }
  | { readonly kind: "failed"; readonly message: string };
