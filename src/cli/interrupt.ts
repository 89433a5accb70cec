/** Ctrl-C, SIGTERM and a closed terminal: files under way are finished, then the process ends; nothing half-written stays behind. */
import { status } from "./status.ts";

/** How long a run of the model under way is waited for. */
const PATIENCE = 1000;

const signals = { SIGINT: status.interrupted, SIGTERM: status.terminated, SIGHUP: status.hungUp } as const;

const interrupted = new AbortController();
const writing = new Set<Promise<unknown>>();
const running = new Set<Promise<unknown>>();

/** Aborts on the first signal, or when nobody reads the result any more. */
export const stopSignal: AbortSignal = interrupted.signal;

/** Work that the end of the process waits for however long it takes: a few files being written. */
export function whole<T>(work: Promise<T>): Promise<T> {
  return tracked(writing, work);
}

/** Work that sees `stopSignal`, and that the end of the process waits for briefly. */
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
 * Stops the work and ends the process with `code`. A thread inside the model cannot be stopped, and process.exit() waits for it: when its
 * run takes longer than a second, the process ends by `signal` itself, at once, and with the same status for a shell.
 */
export async function stopWith(code: number, signal?: NodeJS.Signals): Promise<void> {
  interrupted.abort(new Error("interrupted"));
  if (process.stderr.isTTY) process.stderr.write("\x1b[?25h\x1b[?7h\n"); // the progress line hides the cursor and stops wrapping
  await Promise.all(writing);
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE, "late"));
  const ended = await Promise.race([Promise.all(running), patience]);
  if (ended === "late" && signal)
    process.kill(process.pid, signal); // the listeners are gone: this one ends the process
  else process.exit(code);
}

/** Ends the process in order at the first signal; a second one of any kind ends it at once, as Node does without listeners. */
export function listenForInterrupt(): void {
  const names = Object.keys(signals) as (keyof typeof signals)[];
  const stop = (name: keyof typeof signals) => {
    for (const each of names) process.off(each, stop as NodeJS.SignalsListener);
    void stopWith(signals[name], name);
  };
  for (const name of names) process.on(name, stop as NodeJS.SignalsListener);
}

/** Work that sees `stopSignal` too, and fails when the process is ending: then it ends, and not by that failure. */
export async function untilStopped<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (stopSignal.aborted) await new Promise(() => {});
    throw error;
  }
}
