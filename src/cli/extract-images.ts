/** The work of `s2 extract`: images one after the other through one model, each to its file; an image that fails does not stop the others. */

import { existsSync } from "node:fs";
import { S2Error } from "../core/index.ts";
import { recordModel, scaleMaps, scalePicture } from "../features/index.ts";
import { extract, type Model, type Photo } from "../node.ts";
import { encodePng, makeFolder, readImage, writeWhole } from "../runtimes/node/index.ts";
import { type Fingerprint, optionsFingerprint } from "../store/index.ts";
import { sha256 } from "../tensors/index.ts";
import type { ExtractFlags } from "./flags.ts";
import { findImages, passedOverInWords, passedOverReasons } from "./images.ts";
import { listenForInterrupt, stoppable, stopSignal, whole } from "./interrupt.ts";
import { decodeImage, fingerprintOf } from "./model-source.ts";
import { type Job, nameOutputs, readOut } from "./output-names.ts";
import { type Output, refuseForeign } from "./own-files.ts";
import { openModel, planFor } from "./plan-flags.ts";
import { type Done, openReport, type Report } from "./report.ts";
import { status } from "./status.ts";
import { besideNpy, type Metadata, stateOf, writeFeatures } from "./stored.ts";
import { readVersion } from "./version.ts";

/** What all images share. */
interface Shared {
  readonly model: Model;
  readonly flags: ExtractFlags;
  readonly metadata: Pick<Metadata, "model" | "options" | "s2_vision">;
  /** All of an image's fingerprint but for the image. */
  readonly fingerprint: Omit<Fingerprint, "image">;
  readonly report: Report;
}

/** Returns the exit status. */
export async function extractImages(given: readonly string[], flags: ExtractFlags): Promise<number> {
  const out = readOut(flags.out, flags.format);
  const { images, passedOver } = await findImages(given, out.folder);
  const jobs = nameOutputs(images, out, flags.picture ?? false);
  refuseForeign(jobs.flatMap((job) => outputsOf(job, out.file)));
  makeFolder(out.folder); // before the model loads: one that cannot be made would fail every image
  listenForInterrupt();
  // The first image is decoded while the model loads; with --resume it may turn out not to be needed.
  const first = flags.resume ? undefined : load(jobs[0]);
  const model = await openModel(flags);
  try {
    checkFlags(flags, model);
    const metadata = describe(model, flags);
    const fingerprint = {
      model: await fingerprintOf(model, flags),
      options: optionsFingerprint(JSON.parse(metadata.options), model.preprocessing),
      version: metadata.s2_vision,
    };
    const shared = { model, flags, metadata, fingerprint, report: await openReport(jobs.length, flags) };
    passedOverReasons(passedOver).forEach(shared.report.passedOver);
    const failed = await runAll(jobs, shared, first);
    shared.report.end(passedOverInWords(passedOver));
    return failed === 0 ? status.ok : failed === jobs.length ? status.allFailed : status.someFailed;
  } finally {
    await model.dispose();
  }
}

function outputsOf({ out, picture, missing }: Job, file?: string): Output[] {
  if (missing) return [];
  const named = out === file;
  const json = besideNpy(out);
  const features: Output[] = json === out ? [{ path: out, named }] : [{ path: json }, { path: out, named, beside: json }];
  return picture ? [...features, { path: picture }] : features;
}

/** Flags that fit no image are refused once, not image by image: what a square image refuses, every image does. */
function checkFlags(flags: ExtractFlags, { traits }: Model): void {
  planFor({ height: 1024, width: 1024 }, flags, traits);
}

/** Returns how many failed. While the model looks at one image, the next is decoded. */
async function runAll(all: readonly Job[], shared: Shared, first?: Loading): Promise<number> {
  const { flags, report } = shared;
  let failed = 0;
  const jobs: Job[] = [];
  for (const job of all) {
    const state = flags.resume ? await findState(job, shared.fingerprint) : "missing";
    if (state === "holds") report.skipped(job.image, job.out);
    else jobs.push(job);
    if (state === "damaged") report.damaged(job.out);
  }
  let next = first ?? load(jobs[0]);
  for (const [i, job] of jobs.entries()) {
    const loading = next;
    next = load(jobs[i + 1]);
    try {
      report.done(await runOne(job, await loading!, shared));
    } catch (error) {
      if (stopSignal.aborted) await new Promise(() => {}); // interrupt.ts ends the process
      // A full disk or a folder that cannot be written to would fail every image that follows.
      if (error instanceof S2Error && error.code === "write") throw error;
      failed++;
      report.failed(job.image, error);
    }
  }
  return failed;
}

/** An image that cannot be read is reported when it is its turn. */
async function findState({ image, out, picture, missing }: Job, shared: Shared["fingerprint"]) {
  if (missing || !existsSync(out)) return "missing";
  const bytes = await readImage(image).catch(() => undefined);
  return bytes ? stateOf(out, { ...shared, image: await sha256(bytes) }, picture) : "missing";
}

type Loading = Promise<{ image: Photo; hash: string } | { error: unknown }> | undefined;

/** Never rejects: an image may fail long before anyone asks for it. The hash is of the very bytes that are decoded. */
function load(job?: Job): Loading {
  if (!job) return undefined;
  const read = async () => {
    if (job.missing) throw job.missing;
    const bytes = await readImage(job.image);
    return { hash: await sha256(bytes), image: await decodeImage(bytes, job.image) };
  };
  return read().catch((error: unknown) => ({ error }));
}

async function runOne(job: Job, loaded: Awaited<NonNullable<Loading>>, shared: Shared): Promise<Done> {
  if ("error" in loaded) throw loaded.error;
  const { image } = loaded;
  const { model, flags, report, fingerprint } = shared;
  const start = performance.now();
  const plan = planFor(image, flags, model.traits);
  report.warnings(job.image, plan.warnings);
  const recorded = job.picture ? recordModel(model) : undefined;
  const hooks = {
    signal: stopSignal,
    onProgress: (done: { tiles: number; of: number }) => report.progress(done.tiles / done.of),
  };
  const features = await stoppable(extract(recorded ?? model, image, { ...plan, ...hooks }));
  const picture = recorded && (await encodePng(scalePicture(image, await scaleMaps(recorded, plan), plan)));
  const { width, height } = image;
  const metadata: Metadata = {
    ...shared.metadata,
    plan: JSON.stringify(features.plan),
    image: JSON.stringify({ source: job.image, width, height }),
    fingerprint: JSON.stringify({ ...fingerprint, image: loaded.hash }),
    ...(picture && { picture: await sha256(picture) }),
  };
  stopSignal.throwIfAborted(); // a Ctrl-C during the last run of the model; from here on it waits for the files
  // The features come last, so that --resume finds them only when the picture is there too.
  const write = async () => {
    if (picture) await writeWhole(job.picture!, picture);
    await writeFeatures(job.out, features, flags.dtype, metadata);
  };
  await whole(write());
  const { dims, grid } = features;
  const ms = Math.round(performance.now() - start);
  return { image: job.image, out: job.out, ...(job.picture && { picture: job.picture }), dims, grid, tiles: plan.tiles, ms };
}

/** What decides the numbers; threads and tiles per run do not. */
function describe({ source, traits }: Model, flags: ExtractFlags): Shared["metadata"] {
  const { scales, sizes, maxSplitSize, fit, splitMode, merge, resizeOutputToIdx, overlap, fusion, dynamic, maxTiles } = flags;
  const looks = { scales, sizes, maxSplitSize, fit, splitMode, merge, resizeOutputToIdx, overlap, fusion, dynamic, maxTiles };
  const { output, prefixTokens, patchSize, imageSize, device, dtype } = flags;
  return {
    model: JSON.stringify({ source, traits }),
    options: JSON.stringify({ ...looks, output, prefixTokens, patchSize, imageSize, device, dtype }),
    s2_vision: readVersion(),
  };
}
