/** A line to a thread: numbered requests, their answers, and what the thread's death means for those who wait. */

import { Worker } from "node:worker_threads";
import { S2Error } from "../../core/index.ts";
import type { Numbered } from "./session-messages.ts";

/** `ask` rejects with an S2Error "runtime" when the thread dies first. */
export interface ThreadLine<Request, Answer> {
  ask(request: Request, transfer: ArrayBuffer[]): Promise<Answer>;
  /** Resolves when what was asked is answered and the thread is gone. */
  end(): Promise<void>;
}

/**
 * Starts the thread. It holds the process open only while it owes an answer, so that a script which forgets to dispose of its
 * model still ends; and it takes no signal, so that Ctrl-C ends the process as if it were not there.
 */
export function openLine<Request extends object, Answer extends object>(code: URL): ThreadLine<Request, Answer> {
  // Not the parent's flags: `--input-type`, `--eval` and their like would stop the thread from starting.
  const worker = new Worker(code, { execArgv: [] });
  const waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: S2Error) => void }>();
  let death: S2Error | undefined;
  let last = 0;

  const die = (reason: string, cause?: unknown): void => {
    death ??= new S2Error("runtime", `The model's thread ended before its work was done (${reason}); load the model again.`, {
      cause,
    });
    for (const { reject } of waiting.values()) reject(death);
    waiting.clear();
  };
  const gone = new Promise<void>((resolve) => {
    worker.on("exit", (status) => {
      die(`exit status ${status}`);
      resolve();
    });
  });
  worker.on("error", (error) => die(error.message, error));
  worker.on("message", ({ id, ...answer }: Numbered<Answer>) => {
    waiting.get(id)?.resolve(answer as unknown as Answer);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
  });
  worker.unref();

  return {
    ask(request, transfer) {
      return new Promise((resolve, reject) => {
        if (death) return reject(death);
        waiting.set(++last, { resolve, reject });
        worker.ref();
        worker.postMessage({ ...request, id: last }, transfer);
      });
    },
    async end() {
      if (death) return;
      worker.ref();
      worker.postMessage({ kind: "stop", id: ++last });
      await gone;
    },
  };
}
