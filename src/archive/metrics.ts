/** Progress of an archive from its store: counts, rate and time left, also as metrics for Prometheus. */
import { createServer, type Server } from "node:http";
import { type ArchiveState, imagesOf } from "./reconcile.ts";

/** Progress since this process began to watch. */
export interface ArchiveProgress {
  readonly planned: number;
  /** Images in committed shards and in the shard under way. */
  readonly done: number;
  readonly failed: number;
  /** Images a second, of all workers on this store. */
  readonly rate: number;
  /** Undefined before the first images are done. */
  readonly secondsLeft?: number;
}

/** Measures the progress between two states; `underWay` are images in shards that are not committed yet. */
export function progressOf(start: ArchiveState, now: ArchiveState, seconds: number, underWay = 0): ArchiveProgress {
  const done = imagesOf(now.committed) + underWay;
  const rate = seconds > 0 ? (done - imagesOf(start.committed)) / seconds : 0;
  const left = imagesOf(now.remaining) - underWay;
  return {
    ...{ planned: imagesOf(now.planned), done, failed: imagesOf(now.failed), rate },
    ...(rate > 0 && { secondsLeft: Math.max(0, left) / rate }),
  };
}

/** Metrics in Prometheus's text format (version 0.0.4). */
export function metricsText({ planned, committed, failed, remaining }: ArchiveState, progress: ArchiveProgress): string {
  const states = { planned, committed, failed, remaining };
  const gauge = (name: string, about: string, values: readonly (readonly [labels: string, value: number])[]) =>
    [`# HELP ${name} ${about}`, `# TYPE ${name} gauge`, ...values.map(([labels, value]) => `${name}${labels} ${value}`)].join(
      "\n",
    );
  const byState = (count: (shards: typeof planned) => number) =>
    Object.entries(states).map(([state, shards]) => [`{state="${state}"}`, count(shards)] as const);
  const { rate, secondsLeft } = progress;
  const lines = [
    gauge("s2_archive_images", "Images of the archive by the state of their shard.", byState(imagesOf)),
    gauge(
      "s2_archive_shards",
      "Shards of the archive by state.",
      byState((shards) => shards.length),
    ),
    gauge("s2_archive_images_per_second", "Images done each second by all workers, since this one began.", [["", rate]]),
    ...(secondsLeft === undefined
      ? []
      : [gauge("s2_archive_seconds_left", "Seconds until the archive is complete.", [["", secondsLeft]])]),
  ];
  return `${lines.join("\n")}\n`;
}

/** Serves metrics at /metrics. */
export async function serveMetrics(host: string, port: number, text: () => Promise<string>): Promise<Server> {
  const server = createServer(async (request, response) => {
    if (request.url !== "/metrics") return void response.writeHead(404).end();
    try {
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(await text());
    } catch {
      response.writeHead(500).end();
    }
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve));
  server.unref();
  return server;
}
