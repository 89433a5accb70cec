/** Several workers on one machine: processes that find their shards by claims in the store. One that is killed is started again. */
import { spawn } from "node:child_process";

/** Starts after a kill that a worker has; then the others go on without it. */
const MOST_STARTS = 20;

/** Options of `runProcesses`. */
export interface ProcessOptions {
  readonly signal?: AbortSignal;
  /** Called with what a worker prints on standard error. */
  readonly onMessage?: (text: string) => void;
}

/**
 * Runs `count` processes of Node with these arguments until all have ended, and returns their exit statuses; null for one that was killed at every start.
 * Ctrl-C reaches them as it reaches this process; other signals are passed on.
 */
export async function runProcesses(
  count: number,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<(number | null)[]> {
  return Promise.all(Array.from({ length: count }, () => runOne(args, options)));
}

async function runOne(args: readonly string[], { signal, onMessage }: ProcessOptions): Promise<number | null> {
  for (let start = 0; start < MOST_STARTS; start++) {
    const status = await new Promise<number | null>((resolve, reject) => {
      const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
      const stop = () => void child.kill("SIGTERM");
      signal?.addEventListener("abort", stop, { once: true });
      child.stderr.on("data", (text) => onMessage?.(String(text)));
      child.on("error", reject);
      child.on("close", (code) => {
        signal?.removeEventListener("abort", stop);
        resolve(code);
      });
    });
    if (status !== null || signal?.aborted) return status;
  }
  return null;
}
