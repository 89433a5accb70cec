/** Watches an archive while it is worked on: progress, and metrics as a file or at an address. */
import { rename, writeFile } from "node:fs/promises";
import { badOption } from "../core/index.ts";
import type { Archive } from "./archive.ts";
import { type ArchiveProgress, metricsText, progressOf, serveMetrics } from "./metrics.ts";
import { type ArchiveState, reconcile } from "./reconcile.ts";
import type { ArchiveEvent } from "./work.ts";

/** Milliseconds between two writes of the metrics' file. */
const WRITE_EVERY = 10_000;

/** Opens a monitor. `file` is for node_exporter's textfile collector; `address` is a port on 127.0.0.1, or HOST:PORT. */
export async function openMonitor(
  archive: Archive,
  { file, address }: { readonly file?: string; readonly address?: string } = {},
): Promise<{
  /** Counts an event of this process. */
  add(event: ArchiveEvent): void;
  /** Returns the progress by what is known. */
  progress(): ArchiveProgress;
  /** Compares the manifest with the store again. */
  refresh(): Promise<ArchiveProgress>;
  close(): Promise<void>;
}> {
  const start = await reconcile(archive);
  const begun = performance.now();
  let state: ArchiveState = start;
  let underWay = 0;
  const progress = () => progressOf(start, state, (performance.now() - begun) / 1000, underWay);
  const refresh = async () => {
    state = await reconcile(archive);
    return progress();
  };
  const text = async () => {
    const now = await refresh();
    return metricsText(state, now);
  };
  const write = async () => {
    await writeFile(`${file}.part`, await text());
    await rename(`${file}.part`, file!);
  };
  const timer = file === undefined ? undefined : setInterval(() => void write().catch(() => {}), WRITE_EVERY);
  timer?.unref();
  const server = address === undefined ? undefined : await serveMetrics(...readAddress(address), text);
  return {
    add(event) {
      if (event.type === "image") underWay++;
      else underWay = 0;
      if (event.type === "committed") {
        const shard = state.remaining.find(({ id }) => id === event.shard);
        if (shard)
          state = {
            ...state,
            committed: [...state.committed, shard],
            remaining: state.remaining.filter((each) => each !== shard),
          };
      }
    },
    progress,
    refresh,
    async close() {
      clearInterval(timer);
      if (file !== undefined) await write().catch(() => {});
      server?.closeAllConnections();
      server?.close();
    },
  };
}

function readAddress(address: string): [host: string, port: number] {
  const [, host = "127.0.0.1", digits] = /^(?:(.+):)?(\d+)$/.exec(address) ?? [];
  const port = Number(digits);
  if (port >= 0 && port < 65536) return [host, port];
  throw badOption("option", "metricsPort", address, "a port, or HOST:PORT");
}
