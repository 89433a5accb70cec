/** Running a graph: what a runtime offers to those that make graphs (heads, training), so that they name no platform. */

/** An array's type is its elements': Float32Array float32, BigInt64Array int64, Int32Array int32, Uint8Array uint8, Uint16Array the bits of float16. */
export interface GraphTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array | Int32Array | Uint8Array | Uint16Array;
}

/** A graph that is ready to run. */
export interface OpenedGraph {
  run(feeds: Readonly<Record<string, GraphTensor>>): Promise<Record<string, GraphTensor>>;
  close(): Promise<void>;
}

/** Makes an ONNX file's bytes ready to run; `openGraph` of "s2-vision/node" and "s2-vision/web" are such. */
export type OpenGraph = (file: Uint8Array) => Promise<OpenedGraph>;

/** A graph whose state goes from run to run in the runtime's own buffers. */
export interface LoopedGraph {
  /** One run; what is fed is not usable any more. Gives the outputs that are not state. */
  run(feeds: Readonly<Record<string, GraphTensor>>): Promise<Record<string, GraphTensor>>;
  /** A copy of the state as it is. */
  state(): Promise<Record<string, GraphTensor>>;
  close(): Promise<void>;
}

/** Opens a graph whose inputs named in `state` are fed by the outputs `next/NAME` of the run before, off the caller's thread where there are threads. */
export type OpenLoop = (file: Uint8Array, state: Readonly<Record<string, GraphTensor>>) => Promise<LoopedGraph>;
