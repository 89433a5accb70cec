/** The work of `s2 extract`: photos one after the other through one model, each to its file; a photo that fails does not stop the others. */
import { S2Error } from "../core/index.ts";
import { recordModel, scaleMaps, scalePicture } from "../features/index.ts";
import { extract, type Features, loadImage, type Model, type Photo, type Pixels, savePng } from "../node.ts";
import { status } from "./errors.ts";
import type { ExtractFlags } from "./flags.ts";
import { listenForInterrupt, stoppable, stopSignal, whole } from "./interrupt.ts";
import { findPhotos, type Job, nameOutputs, readOut } from "./photos.ts";
import { openModel, planFor } from "./plan-flags.ts";
import { type Done, openReport, type Report } from "./report.ts";
import { fileMark, type Metadata, stillHolds, writeFeatures } from "./stored.ts";
import { readVersion } from "./version.ts";

/** What all photos share. */
interface Shared {
  readonly model: Model;
  readonly flags: ExtractFlags;
  readonly metadata: Pick<Metadata, "model" | "options" | "s2_vision">;
  readonly report: Report;
}

/** Returns the exit status. */
export async function extractPhotos(given: readonly string[], flags: ExtractFlags): Promise<number> {
  const out = readOut(flags.out, flags.format);
  const jobs = nameOutputs(await findPhotos(given, out.folder), out, flags.picture ?? false);
  listenForInterrupt();
  // The first photo is decoded while the model loads; with --resume it may turn out not to be needed.
  const first = flags.resume ? undefined : load(jobs[0]);
  const model = await openModel(flags);
  try {
    checkFlags(flags, model);
    const shared = { model, flags, metadata: describe(model, flags), report: await openReport(jobs.length, flags) };
    const failed = await runAll(jobs, shared, first);
    shared.report.end();
    return failed === 0 ? status.ok : failed === jobs.length ? status.allFailed : status.someFailed;
  } finally {
    await model.dispose();
  }
}

/** Flags that fit no photo are refused once, not photo by photo: what a square photo refuses, every photo does. */
function checkFlags(flags: ExtractFlags, { traits }: Model): void {
  planFor({ height: 1024, width: 1024 }, flags, traits);
}

/** Returns how many failed. While the model looks at one photo, the next is decoded. */
async function runAll(all: readonly Job[], shared: Shared, first?: Loading): Promise<number> {
  const { flags, metadata, report } = shared;
  let failed = 0;
  const jobs: Job[] = [];
  for (const job of all) {
    if (flags.resume && (await isDone(job, metadata))) report.skipped(job.photo, job.out);
    else jobs.push(job);
  }
  let next = first ?? load(jobs[0]);
  for (const [i, job] of jobs.entries()) {
    const loading = next;
    next = load(jobs[i + 1]);
    try {
      report.done(await runOne(job, await loading!, shared));
    } catch (error) {
      if (stopSignal.aborted) await new Promise(() => {}); // interrupt.ts ends the process
      if (error instanceof S2Error && error.code === "write") throw error;
      failed++;
      report.failed(job.photo, error);
    }
  }
  return failed;
}

async function isDone({ photo, out, picture, missing }: Job, metadata: Shared["metadata"]): Promise<boolean> {
  return !missing && (await stillHolds(out, photo, metadata)) && (!picture || fileMark(picture) !== undefined);
}

type Loading = Promise<{ photo: Photo } | { error: unknown }> | undefined;

/** Never rejects: a photo may fail long before anyone asks for it. */
function load(job?: Job): Loading {
  if (!job) return undefined;
  const photo = job.missing ? Promise.reject<Photo>(job.missing) : loadImage(job.photo);
  return photo.then(
    (photo) => ({ photo }),
    (error: unknown) => ({ error }),
  );
}

async function runOne(job: Job, loaded: Awaited<NonNullable<Loading>>, shared: Shared): Promise<Done> {
  if ("error" in loaded) throw loaded.error;
  const { photo } = loaded;
  const { model, flags, report } = shared;
  const start = performance.now();
  const plan = planFor(photo, flags, model.traits);
  report.warnings(job.photo, plan.warnings);
  const recorded = job.picture ? recordModel(model) : undefined;
  const hooks = {
    signal: stopSignal,
    onProgress: (done: { tiles: number; of: number }) => report.progress(done.tiles / done.of),
  };
  const features = await stoppable(extract(recorded ?? model, photo, { ...plan, ...hooks }));
  const pixels = recorded && scalePicture(photo, await scaleMaps(recorded, plan), plan);
  const { width, height } = photo;
  const metadata: Metadata = {
    ...shared.metadata,
    plan: JSON.stringify(features.plan),
    photo: JSON.stringify({ source: job.photo, width, height, ...fileMark(job.photo) }),
  };
  stopSignal.throwIfAborted(); // a Ctrl-C during the last run of the model; from here on it waits for the files
  await whole(writeAll(job, features, flags.dtype, metadata, pixels));
  const { dims, grid } = features;
  const ms = Math.round(performance.now() - start);
  return { photo: job.photo, out: job.out, ...(job.picture && { picture: job.picture }), dims, grid, tiles: plan.tiles, ms };
}

/** What decides the numbers; threads and tiles per run do not. */
function describe({ source, traits }: Model, flags: ExtractFlags): Shared["metadata"] {
  const { scales, sizes, maxSplitSize, fit, splitMode, merge, resizeOutputToIdx, overlap, fusion, dynamic, maxTiles } = flags;
  const looks = { scales, sizes, maxSplitSize, fit, splitMode, merge, resizeOutputToIdx, overlap, fusion, dynamic, maxTiles };
  const { output, prefixTokens, patchSize, imageSize, device, dtype } = flags;
  return {
    model: JSON.stringify({ source, traits, ...fileMark(source) }),
    options: JSON.stringify({ ...looks, output, prefixTokens, patchSize, imageSize, device, dtype }),
    s2_vision: readVersion(),
  };
}

/** A full disk or a folder that cannot be written to would fail every photo that follows, so it ends the command. */
async function writeAll(
  job: Job,
  features: Features,
  dtype: ExtractFlags["dtype"],
  metadata: Metadata,
  pixels?: Pixels,
): Promise<void> {
  try {
    await writeFeatures(job.out, features, dtype, metadata);
    if (pixels && job.picture) await savePng(pixels, job.picture);
  } catch (cause) {
    throw new S2Error("write", `${job.out} cannot be written: ${(cause as Error).message}. Give another --out, or make room.`, {
      cause,
    });
  }
}
