/** A model's session in a worker of its own. */
import { reasonOf } from "../ort.ts";
import { openSession, type Session } from "../session.ts";
import type { Build } from "./messages.ts";
import { type StartOptions, startWorker } from "./start-worker.ts";

export interface WebSession extends Session {
  readonly device: Build;
  readonly threads: number;
}

/** Loads a model on a device. `source` names it in refusals; `bytes` stay usable. */
export async function startSession(bytes: Uint8Array, source: string, device: Build, options: StartOptions): Promise<WebSession> {
  // A message carries all of the memory behind a view, so a part goes as a copy.
  const model = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
  const { line, answer } = await startWorker(device, { kind: "load", model, device }, options);
  if (answer.kind === "ready") return { ...openSession(line, answer), device, threads: answer.threads };
  line.kill();
  throw (await import("../file-error.ts")).fileError(reasonOf(answer), source, bytes, bytes.length);
}
