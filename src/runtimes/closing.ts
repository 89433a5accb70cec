/** Closing what calls are made to: it waits for the calls under way, refuses later ones, and happens once. Platform-free. */
import { S2Error } from "../core/index.ts";

export interface Closing {
  /** @throws S2Error "disposed" once `close` was called. */
  call<T>(start: () => Promise<T>): Promise<T>;
  /** Every call gives the same promise. */
  close(): Promise<void>;
}

const advice = {
  model: "The model was disposed of and cannot run; dispose of it after its last run, or load it again.",
  graph: "The graph was closed and cannot run; open it again.",
} as const;

/** Calls to a model or a graph that `end` closes. */
export function closing(what: keyof typeof advice, end: () => Promise<void>): Closing {
  const running = new Set<Promise<unknown>>();
  let ended: Promise<void> | undefined;
  return {
    async call(start) {
      if (ended) throw new S2Error("disposed", advice[what]);
      const work = start();
      running.add(work);
      try {
        return await work;
      } finally {
        running.delete(work);
      }
    },
    close() {
      ended ??= Promise.allSettled(running).then(end);
      return ended;
    },
  };
}
