/** The connection to a thread of Node, and the end of the process while such a thread is at work. */
import { Worker } from "node:worker_threads";
import { S2Error } from "../../core/index.ts";
import { type Line, makeWaiting, type Numbered } from "../line.ts";
import { watchExit } from "./thread-gate.ts";

/**
 * Starts the thread. It keeps the process alive only while it owes an answer or is being ended, so that a script which forgets to dispose
 * of its model still ends; and it takes no signal, so that Ctrl-C ends the process as if the thread were not there.
 */
export function openLine<Request extends object, Answer extends object>(code: URL): Line<Request, Answer> {
  const { gate, forget } = watchExit();
  // Not the parent's flags: `--input-type`, `--eval` and their like would stop the thread from starting.
  const worker = new Worker(code, { execArgv: [], workerData: gate });
  const waiting = makeWaiting<Answer>();
  let ending = false;
  /** Without it Node would end a process that only waits for this thread, with status 13 and no message. */
  const hold = () => (ending || waiting.count > 0 ? worker.ref() : worker.unref());
  const die = (reason: string, cause?: unknown): void => {
    const message = `The model's thread ended before its work was done (${reason}); load the model again.`;
    waiting.die(new S2Error("runtime", message, { cause }));
  };
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
    hold();
  });
  worker.on("messageerror", (error) => {
    die(`its answer could not be read: ${error.message}`, error);
    hold();
  });
  hold();

  return {
    ask: (request, transfer) =>
      waiting.ask((id) => {
        worker.postMessage({ ...request, id }, transfer);
        hold();
      }),
    async end() {
      ending = true;
      hold();
      worker.postMessage({ kind: "stop", id: 0 }); // ignored where the thread is gone
      await gone;
    },
  };
}
