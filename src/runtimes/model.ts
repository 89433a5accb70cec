/** What every runtime's `loadModel` gives, and what all of them take. */

import { checkNames, S2Error, type Tensor, type Traits, type VisionModel } from "../core/index.ts";
import type { Preprocessing } from "../images/index.ts";

/** A loaded model: call it with images [b, c, h, w] for its main features, or `run` it for any of its outputs. */
export interface Model extends VisionModel {
  (images: Tensor): Promise<Tensor>;
  readonly traits: Traits & { readonly prefixTokens: number; readonly layout: "bnc" | "bchw" };
  /** The graph's output names, as its source library calls them. */
  readonly outputs: readonly string[];
  /** How the model wants its pixels; known when the file carries it or the hub's config files lie beside it. */
  readonly preprocessing?: Preprocessing;
  /** Where the model came from: its file's path or address, or "bytes". */
  readonly source: string;
  /** Runs the graph; `outputs` are the names wanted, default all. The images stay usable. */
  run(images: Tensor, outputs?: readonly string[]): Promise<Record<string, Tensor>>;
  /** Waits for the runs under way, then frees the session and its thread. */
  dispose(): Promise<void>;
}

/** How a model is read. What the files say themselves need not be given; what is given wins over the file's own metadata, and these over config files. */
export interface ModelOptions {
  /** Which output of the graph is the main features; default `last_hidden_state`, or the only one that can be. */
  output?: string;
  /** Tokens before the grid ([CLS], registers), where no config file says it. */
  prefixTokens?: number;
  /** Pixels on a side of one token, where no config file says it. */
  patchSize?: number;
  /** The tile that the model was made for, where neither graph nor config says it; a folder's weights are built at it (in Node also beside a graph). */
  imageSize?: number | readonly [height: number, width: number];
  /** Which of several outputs to take: tokens [b, n, c] or maps [b, c, h, w]. */
  layout?: "bnc" | "bchw";
  preprocessing?: Preprocessing;
  /** Hub names are looked for in the cache only. */
  offline?: boolean;
  /** Called as a model's bytes arrive: those of `file` that are here, of as many (0 where the server does not say). */
  onProgress?: (done: { file: string; bytes: number; of: number }) => void;
}

const names: readonly (keyof ModelOptions | "threads" | "device")[] = [
  ...(["threads", "device", "output", "prefixTokens", "patchSize", "imageSize", "layout", "preprocessing"] as const),
  ...(["offline", "onProgress"] as const),
];

/** @throws S2Error "option" for what no runtime takes; `own` are the names that this one alone does. */
export function checkModelOptions(options: ModelOptions & { readonly threads?: number }, own: readonly string[]): void {
  checkNames(options, [...names, ...own]);
  const { threads, prefixTokens, patchSize, layout } = options;
  const counts = { threads: [threads, 1], prefixTokens: [prefixTokens, 0], patchSize: [patchSize, 1] } as const;
  for (const [name, [value, least]] of Object.entries(counts)) {
    if (value === undefined || (Number.isInteger(value) && value >= least)) continue;
    throw new S2Error("option", `${name} is ${value}; expected a whole number from ${least}.`);
  }
  if (layout !== undefined && layout !== "bnc" && layout !== "bchw") {
    throw new S2Error("option", `layout is ${JSON.stringify(layout)}; expected "bnc" or "bchw".`);
  }
}
