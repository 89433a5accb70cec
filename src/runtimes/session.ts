/** A model's session in a thread of its own, which answers one request after the other. Platform-free. */
import { S2Error, type Tensor } from "../core/index.ts";
import { closing } from "./closing.ts";
import type { ValueInfo } from "./graph.ts";
import type { Line } from "./line.ts";
import type { Answer, Ready, Request } from "./messages.ts";
import { reasonOf } from "./ort.ts";

export interface Session {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  run(input: string, images: Tensor, outputs: readonly string[]): Promise<Record<string, Tensor>>;
  dispose(): Promise<void>;
}

/** Makes a session of a thread that has loaded its model. */
export function openSession(line: Line<Request, Answer>, { inputs, outputs }: Ready): Session {
  const { call, close } = closing("model", () => line.end());
  return {
    inputs,
    outputs,
    async run(input, images, names) {
      const answer = await call(() => {
        const data = new Float32Array(images.data); // a copy to transfer: the caller's images stay usable
        return line.ask({ kind: "run", input, dims: [...images.dims], data, outputs: names }, [data.buffer]);
      });
      if (answer.kind === "done") return answer.outputs;
      const reason = answer.kind === "failed" ? reasonOf(answer) : "its thread sent another answer";
      throw new S2Error("runtime", `ONNX Runtime failed on images of shape [${images.dims.join(", ")}]: ${reason}.`);
    },
    dispose: close,
  };
}
