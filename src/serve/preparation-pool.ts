/** Threads of preparation: gives each image to the thread with the least work, and passes the threads' questions on to the models. */
import { Worker } from "node:worker_threads";
import { S2Error } from "../core/index.ts";
import { readImageSize } from "../images/image-size.ts";
import {
  buffersOf,
  errorOf,
  type FromThread,
  type ModelAnswer,
  plainError,
  type Question,
  type Results,
  type ThreadSettings,
  type ToThread,
  type Work,
} from "./preparation.ts";

/** Pixels of decoded images that all threads hold at once, three bytes each: an image that does not fit waits for others. */
const PIXELS_AT_ONCE = 2 ** 28;

/** The rest of the world for one image: who answers its questions to the model, and the signal that stops it. */
interface Attendance {
  readonly answer: (question: Question) => Promise<ModelAnswer>;
  readonly signal: AbortSignal;
}

interface Job extends Attendance {
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly jobs: Map<number, Job>;
}

interface PoolOptions {
  readonly pixelsAtOnce?: number;
  /** The thread's code; a test gives one that dies. */
  readonly code?: URL;
}

export interface PreparationPool {
  /** Prepares an image in a thread. @throws S2Error of the image, its plan or the model; the signal's reason. */
  prepare<W extends Work>(work: W, attendance: Attendance): Promise<Results[W["wanted"]["kind"]]>;
  /** Images that are under way or wait for memory. */
  readonly count: number;
  /** Ends the threads; images under way must be done. */
  close(): Promise<void>;
}

/** Starts `count` threads; one that ends too early is replaced, and its images are refused with "runtime". */
export function openPreparation(
  count: number,
  settings: ThreadSettings,
  { pixelsAtOnce = PIXELS_AT_ONCE, code = new URL("./preparation-worker.js", import.meta.url) }: PoolOptions = {},
): PreparationPool {
  let closing = false;
  let last = 0;
  let pixels = 0;
  const waiting: { readonly pixels: number; readonly begin: () => void }[] = [];

  const open = (): Thread => {
    const worker = new Worker(code, { execArgv: [], workerData: settings });
    const thread: Thread = { worker, jobs: new Map() };
    let reason = "it was stopped";
    worker.on("error", (error) => (reason = error.message));
    worker.on("exit", () => {
      if (closing) return;
      threads.splice(threads.indexOf(thread), 1); // the next image starts another
      const message = `The thread that prepared the image ended (${reason}); send the image again.`;
      for (const { reject } of thread.jobs.values()) reject(new S2Error("runtime", message));
    });
    worker.on("message", (message: FromThread) => receive(thread, message));
    return thread;
  };

  const receive = ({ worker, jobs }: Thread, message: FromThread): void => {
    const { id } = message;
    const job = jobs.get(id);
    if (!job) return; // canceled meanwhile
    if (message.kind === "done") job.resolve(message.result as never);
    if (message.kind === "failed") job.reject(errorOf(message.error));
    if (message.kind !== "ask") return;
    const reply = (to: ToThread, move: ArrayBuffer[] = []) => jobs.has(id) && worker.postMessage(to, move);
    const { question } = message;
    job.answer(message.of).then(
      (answer) => {
        const tensor = answer && ("features" in answer ? answer.features : answer);
        reply({ kind: "answer", id, question, answer }, buffersOf(tensor?.data));
      },
      (error) => reply({ kind: "refused", id, question, error: plainError(error) }),
    );
  };

  const run = <W extends Work>(work: W, { answer, signal }: Attendance): Promise<Results[W["wanted"]["kind"]]> =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      if (threads.length < count) threads.push(open());
      const thread = threads.reduce((least, each) => (each.jobs.size < least.jobs.size ? each : least));
      const id = ++last;
      const stop = () => {
        thread.worker.postMessage({ kind: "abort", id } satisfies ToThread);
        settle(() => reject(signal.reason));
      };
      const settle = (then: () => void) => {
        thread.jobs.delete(id);
        signal.removeEventListener("abort", stop);
        then();
      };
      signal.addEventListener("abort", stop, { once: true });
      const resolved = (result: Results[W["wanted"]["kind"]]) => settle(() => resolve(result));
      thread.jobs.set(id, { answer, signal, resolve: resolved, reject: (error) => settle(() => reject(error)) });
      // A view would take its whole buffer along, which may hold other requests' bytes.
      const fillsBuffer = work.bytes.byteLength === work.bytes.buffer.byteLength;
      const bytes = fillsBuffer ? work.bytes : new Uint8Array(work.bytes);
      thread.worker.postMessage({ kind: "start", id, work: { ...work, bytes } } satisfies ToThread, buffersOf(bytes));
    });

  /** Waits until the decoded image fits into memory beside the others; at least one always does. */
  const admit = (wanted: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0 && (pixels === 0 || pixels + wanted <= pixelsAtOnce)) return resolve(void (pixels += wanted));
      const entry = { pixels: wanted, begin: () => resolve(signal.removeEventListener("abort", leave)) };
      const leave = () => {
        waiting.splice(waiting.indexOf(entry), 1);
        reject(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
      waiting.push(entry);
    });

  const release = (done: number) => {
    pixels -= done;
    while (waiting.length > 0 && (pixels === 0 || pixels + waiting[0].pixels <= pixelsAtOnce)) {
      const next = waiting.shift()!;
      pixels += next.pixels;
      next.begin();
    }
  };

  const threads = Array.from({ length: count }, open);
  return {
    async prepare(work, attendance) {
      // An unreadable header counts as nothing: the decoder refuses the image at once.
      const [height, width] = await readImageSize(work.bytes).catch(() => [0, 0]);
      const size = Math.min(height * width, settings.maxPixels);
      attendance.signal.throwIfAborted();
      await admit(size, attendance.signal);
      try {
        return await run(work, attendance);
      } finally {
        release(size);
      }
    },
    get count() {
      return waiting.length + threads.reduce((sum, { jobs }) => sum + jobs.size, 0);
    },
    async close() {
      closing = true;
      const gone = threads.map(({ worker }) => new Promise((resolve) => worker.once("exit", resolve)));
      for (const { worker } of threads) worker.postMessage({ kind: "stop" } satisfies ToThread);
      await Promise.all(gone);
    },
  };
}
