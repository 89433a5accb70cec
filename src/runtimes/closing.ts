/** Closes a model or graph once: waits for its running calls and refuses later ones. Platform-free. */
import { S2Error } from "../core/index.ts";

const advice = {
  model: "The model was disposed of and cannot run; dispose of it after its last run, or load it again.",
  graph: "The graph was closed and cannot run; open it again.",
} as const;

/** Guards the calls to a model or a graph that `end` frees. @throws S2Error "disposed" from `call` once `close` was called. */
export function closing(target: keyof typeof advice, end: () => Promise<void>) {
  const running = new Set<Promise<unknown>>();
  let ended: Promise<void> | undefined;
  return {
    async call<T>(start: () => Promise<T>): Promise<T> {
      if (ended) throw new S2Error("disposed", advice[target]);
      const work = start();
      running.add(work);
      try {
        return await work;
      } finally {
        running.delete(work);
      }
    },
    /** Returns the same promise on every call. */
    close(): Promise<void> {
      ended ??= Promise.allSettled(running).then(end);
      return ended;
    },
  };
}
