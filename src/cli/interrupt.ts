/** Ctrl-C, SIGTERM and a closed terminal: files under way are finished, then the process ends; nothing half-written stays behind. */
import { status } from "./status.ts";

/** Milliseconds that work under way is waited for, such as a run of the model or files that belong together. */
const PATIENCE = 1000;

const signals = { SIGINT: status.interrupted, SIGTERM: status.terminated, SIGHUP: status.hungUp } as const;
const names = Object.keys(signals) as (keyof typeof signals)[];

const interrupted = new AbortController();
const running = new Set<Promise<unknown>>();

/** Aborts on the first signal, or when nobody reads the result any more. */
export const stopSignal: AbortSignal = interrupted.signal;

/**
 * Runs the work of a command, which sees `stopSignal`. When the process is ending, the work is waited for briefly; its failure then is not
 * reported, because the signal ends the process.
 */
export async function untilStopped<T>(work: () => Promise<T>): Promise<T> {
  listenForInterrupt();
  const started = work();
  const settled = started.then(
    () => {},
    () => {},
  );
  running.add(settled);
  try {
    return await started;
  } catch (error) {
    if (stopSignal.aborted) await new Promise(() => {});
    throw error;
  } finally {
    running.delete(settled);
  }
}

/**
 * Stops the work and ends the process with `code`. A thread inside the model cannot be stopped, and process.exit() waits for it: when its
 * run takes longer than a second, the process ends by `signal` itself, at once, and with the same status for a shell.
 */
export async function stopWith(code: number, signal?: NodeJS.Signals): Promise<void> {
  interrupted.abort(new Error("interrupted"));
  if (process.stderr.isTTY) process.stderr.write("\x1b[?25h\x1b[?7h\n"); // the progress line hides the cursor and stops wrapping
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE, "late"));
  const ended = await Promise.race([Promise.all(running), patience]);
  if (ended === "late" && signal)
    process.kill(process.pid, signal); // the listeners are gone: this one ends the process
  else process.exit(code);
}

/** Ends the process in order at the first signal; a second one of any kind ends it at once, as Node does without listeners. */
export function listenForInterrupt(): void {
  for (const name of names) if (!process.listeners(name).includes(stop)) process.on(name, stop);
}

function stop(name: NodeJS.Signals): void {
  for (const each of names) process.off(each, stop);
  void stopWith(signals[name as keyof typeof signals], name);
}
