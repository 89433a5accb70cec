/** A model's session as its caller sees it: loads in a thread of its own, runs there one request after the other. */

import { closeSync, openSync, readSync, statSync } from "node:fs";
import { S2Error, type Tensor } from "../../core/index.ts";
import type { ValueInfo } from "../graph.ts";
import type { Answer, Done, Failed, LoadRequest, Ready, RunRequest } from "./session-messages.ts";
import { openLine, type ThreadLine } from "./thread-line.ts";
import { physicalCores } from "./threads.ts";

export interface Session {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  run(input: string, images: Tensor, outputs: readonly string[]): Promise<Record<string, Tensor>>;
  dispose(): Promise<void>;
}

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
    throw answer.stage === "import" ? importError(answer) : fileError(answer, model, source);
  }
  const ready = answer as Ready;
  for (const { device, reason } of ready.missing) warnOfDevice(device, reason, ready.device);
  return openSession(line, ready);
}

function openSession(line: ThreadLine<LoadRequest | RunRequest, Answer>, { inputs, outputs }: Ready): Session {
  let ending: Promise<void> | undefined;
  return {
    inputs,
    outputs,
    async run(input, images, names) {
      if (ending)
        throw new S2Error(
          "disposed",
          "The model was disposed of and cannot run; dispose of it after its last run, or load it again.",
        );
      const data = new Float32Array(images.data);
      const answer = await line.ask({ kind: "run", input, dims: [...images.dims], data, outputs: names }, [data.buffer]);
      if (answer.kind === "failed") {
        throw new S2Error("runtime", `ONNX Runtime failed on images of shape [${images.dims.join(", ")}]: ${reasonOf(answer)}.`);
      }
      return (answer as Done).outputs;
    },
    dispose() {
      ending ??= line.end();
      return ending;
    },
  };
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

function importError(failed: Failed): S2Error {
  const { code, message } = failed;
  const absent = (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") && message.includes("onnxruntime-node'");
  const what = absent ? "is not installed" : `is installed but does not load on this machine (${reasonOf(failed)})`;
  const install =
    "`npm install onnxruntime-node`, and on a machine whose network ends at the registry `ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node`";
  return new S2Error("runtime-missing", `onnxruntime-node ${what}; run ${install}.`);
}

function fileError(failed: Failed, model: string | Uint8Array, source: string): S2Error {
  const { bytes, size } = typeof model === "string" ? headOf(model) : { bytes: model.subarray(0, 40), size: model.length };
  if (new TextDecoder("latin1").decode(bytes).startsWith("version https://git-lfs")) {
    return new S2Error(
      "model-file",
      `${source} is a Git LFS pointer (${size} bytes) and not the model; run \`git lfs pull\` in its repository, or download the file.`,
    );
  }
  const advice =
    "An ONNX model was expected: if the file was downloaded, download it again; if it was exported, export it for this ONNX Runtime";
  return new S2Error("model-file", `${source} (${size} bytes) does not load: ${reasonOf(failed)}. ${advice}.`);
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

/** ONNX Runtime's words without its source lines and the C++ condition that failed; no full stop. */
function reasonOf({ message }: { readonly message: string }): string {
  const said = message.replace(/\/\S+\.(cc|h):\d+ .*? was (false|true)\. /gs, "");
  return said.trim().split("\n")[0].trim().replace(/\.$/, "");
}
