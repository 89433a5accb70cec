/** A model's session as its caller sees it: runs in a thread of its own, one request after the other. Platform-free. */

import { S2Error, type Tensor } from "../core/index.ts";
import { closing } from "./closing.ts";
import { refusalOf } from "./foreign-files.ts";
import type { ValueInfo } from "./graph.ts";
import type { Line } from "./line.ts";
import { reasonOf } from "./ort.ts";
import type { Answer, Done, Ready, RunRequest } from "./session-messages.ts";

export interface Session {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  run(input: string, images: Tensor, outputs: readonly string[]): Promise<Record<string, Tensor>>;
  dispose(): Promise<void>;
}

/** The session of a thread that has loaded its model. */
export function openSession(line: Line<RunRequest, Answer | { readonly kind: "fed" }>, { inputs, outputs }: Ready): Session {
  const { call, close } = closing("model", () => line.end());
  return {
    inputs,
    outputs,
    async run(input, images, names) {
      const answer = await call(() => {
        const data = new Float32Array(images.data); // a copy that may travel: the caller's images stay usable
        return line.ask({ kind: "run", input, dims: [...images.dims], data, outputs: names }, [data.buffer]);
      });
      if (answer.kind === "failed") {
        throw new S2Error("runtime", `ONNX Runtime failed on images of shape [${images.dims.join(", ")}]: ${reasonOf(answer)}.`);
      }
      return (answer as Done).outputs;
    },
    dispose: close,
  };
}

/** The refusal for a file that ONNX Runtime does not load; `head` are its first bytes. */
export function fileError(reason: string, source: string, head: Uint8Array, size: number | string): S2Error {
  const refusal = refusalOf(source, head);
  if (refusal) return new S2Error("model-file", refusal);
  if (/external data/i.test(reason))
    return new S2Error(
      "model-file",
      `${source} has its weights in another file that is not read: ${reason}. That file must lie in the model's folder, and not by a link to elsewhere; download it into it.`,
    );
  const advice =
    "An ONNX model was expected: if the file was downloaded, download it again; if it was exported, export it for this ONNX Runtime";
  return new S2Error("model-file", `${source} (${size} bytes) does not load: ${reason}. ${advice}.`);
}
