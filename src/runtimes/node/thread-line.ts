/** A line to a thread of Node's. */

import { Worker } from "node:worker_threads";
import { S2Error } from "../../core/index.ts";
import { type Line, type Numbered, waitingRoom } from "../line.ts";
import { watchExit } from "./thread-gate.ts";

/**
 * Starts the thread. It holds the process open only while it owes an answer, so that a script which forgets to dispose of its
 * model still ends; and it takes no signal, so that Ctrl-C ends the process as if it were not there.
 */
export function openLine<Request extends object, Answer extends object>(code: URL): Line<Request, Answer> {
  // Not the parent's flags: `--input-type`, `--eval` and their like would stop the thread from starting.
  const { gate, forget } = watchExit();
  const worker = new Worker(code, { execArgv: [], workerData: gate });
  const waiting = waitingRoom<Answer>();
  const die = (reason: string, cause?: unknown): void =>
    waiting.die(
      new S2Error("runtime", `The model's thread ended before its work was done (${reason}); load the model again.`, { cause }),
    );
  const gone = new Promise<void>((resolve) => {
    worker.on("exit", (status) => {
      forget();
      die(`exit status ${status}`);
      resolve();
    });
  });
  worker.on("error", (error) => die(error.message, error));
  worker.on("message", (answer: Numbered<Answer>) => {
    waiting.settle(answer);
    if (waiting.count === 0) worker.unref();
  });
  worker.unref();

  return {
    ask: (request, transfer) =>
      waiting.ask((id) => {
        worker.ref();
        worker.postMessage({ ...request, id }, transfer);
      }),
    async end() {
      if (waiting.dead) return;
      worker.ref();
      worker.postMessage({ kind: "stop", id: 0 });
      await gone;
    },
  };
}
