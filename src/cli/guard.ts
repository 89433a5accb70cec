/** Guards the process of a command: every error ends it with a message and an exit status. */
import { explain, status } from "./errors.ts";
import { stopSignal, stopWith } from "./interrupt.ts";
import { statusOfOutput, writeMessage } from "./output.ts";

/** Runs the command of this process. */
export function runGuarded(command: () => Promise<void>): void {
  let done = false;
  // Each write handles its own error (output.ts); without a listener Node would end the process.
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
  // This includes rejections that nobody handles.
  process.on("uncaughtException", (error) => void stopWith(explain(error)));
  process.removeAllListeners("warning"); // Node's listeners print for developers
  process.on("warning", ({ message, ...warning }) => {
    const ours = String((warning as { code?: string }).code).startsWith("S2_");
    if (ours || process.env.S2_DEBUG) writeMessage(`note: ${message}\n`);
  });
  // The event loop is empty and the command still waits: without this Node would end with 0.
  process.once("beforeExit", () => {
    if (done || stopSignal.aborted) return;
    writeMessage("error: The command waits for something that never comes, and its work is not done; please report this.\n");
    process.exitCode = status.unexpected;
  });
  command()
    .catch((error: unknown) => {
      process.exitCode = explain(error);
    })
    .finally(() => {
      done = true;
      // After the last write's callback.
      setImmediate(() => (process.exitCode = statusOfOutput(Number(process.exitCode ?? status.ok))));
    });
}
