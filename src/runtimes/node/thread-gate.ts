/**
 * Ending the process while a thread is inside ONNX Runtime: Node takes the thread's JavaScript away under the native call, which then aborts
 * the process. So the process waits at its exit until the call is over, and the thread begins no other.
 */
import { workerData } from "node:worker_threads";

/** In shared memory: whether the thread is inside, and whether nobody goes in any more. */
const [inside, closed] = [0, 1];

/** The longest that an exit waits. */
const patience = 10_000;

/** The process's side: what the thread gets as `workerData`, and when the thread is gone, an end to the watch. */
export function watchExit(): { gate: SharedArrayBuffer; forget: () => void } {
  const gate = new SharedArrayBuffer(8);
  const state = new Int32Array(gate);
  const wait = () => {
    Atomics.store(state, closed, 1);
    Atomics.wait(state, inside, 1, patience);
  };
  process.on("exit", wait);
  return { gate, forget: () => process.off("exit", wait) };
}

/** The thread's side: a call that is not begun once the process is ending. */
export async function throughGate<T>(call: () => Promise<T>): Promise<T> {
  if (!(workerData instanceof SharedArrayBuffer)) return call();
  const state = new Int32Array(workerData);
  const leave = () => {
    Atomics.store(state, inside, 0);
    Atomics.notify(state, inside);
  };
  Atomics.store(state, inside, 1);
  if (Atomics.load(state, closed) === 1) {
    leave();
    await new Promise(() => {}); // until the process takes the thread
  }
  return call().finally(leave);
}
