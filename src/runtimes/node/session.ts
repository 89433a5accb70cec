/** Starts the thread that a model's session lives in, and says why one cannot. */

import { closeSync, openSync, readSync, statSync } from "node:fs";
import { S2Error } from "../../core/index.ts";
import { reasonOf } from "../ort.ts";
import { openSession, type Session } from "../session.ts";
import type { Answer, Failed, LoadRequest, Ready, RunRequest } from "../session-messages.ts";
import { openLine } from "./thread-line.ts";
import { physicalCores } from "./threads.ts";

export interface SessionOptions {
  readonly threads?: number;
  readonly device?: string | readonly string[];
  /** The thread's code; a test gives one that dies. */
  readonly worker?: URL;
}

/** Starts the thread and loads the model in it. `source` names the model in refusals. */
export async function startSession(model: string | Uint8Array, source: string, options: SessionOptions = {}): Promise<Session> {
  const line = openLine<LoadRequest | RunRequest, Answer>(options.worker ?? new URL("./session-worker.js", import.meta.url));
  // A copy: the caller's bytes stay usable, and the whole buffer behind a view does not travel.
  const copy = typeof model === "string" ? model : new Uint8Array(model);
  const answer = await line.ask(
    { kind: "load", model: copy, threads: options.threads ?? physicalCores(), devices: devicesOf(options.device) },
    typeof copy === "string" ? [] : [copy.buffer],
  );
  if (answer.kind === "failed") {
    await line.end();
    if (answer.stage === "import") throw importError(answer);
    const { bytes, size } = typeof model === "string" ? headOf(model) : { bytes: model, size: model.length };
    throw (await import("../file-error.ts")).fileError(reasonOf(answer), source, bytes, size);
  }
  const ready = answer as Ready;
  for (const { device, reason } of ready.missing) warnOfDevice(device, reason, ready.device);
  return openSession(line, ready);
}

/** Always ends with the CPU, which is always there. */
function devicesOf(device: SessionOptions["device"]): string[] {
  const wanted = typeof device === "string" ? [device] : (device ?? []);
  const cpu = wanted.indexOf("cpu");
  return [...new Set([...(cpu < 0 ? wanted : wanted.slice(0, cpu)), "cpu"])];
}

function warnOfDevice(device: string, reason: string, instead: string): void {
  process.emitWarning(
    `The device "${device}" cannot be used (${reasonOf({ message: reason })}); the model runs on "${instead}".`,
    {
      code: "S2_DEVICE",
    },
  );
}

/** Says that onnxruntime-node is missing, or why it does not load. */
export function importError(failed: Pick<Failed, "code" | "message">): S2Error {
  const { code, message } = failed;
  const absent = (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") && message.includes("onnxruntime-node'");
  const what = absent ? "is not installed" : `is installed but does not load on this machine (${reasonOf(failed)})`;
  const install =
    "`npm install onnxruntime-node`, and on a machine whose network ends at the registry `ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node`";
  return new S2Error("runtime-missing", `onnxruntime-node ${what}; run ${install}.`);
}

function headOf(path: string): { bytes: Uint8Array; size: number | string } {
  const bytes = new Uint8Array(40);
  try {
    const file = openSync(path, "r");
    readSync(file, bytes);
    closeSync(file);
    return { bytes, size: statSync(path).size };
  } catch {
    return { bytes, size: "unreadable" };
  }
}
