/** A model's session as its caller sees it: runs in a thread of its own, one request after the other. Platform-free. */

import { S2Error, type Tensor } from "../core/index.ts";
import { closing } from "./closing.ts";
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
