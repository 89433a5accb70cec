/** Runs `s2 archive`: calls the library and prints progress, results and failures. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import {
  type ArchiveConfig,
  type ArchiveEvent,
  addToArchive,
  openArchive,
  openMonitor,
  reconcile,
  retryArchive,
  runArchive,
  runProcesses,
  searchArchive,
  verifyArchive,
} from "../archive/index.ts";
import { archiveStatus } from "../archive.ts";
import { failingWith, status } from "./errors.ts";
import type { ModelFlags, SizeFlags } from "./flags.ts";
import { stopSignal, untilStopped } from "./interrupt.ts";
import { inLines, jsonLine, writeMessage, writeReport, writeResult } from "./output.ts";
import { extractionOf, loadOptionsOf, openModel, pick } from "./plan-flags.ts";
import { failedLine, openProgress, type PrintFlags, printUndecoded } from "./progress.ts";

/** Flags of workers. */
export interface RunFlags extends ModelFlags, PrintFlags {
  workers?: number;
  shard?: readonly [number, number];
  queue?: string;
  claim?: number;
  metrics?: string;
  metricsPort?: string;
}

/** Flags of `s2 archive add`. */
export interface AddFlags extends RunFlags, SizeFlags {
  to: string;
  format?: "safetensors" | "parquet";
  keep?: "features" | "vectors";
  pooling?: "cls" | "mean" | "cls+mean";
  lancedb?: boolean;
  shardSize?: number;
  planOnly?: boolean;
}

/** Returns the exit status. */
export async function add(sources: readonly string[], flags: AddFlags): Promise<number> {
  return untilStopped(async () => {
    const before = await openArchive(flags.to).catch(() => undefined); // whose model and options need not be given again
    const { model: path } = flags;
    // Workers in other folders find a local model by its full path.
    const given = { ...loadOptionsOf(flags), ...(path && { model: existsSync(path) ? resolve(path) : path }) };
    const loadOptions = { ...before?.config.model, ...given };
    const model = await openModel({ ...flags, ...(loadOptions as ModelFlags) });
    try {
      const extraction = extractionOf(flags);
      const choices = {
        ...pick(flags, "format", "keep", "pooling", "lancedb", "shardSize"),
        ...(Object.keys(extraction).length > 0 && { extraction }),
      };
      const added = await addToArchive(flags.to, sources, { model, loadOptions, ...choices });
      if (!flags.quiet) {
        printUndecoded(added.undecoded);
        const known = added.known > 0 ? `; ${added.known} were there before` : "";
        writeMessage(`planned ${added.images} images in ${added.shards} shards${known}\n`);
      }
    } finally {
      await model.dispose();
    }
    return flags.planOnly ? status.ok : work(flags.to, flags);
  });
}

/** Returns the exit status. */
export const resume = (store: string, flags: RunFlags): Promise<number> => untilStopped(() => work(store, flags));

async function work(location: string, flags: RunFlags): Promise<number> {
  const archive = await openArchive(location);
  const { quiet, json, workers = 1, metrics, metricsPort } = flags;
  const monitor = await openMonitor(archive, { file: metrics, address: metricsPort });
  const bar = await openProgress(monitor.progress().planned, flags);
  let issues = 0;
  let held: string[] = [];
  const onEvent = (event: ArchiveEvent) => {
    monitor.add(event);
    // Images of an attempt that fails are extracted again: only those of a committed shard are reported.
    if (event.type === "claimed") held = [];
    if (event.type === "image" && event.issue !== undefined) held.push(failedLine(event.image, event.issue));
    if (event.type === "committed") {
      issues += held.length;
      held.forEach(bar.log);
    }
    if (event.type === "failed" || event.type === "set-aside") bar.log(`${event.type}: shard ${event.shard}: ${event.reason}`);
    bar.update(monitor.progress().done);
  };
  const tick = setInterval(() => void monitor.refresh().then(({ done }) => bar.update(done)), 2000);
  try {
    if (workers > 1) issues += await workInProcesses(location, workers, flags, bar.log);
    else {
      const { queue, shard: partition, claim: claimSeconds } = flags;
      const model = await openModel({ ...(archive.config.model as ModelFlags), ...givenModel(flags) });
      try {
        await runArchive(location, { model, signal: stopSignal, onEvent, queue, partition, claimSeconds });
      } finally {
        await model.dispose();
      }
    }
    await monitor.refresh();
  } finally {
    clearInterval(tick);
    bar.stop();
    await monitor.close();
  }
  const { failed, rate } = monitor.progress();
  if (json) writeReport(jsonLine(await archiveStatus(location)));
  else if (!quiet) writeReport(`${await stateInWords(location)}${rate > 0 ? `, ${rate.toFixed(1)} images a second` : ""}\n`);
  return failed + issues > 0 ? status.someFailed : status.ok;
}

/** Threads of each worker together are those of the machine. */
async function workInProcesses(location: string, workers: number, flags: RunFlags, log: (line: string) => void): Promise<number> {
  const { availableParallelism } = await import("node:os");
  const threads = flags.threads ?? Math.max(1, Math.floor(availableParallelism() / workers));
  const args = [process.argv[1], "archive", "resume", location, "--quiet", "--threads", String(threads)];
  for (const name of ["model", "queue", "claim", "device"] as const)
    if (flags[name] !== undefined) args.push(`--${name}`, String(flags[name]));
  const ended = await runProcesses(workers, args, { signal: stopSignal, onMessage: (text) => log(text.trimEnd()) });
  stopSignal.throwIfAborted();
  return ended.filter((code) => code !== status.ok).length;
}

/** The archive knows its model; these flags say where it is and where it runs. */
const givenModel = (flags: ModelFlags) => pick(flags, "model", "threads", "device", "offline", "verbose");

async function stateInWords(location: string): Promise<string> {
  const { images, shards } = await archiveStatus(location);
  const parts = [
    `${images.committed} of ${images.planned} images done (${shards.committed} of ${shards.planned} shards)`,
    images.failed > 0 && `${images.failed} in ${shards.failed} shards set aside`,
    images.remaining > 0 && `${images.remaining} left`,
  ];
  return parts.filter(Boolean).join(", ");
}

/** Prints the state of an archive. */
export async function printStatus(location: string, { json }: { json?: boolean }): Promise<void> {
  if (json) return writeResult(jsonLine(await archiveStatus(location)));
  const archive = await openArchive(location);
  const { failed } = await reconcile(archive);
  const aside = await Promise.all(failed.map(async ({ id }) => `set aside: ${id}: ${await reasonOf(archive, id)}`));
  writeResult(inLines([await stateInWords(location), ...aside]));
}

async function reasonOf(
  { store }: { store: { read(name: string): Promise<Uint8Array | undefined> } },
  id: string,
): Promise<string> {
  const { reasons = [] } = JSON.parse(Buffer.from((await store.read(`failed/${id}.json`)) ?? "{}").toString()) as {
    reasons?: string[];
  };
  return reasons.at(-1) ?? "";
}

/** Returns the exit status: 1 where images are reported, shards damaged or left. */
export async function verify(
  location: string,
  flags: { repair?: boolean; sweepAfter?: number; json?: boolean },
): Promise<number> {
  const { repair, sweepAfter, json } = flags;
  const bar = await openProgress((await reconcile(await openArchive(location))).committed.length, { json });
  const options = { repair, ...(sweepAfter !== undefined && { sweepAfter: sweepAfter * 1000 }), onShard: bar.update };
  const { state, ...found } = await verifyArchive(location, options).finally(bar.stop);
  const { stored, reported, twice, damaged, swept } = found;
  const remaining = state.remaining.length;
  if (json) writeResult(jsonLine({ ...found, remaining }));
  else {
    const named = [
      ...reported.map(({ image, reason }) => failedLine(image, reason)),
      ...twice.map((image) => `twice: ${image}`),
      ...damaged.map(({ shard, reason }) => `damaged: ${shard}: ${reason}`),
    ];
    const counts = `${stored} images stored, ${reported.length} reported, ${twice.length} twice; ${damaged.length} shards damaged, ${remaining} left; ${swept} abandoned files removed`;
    writeResult(inLines([...named, counts]));
  }
  return reported.length + twice.length + damaged.length + remaining > 0 ? status.someFailed : status.ok;
}

/** Brings back shards that were set aside. */
export async function retry(location: string): Promise<void> {
  writeResult(`${await retryArchive(location)} shards brought back; s2 archive resume ${location} works on them\n`);
}

/** Returns the exit status. */
export async function search(location: string, image: string, flags: ModelFlags & PrintFlags & { top: number }): Promise<number> {
  return untilStopped(async () => {
    const { config } = await openArchive(location);
    const model = await openModel({
      ...(config.model as ArchiveConfig["model"] & ModelFlags),
      ...givenModel(flags),
      quiet: flags.quiet,
    });
    try {
      const hits = await failingWith(status.usage, () => searchArchive(location, image, { model, top: flags.top }));
      if (flags.json) writeResult(jsonLine({ image, hits }));
      else writeResult(inLines(hits.map(({ image: found, score }) => `${score.toFixed(3)}  ${found}`)));
      return status.ok;
    } finally {
      await model.dispose();
    }
  });
}
