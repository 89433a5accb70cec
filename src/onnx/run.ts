/** Types for running graphs: runtimes implement them for code that builds graphs (heads, training), so that it names no platform. */

/** A tensor of a graph. */
export interface GraphTensor {
  /** The sizes of its axes. */
  readonly dims: readonly number[];
  /** Float32Array for float32, BigInt64Array for int64, Int32Array for int32, Uint8Array for uint8, Uint16Array for the bits of float16. */
  readonly data: Float32Array | BigInt64Array | Int32Array | Uint8Array | Uint16Array;
}

/** A graph that is ready to run. */
export interface OpenedGraph {
  /** Runs the graph on its inputs by name and returns its outputs by name. */
  run(feeds: Readonly<Record<string, GraphTensor>>): Promise<Record<string, GraphTensor>>;
  /** Frees the graph's memory. */
  close(): Promise<void>;
}

/** Makes an ONNX file's bytes ready to run, as `openGraph` of "s2-vision/node" and "s2-vision/web" do. */
export type OpenGraph = (file: Uint8Array) => Promise<OpenedGraph>;

/** A graph whose state passes from run to run in the runtime's buffers. */
export interface LoopedGraph {
  /** Runs once and returns the outputs that are not state. The feeds' arrays cannot be used afterwards. */
  run(feeds: Readonly<Record<string, GraphTensor>>): Promise<Record<string, GraphTensor>>;
  /** Starts a run whose outputs stay where they were computed; resolves when the next one may start. */
  start(feeds: Readonly<Record<string, GraphTensor>>): Promise<void>;
  /** Returns the outputs of the runs that were started since the last call, in order. */
  outputs(): Promise<Record<string, GraphTensor>[]>;
  /** A copy of the current state. */
  state(): Promise<Record<string, GraphTensor>>;
  /** Frees the graph's memory. */
  close(): Promise<void>;
}

/** Opens a graph whose inputs named in `state` are fed by the outputs `next/NAME` of the previous run, off the caller's thread where there are threads. */
export type OpenLoop = (file: Uint8Array, state: Readonly<Record<string, GraphTensor>>) => Promise<LoopedGraph>;
