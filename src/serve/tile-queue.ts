/** The queue of a model's tiles: tiles of different requests run in one batch, and requests take turns. Platform-free. */
import { S2Error, type Tensor, type VisionModel } from "../core/index.ts";

/** Tiles of requests on their way through one model. */
export interface TileQueue {
  /**
   * Runs tiles [n, c, h, w] in batches with those of other requests and resolves to the model's output for them. Calls with the same `request`
   * share its turns. Rejects with the signal's reason once it aborts; tiles that wait are then dropped.
   */
  run(tiles: Tensor, request: object, signal?: AbortSignal): Promise<Tensor>;
  /** Number of tiles that wait for a batch. */
  readonly waiting: number;
  /** Milliseconds in which at least one batch was under way. */
  busy(): number;
}

/** Options of `makeTileQueue`. */
export interface TileQueueOptions {
  /** The most tiles of one run of the model. */
  readonly batch: number;
  /** Batches that the model has at once: with two, the next is there when the first is done. Default 2. */
  readonly inFlight?: number;
  /** Called with the numbers of tiles and of requests of a batch when it has run. */
  readonly onBatch?: (tiles: number, requests: number) => void;
}

/** Tiles of one call. */
interface Job {
  readonly tiles: Tensor;
  /** Tiles of one batch have one shape. */
  readonly shape: string;
  /** Numbers of one tile. */
  readonly size: number;
  /** The next tile to run. */
  next: number;
  /** Tiles whose output has not arrived. */
  left: number;
  output?: { readonly dims: readonly number[]; readonly data: Float32Array };
  readonly resolve: (output: Tensor) => void;
  readonly reject: (reason: unknown) => void;
  /** Stops listening to the signal. */
  readonly settled: () => void;
}

type Batch = { readonly job: Job; readonly tile: number }[];

/** Makes the queue of a model. */
export function makeTileQueue(model: VisionModel, { batch: most, inFlight = 2, onBatch }: TileQueueOptions): TileQueue {
  /** Jobs with tiles that wait, by request; the request that was served longest ago comes first. */
  const lines = new Map<object, Job[]>();
  let waiting = 0;
  let running = 0;
  let busy = 0;
  let busySince = 0;

  /** Takes a tile of each request in turn, and of those again, until the batch is full. Tiles of another shape keep their place in front. */
  const takeBatch = (): Batch => {
    const taken: Batch = [];
    let shape: string | undefined;
    for (let before = -1; taken.length < most && taken.length > before; ) {
      before = taken.length;
      for (const [request, jobs] of [...lines]) {
        if (taken.length === most) break;
        const [job] = jobs;
        shape ??= job.shape;
        if (job.shape !== shape) continue;
        taken.push({ job, tile: job.next++ });
        if (job.next === job.tiles.dims[0]) jobs.shift();
        lines.delete(request);
        if (jobs.length > 0) lines.set(request, jobs);
      }
    }
    waiting -= taken.length;
    return taken;
  };

  const runBatch = async (taken: Batch) => {
    try {
      const output = await model(joinTiles(taken));
      if (output.dims[0] !== taken.length) throw otherBatch(output, taken.length);
      for (const [i, { job, tile }] of taken.entries()) keepOutput(job, tile, output, i);
    } catch (error) {
      for (const { job } of taken) {
        drop(job);
        job.settled();
        job.reject(error);
      }
    }
    onBatch?.(taken.length, new Set(taken.map(({ job }) => job)).size);
  };

  const work = () => {
    while (running < inFlight && waiting > 0) {
      if (running++ === 0) busySince = performance.now();
      void runBatch(takeBatch()).then(() => {
        running -= 1;
        if (running === 0) busy += performance.now() - busySince;
        work();
      });
    }
  };

  /** Removes the tiles of a job that have not run. */
  const drop = (job: Job) => {
    for (const [request, jobs] of lines) {
      const at = jobs.indexOf(job);
      if (at < 0) continue;
      jobs.splice(at, 1);
      waiting -= job.tiles.dims[0] - job.next;
      if (jobs.length === 0) lines.delete(request);
      return;
    }
  };

  return {
    run: (tiles, request, signal) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        const [count, ...dims] = tiles.dims;
        const stop = () => {
          drop(job);
          reject(signal!.reason);
        };
        const job: Job = {
          ...{ tiles, shape: String(dims), size: tiles.data.length / count, next: 0, left: count },
          resolve,
          reject,
          settled: () => signal?.removeEventListener("abort", stop),
        };
        signal?.addEventListener("abort", stop, { once: true });
        waiting += count;
        lines.set(request, [...(lines.get(request) ?? []), job]);
        queueMicrotask(work); // what is given together runs together
      }),
    get waiting() {
      return waiting;
    },
    busy: () => busy + (running > 0 ? performance.now() - busySince : 0),
  };
}

function joinTiles(taken: Batch): Tensor {
  const [{ job }] = taken;
  const data = new Float32Array(taken.length * job.size);
  for (const [i, { job: of, tile }] of taken.entries())
    data.set(of.tiles.data.subarray(tile * of.size, (tile + 1) * of.size), i * job.size);
  return { dims: [taken.length, ...job.tiles.dims.slice(1)], data };
}

/** Copies the output of a batch's place `i` to the job's tile; the last one resolves the job. */
function keepOutput(job: Job, tile: number, { dims, data }: Tensor, i: number): void {
  const size = data.length / dims[0];
  const count = job.tiles.dims[0];
  job.output ??= { dims: [count, ...dims.slice(1)], data: new Float32Array(count * size) };
  job.output.data.set(data.subarray(i * size, (i + 1) * size), tile * size);
  job.left -= 1;
  if (job.left > 0) return;
  job.settled();
  job.resolve(job.output);
}

const otherBatch = ({ dims }: Tensor, count: number) =>
  new S2Error("model-output", `The model returned ${dims[0]} outputs for ${count} tiles; expected one for each.`);
