/**
 * Delays the end of the process while a thread is inside ONNX Runtime: Node takes the thread's JavaScript away under the native call, which
 * then aborts the process. The process waits at its exit until the call is over, and the thread begins no other.
 */
import { workerData } from "node:worker_threads";

/** Positions in the shared memory: 1 while the thread is inside a call; 1 once it may begin no more. */
const [INSIDE, CLOSED] = [0, 1];

/** The longest that an exit waits, in milliseconds. */
const PATIENCE = 10_000;

/** Watches for the end of the process. `gate` is the thread's `workerData`; `forget` is for when the thread is gone. */
export function watchExit(): { gate: SharedArrayBuffer; forget: () => void } {
  const gate = new SharedArrayBuffer(8);
  const state = new Int32Array(gate);
  if (watched.size === 0) process.on("exit", waitForAll);
  watched.add(state);
  const forget = () => {
    watched.delete(state);
    if (watched.size === 0) process.off("exit", waitForAll);
  };
  return { gate, forget };
}

/** Gates of the threads that are alive. They share one listener, since Node warns of a leak from the eleventh on. */
const watched = new Set<Int32Array>();

function waitForAll(): void {
  for (const state of watched) Atomics.store(state, CLOSED, 1);
  for (const state of watched) Atomics.wait(state, INSIDE, 1, PATIENCE);
}

/** Makes a call in the thread, unless the process is ending. */
export async function throughGate<T>(call: () => Promise<T>): Promise<T> {
  if (!(workerData instanceof SharedArrayBuffer)) return call();
  const state = new Int32Array(workerData);
  const leave = () => {
    Atomics.store(state, INSIDE, 0);
    Atomics.notify(state, INSIDE);
  };
  Atomics.store(state, INSIDE, 1);
  if (Atomics.load(state, CLOSED) === 1) {
    leave();
    await new Promise(() => {}); // until the process takes the thread
  }
  return call().finally(leave);
}
