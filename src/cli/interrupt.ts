/** Ctrl-C: files under way are finished, then the process ends; nothing half-written stays behind. */
import { status } from "./errors.ts";

/** How long a run of the model under way is waited for. */
const PATIENCE = 1000;

const interrupted = new AbortController();
const writing = new Set<Promise<unknown>>();
const running = new Set<Promise<unknown>>();

/** Aborts on the first Ctrl-C. */
export const stopSignal: AbortSignal = interrupted.signal;

/** Work that a Ctrl-C waits for however long it takes: a few files being written. */
export function whole<T>(work: Promise<T>): Promise<T> {
  return tracked(writing, work);
}

/** Work that sees `stopSignal`, and that a Ctrl-C waits for briefly. */
export function stoppable<T>(work: Promise<T>): Promise<T> {
  return tracked(running, work);
}

function tracked<T>(set: Set<Promise<unknown>>, work: Promise<T>): Promise<T> {
  const end = () => void set.delete(settled);
  const settled: Promise<void> = work.then(end, end);
  set.add(settled);
  return work;
}

/**
 * Ends the process with 130. A thread inside the model cannot be stopped, and process.exit() waits for it: when its run takes longer
 * than a second, the process ends by the signal itself, at once and with 130 for a shell too.
 */
export function listenForInterrupt(): void {
  const stop = async () => {
    interrupted.abort(new Error("interrupted"));
    if (process.stderr.isTTY) process.stderr.write("\x1b[?25h\x1b[?7h\n"); // the progress line hides the cursor and stops wrapping
    await Promise.all(writing);
    const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE, "late"));
    const ended = await Promise.race([Promise.all(running), patience]);
    if (ended === "late")
      process.kill(process.pid, "SIGINT"); // the listener is gone: this one ends the process
    else process.exit(status.interrupted);
  };
  process.once("SIGINT", stop);
}

/** Work that sees `stopSignal` too, and fails when a Ctrl-C came: then the process ends, and not by that failure. */
export async function untilStopped<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (stopSignal.aborted) await new Promise(() => {});
    throw error;
  }
}
