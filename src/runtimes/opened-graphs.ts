/** Graphs that are open beside a model, on its device: the last ones that were used stay open. Platform-free. */
import type { Session } from "./session.ts";

/** A plan has two; more plans than these halves in turn open their graphs again, which takes some milliseconds. */
const MAX_GRAPHS = 24;

/** Returns the number of a graph in the session's thread; `stays` is for graphs whose outputs are used until the end. */
export type OpenedGraph = (key: string, build: () => Uint8Array, stays?: boolean) => Promise<number>;

/** Keeps graphs by their keys; calls must wait for one another. */
export function openedGraphs(session: Session): OpenedGraph {
  const [inTurn, staying] = [new Map<string, number>(), new Map<string, number>()];
  let last = 0;
  return async (key, build, stays = false) => {
    const opened = stays ? staying : inTurn;
    const known = opened.get(key);
    if (known !== undefined) {
      opened.delete(key); // and set again, as the newest
      opened.set(key, known);
      return known;
    }
    const [oldest] = inTurn;
    if (!stays && inTurn.size === MAX_GRAPHS) {
      inTurn.delete(oldest[0]);
      await session.ask({ kind: "close", graph: oldest[1] });
    }
    const file = build();
    const graph = ++last;
    await session.ask({ kind: "open", graph, file, beside: stays ? "keep" : "model" }, [file.buffer as ArrayBuffer]);
    opened.set(key, graph);
    return graph;
  };
}
