/** The thread that ONNX Runtime runs in: `session.run` blocks its thread for the whole run, so that must not be the caller's. */
import { parentPort } from "node:worker_threads";
import type { Numbered } from "../line.ts";
import type { Request } from "../messages.ts";
import { makeServer, movableBuffers } from "../serve.ts";
import { download } from "./download.ts";
import { missingOperators } from "./missing-operators.ts";
import { throughGate } from "./thread-gate.ts";
import { sessionOptions } from "./threads.ts";

const port = parentPort!;
const answer = makeServer({
  importLibrary: () => import("onnxruntime-node"),
  download,
  missingOperators,
  sessionOptions: (threads, device, strict) => ({
    ...sessionOptions(threads),
    // The arena never gives memory back: 205-238 MB without it against 288 MB with it on mixed batches, for 1 % of CPU time.
    ...(device && { executionProviders: [device], enableCpuMemArena: false }),
    // Sums that an optimizer keeps fade to subnormal numbers, which processors are slow at.
    ...(!device && { extra: { session: { force_spinning_stop: "1", set_denormal_as_zero: "1" } } }),
    ...(strict && { extra: { session: { disable_cpu_ep_fallback: "1" } } }),
  }),
});

// One after the other: a run must not meet a session that is being released.
let queue: Promise<void> = Promise.resolve();
port.on("message", ({ id, ...request }: Numbered<Request>) => {
  queue = queue.then(() =>
    throughGate(async () => {
      const answered = await answer(request as Request);
      if (request.kind === "stop") port.close();
      else port.postMessage({ ...answered, id }, movableBuffers(answered));
    }),
  );
});
