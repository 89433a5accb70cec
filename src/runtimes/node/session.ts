/** Starts the thread of a model's session. */
import { statSync } from "node:fs";
import { S2Error } from "../../core/index.ts";
import { convertProto, readOnnx, writeOnnx } from "../../onnx/index.ts";
import { fileError } from "../foreign-files.ts";
import type { Answer, Failed, Ready, Request } from "../messages.ts";
import { reasonOf } from "../ort.ts";
import { openSession, type Session } from "../session.ts";
import { openOnnx } from "./onnx-files.ts";
import { readHead } from "./read-file.ts";
import { openLine } from "./thread-line.ts";
import { physicalCores } from "./threads.ts";

export interface SessionOptions {
  readonly threads?: number;
  readonly device?: string | readonly string[];
  readonly dtype?: "float32" | "float16";
  /** The thread's code; a test gives one that dies. */
  readonly worker?: URL;
}

/** Starts the thread and loads the model in it. `source` names the model in errors. */
export async function startSession(model: string | Uint8Array, source: string, options: SessionOptions = {}): Promise<Session> {
  const { threads = physicalCores(), worker = new URL("./session-worker.js", import.meta.url) } = options;
  const devices = devicesOf(options.device);
  const half = options.dtype === "float16" && devices[0] !== "cpu" ? inFloat16(model) : undefined;
  const line = openLine<Request, Answer>(worker);
  // A copy: the caller's bytes stay usable, and the whole buffer behind a view does not travel.
  const copy = typeof model === "string" ? model : new Uint8Array(model);
  const answer = await line.ask(
    { kind: "load", model: copy, half, devices, settings: { threads } },
    [copy, half].flatMap((bytes) => (bytes instanceof Uint8Array ? [bytes.buffer as ArrayBuffer] : [])),
  );
  if (answer.kind === "ready") {
    warnOfDevices(answer, "model");
    return openSession(line, answer);
  }
  await line.end();
  const failed = answer as Failed;
  if (failed.stage === "import") throw importError(failed);
  const { bytes, size } = typeof model === "string" ? headOf(model) : { bytes: model, size: model.length };
  throw fileError(reasonOf(failed), source, bytes, size);
}

/** The file rewritten to compute in float16. @throws S2Error "onnx-file", "too-large". */
function inFloat16(model: string | Uint8Array): Uint8Array {
  return writeOnnx(convertProto(typeof model === "string" ? openOnnx(model) : readOnnx(model), { compute: true }));
}

/** Ends with the CPU, which every machine has. */
export function devicesOf(device: SessionOptions["device"]): string[] {
  const wanted = typeof device === "string" ? [device] : (device ?? []);
  const cpu = wanted.indexOf("cpu");
  return [...new Set([...(cpu < 0 ? wanted : wanted.slice(0, cpu)), "cpu"])];
}

/** Warns of devices that cannot be used. */
export function warnOfDevices({ missing, device: instead }: Ready, what: "model" | "graph"): void {
  for (const { device, reason } of missing) {
    const message = `The device "${device}" cannot be used (${reasonOf({ message: reason })}); the ${what} runs on "${instead}".`;
    process.emitWarning(message, { code: "S2_DEVICE" });
  }
}

/** Returns the error for an onnxruntime-node that is missing or does not load. */
export function importError(failed: Pick<Failed, "code" | "message">): S2Error {
  const { code, message } = failed;
  const absent = (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") && message.includes("onnxruntime-node'");
  const what = absent ? "is not installed" : `is installed but does not load on this machine (${reasonOf(failed)})`;
  const install =
    "`npm install onnxruntime-node`, and on a machine whose network ends at the registry `ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node`";
  return new S2Error("runtime-missing", `onnxruntime-node ${what}; run ${install}.`);
}

function headOf(path: string): { bytes: Uint8Array; size: number | string } {
  try {
    return { bytes: readHead(path), size: statSync(path).size };
  } catch {
    return { bytes: new Uint8Array(), size: "unreadable" };
  }
}
