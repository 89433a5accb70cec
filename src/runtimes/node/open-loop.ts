/** `openLoop`: a graph that feeds itself, in a thread of its own: training goes on there while the next batch is made here. */
import { S2Error } from "../../core/index.ts";
import type { GraphTensor, LoopedGraph } from "../../onnx/index.ts";
import { closing } from "../closing.ts";
import type { LoopAnswer, LoopRequest } from "../loop-messages.ts";
import { openLine } from "./thread-line.ts";
import { physicalCores } from "./threads.ts";

/**
 * Opens a graph whose inputs named in `state` are fed by the outputs `next/NAME` of the run before.
 * @throws S2Error "runtime" when the graph does not load or a run fails.
 */
export async function openLoop(
  file: Uint8Array,
  state: Readonly<Record<string, GraphTensor>>,
  { threads = physicalCores() }: { threads?: number } = {},
): Promise<LoopedGraph> {
  const line = openLine<LoopRequest, LoopAnswer>(new URL("./loop-worker.js", import.meta.url));
  const ask = async (request: LoopRequest, transfer: ArrayBuffer[] = []) => {
    const answer = await line.ask(request, transfer);
    if (answer.kind === "done") return answer.outputs;
    throw new S2Error("runtime", `ONNX Runtime failed on a graph that feeds itself: ${answer.message.split("\n")[0]}`);
  };
  try {
    await ask({ kind: "open", file, state, threads });
  } catch (error) {
    await line.end();
    throw error;
  }
  const { call, close } = closing("graph", () => line.end());
  return {
    run: (feeds) => {
      const arrays = Object.values(feeds).map(({ data }) => data.buffer as ArrayBuffer);
      return call(() => ask({ kind: "run", feeds }, [...new Set(arrays)]));
    },
    state: () => call(() => ask({ kind: "state" })),
    close,
  };
}
