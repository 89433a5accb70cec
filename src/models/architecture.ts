/** The contract between `buildModel` and the family files. */
import type { ShapedValue } from "../onnx/index.ts";
import type { Names, Naming, Weights } from "./weights.ts";

export type { Names, Naming };

export type Size = readonly [height: number, width: number];
export type Config = Readonly<Record<string, unknown>>;

/** The graph's values by the names that the source library gives its outputs. */
export type Outputs = Record<string, ShapedValue>;

/** A model as its config describes it, before a graph is made. */
export interface Architecture {
  /** The size of images that it was made for. */
  readonly imageSize: Size;
  /** Pixels on a side of one token (of the main output's). */
  readonly patchSize: number;
  /** Pixels of the shortest side that the model takes; default: a patch. Convolutions that pad their input take any. */
  readonly shortestSide?: number;
  /** Tokens before the grid; 0 for maps. */
  readonly prefixTokens: number;
  /** Color channels. */
  readonly channels: number;
  /** The default outputs of a graph, where the model has them: the main features first. */
  readonly main: readonly string[];
  /** Tensors (by their stored names) that files may have and that no output needs: text towers, decoders, buffers. */
  readonly unused?: RegExp;
  /** Adds the model to the graph: from images [b, c, h, w] to all its outputs. What is not asked for is cut off again. */
  build(images: ShapedValue): Outputs;
}

/** An entry of the table of families. */
export interface Family extends Omit<Naming, "names"> {
  readonly names?: Names | ((config: Config) => Names);
  readonly read: ReadArchitecture;
}

/** Reads a config of its family. */
export type ReadArchitecture = (config: Config, weights: Weights) => Architecture;
