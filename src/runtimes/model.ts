/** The model that every runtime's `loadModel` returns, and the options that all of them take. */
import { badOption, checkNames, oneOf, type Tensor, type Traits, type VisionModel } from "../core/index.ts";
import type { Preprocessing } from "../images/index.ts";

/** A loaded model: call it with images [b, c, h, w] for its main features, or `run` it for any of its outputs. */
export interface Model extends VisionModel {
  (images: Tensor): Promise<Tensor>;
  readonly traits: Traits & { readonly prefixTokens: number; readonly layout: "bnc" | "bchw" };
  /** The graph's output names, as its source library calls them. */
  readonly outputs: readonly string[];
  /** Preprocessing of the model's images; known from the file's metadata or the hub's config files beside it. */
  readonly preprocessing?: Preprocessing;
  /** Path or address of the model, or "bytes". */
  readonly source: string;
  /** Runs the graph on [b, c, h, w]; `outputs` are the wanted names, default all. The images stay usable. */
  run(images: Tensor, outputs?: readonly string[]): Promise<Record<string, Tensor>>;
  /** Waits for running calls, then frees the session and its thread. */
  dispose(): Promise<void>;
}

/** Options of `loadModel`. They win over the file's metadata, and these over config files; what the files say need not be given. */
export interface ModelOptions {
  /** Name of the output with the main features; default `last_hidden_state`, or the only one that can be. */
  output?: string;
  /** Number of tokens before the grid ([CLS], registers), where no config file has it. */
  prefixTokens?: number;
  /** Side of a token in pixels, where no config file has it. */
  patchSize?: number;
  /** Image size of the model in pixels, where neither graph nor config has it; a folder's weights are built at it (in Node also beside a graph). */
  imageSize?: number | readonly [height: number, width: number];
  /** Chooses among several outputs: tokens [b, n, c] or maps [b, c, h, w]. */
  layout?: "bnc" | "bchw";
  /**
   * "float16" computes in half precision on devices other than the CPU and WebAssembly, which compute in float32 in any case: the graph is
   * rewritten when it is loaded, whatever the type of its weights is (as `convertModel` does with `compute`). Default "float32": the file as it is.
   */
  dtype?: "float32" | "float16";
  /** Replaces the preprocessing from the files. */
  preprocessing?: Preprocessing;
  /** Looks up hub names in the cache only. */
  offline?: boolean;
  /** Called as bytes of `file` arrive, with their number and the total `of` (0 where the server does not send it). */
  onProgress?: (done: { file: string; bytes: number; of: number }) => void;
}

const names: readonly (keyof ModelOptions | "threads" | "device")[] = [
  ...(["threads", "device", "output", "prefixTokens", "patchSize", "imageSize", "layout", "preprocessing"] as const),
  ...(["dtype", "offline", "onProgress"] as const),
];

/** @throws S2Error "option" for an unknown name or an invalid value; `more` are the names that this runtime alone takes. */
export function checkModelOptions(options: ModelOptions & { readonly threads?: number }, more: readonly string[]): void {
  checkNames(options, [...names, ...more]);
  const { threads, prefixTokens, patchSize, layout, dtype } = options;
  const counts = { threads: [threads, 1], prefixTokens: [prefixTokens, 0], patchSize: [patchSize, 1] } as const;
  for (const [name, [value, least]] of Object.entries(counts)) {
    if (value === undefined || (Number.isInteger(value) && value >= least)) continue;
    throw badOption("option", name, value, `a whole number from ${least}`);
  }
  if (layout !== undefined) oneOf("option", "layout", layout, ["bnc", "bchw"]);
  if (dtype !== undefined) oneOf("option", "dtype", dtype, ["float32", "float16"]);
}
