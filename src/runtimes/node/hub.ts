/** A model's files from the Hugging Face hub into a local folder, once: which files, which revision, and what is there already. */
import { homedir } from "node:os";
import { join } from "node:path";
import { S2Error } from "../../core/index.ts";
import { COMMIT, checkHubUrl, chooseFiles, refuseNames } from "../hub-files.ts";
import { askCommit, askFiles } from "../hub-list.ts";
import { IDLE_LIMIT } from "../receive.ts";
import { type CachedModel, readCached, remember, rememberRevision } from "./hub-cache.ts";
import { fetchFile, isDiskError, type OnProgress } from "./hub-file.ts";
import { sweepParts } from "./hub-parts.ts";
import { hubRequest } from "./hub-request.ts";

export interface DownloadOptions {
  /** Use what is in the cache and never touch the network; also by the environment's HF_HUB_OFFLINE=1. */
  offline?: boolean;
  /** Default `$S2_CACHE`, else `$XDG_CACHE_HOME/s2-vision`, else `~/.cache/s2-vision`. */
  cacheDir?: string;
  /** Default `$HF_ENDPOINT`, else https://huggingface.co. */
  hubUrl?: string;
  /** A branch, a tag or a commit. Default "main". */
  revision?: string;
  /** Called as bytes arrive: those of `file` that are on disk, of as many. */
  onProgress?: OnProgress;
  signal?: AbortSignal;
  /** Milliseconds that a server may send nothing. Default 60,000. */
  idleLimit?: number;
}

/**
 * Downloads "owner/name" with its configs and `onnx/model.onnx` (or `model.onnx`, or the weights to build it from) and returns the local
 * folder, `<cacheDir>/owner/name/<commit>`. Files are checked against the hub's checksums, and again when they have changed on the disk;
 * a download that was cut off goes on where it stopped. Any number of processes may download one model at the same time.
 */
export async function downloadModel(name: string, options: DownloadOptions = {}): Promise<string> {
  const revision = options.revision ?? "main";
  refuseNames(name, revision);
  const home = join(options.cacheDir ?? defaultCacheDir(), ...name.split("/"));
  const cached = await readCached(home, revision);
  const isWhole = cached?.damaged.length === 0;
  const offline = options.offline ?? /^(1|true|yes|on)$/i.test(process.env.HF_HUB_OFFLINE ?? "");
  if (isWhole && (offline || COMMIT.test(revision))) return cached.folder; // a commit never changes
  if (offline) throw cached ? refuseDamaged(name, cached) : refuseOffline(name, revision, home);
  try {
    const folder = await download(name, revision, home, isWhole ? cached : undefined, options);
    await sweepParts(home);
    return folder;
  } catch (error) {
    throw isDiskError(error) ? refuseWrite(name, home, error) : error;
  }
}

/** @param cached the model as it was downloaded before, if all its files are still right. */
async function download(name: string, revision: string, home: string, cached: CachedModel | undefined, options: DownloadOptions) {
  const hubUrl = checkHubUrl(options.hubUrl ?? (process.env.HF_ENDPOINT || "https://huggingface.co"));
  const { signal, onProgress, idleLimit = IDLE_LIMIT } = options;
  const place = { name, revision, hubUrl };
  const request = hubRequest({ ...place, cached: cached !== undefined, signal, idleLimit });
  const ask = { request, idleLimit, signal };
  const commit = await askCommit(place, ask);
  if (commit === cached?.commit) {
    await rememberRevision(home, revision, commit);
    return cached.folder;
  }
  const folder = join(home, commit);
  const files = chooseFiles(name, await askFiles(place, commit, ask));
  for (const file of files) {
    const address = `${hubUrl}/${name}/resolve/${commit}/${file.path}`;
    await fetchFile(address, file, join(folder, file.path), { request, onProgress, idleLimit, signal });
  }
  await remember(home, revision, commit, files);
  return folder;
}

function defaultCacheDir(): string {
  const { S2_CACHE, XDG_CACHE_HOME } = process.env;
  return S2_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "s2-vision");
}

function refuseOffline(name: string, revision: string, home: string): S2Error {
  return new S2Error(
    "offline",
    `"${name}" (revision ${revision}) is not in the cache, ${home}, and offline is set, so it is not downloaded. ` +
      "Run once with a network and without offline or HF_HUB_OFFLINE, or copy that folder from a machine that has it.",
  );
}

function refuseDamaged(name: string, { folder, damaged }: CachedModel): S2Error {
  return new S2Error(
    "offline",
    `${damaged.join(", ")} of "${name}" in ${folder} is missing or not what was downloaded, and offline is set, so it is not downloaded anew. ` +
      "Run once with a network and without offline or HF_HUB_OFFLINE.",
  );
}

function refuseWrite(name: string, home: string, cause: Error): S2Error {
  return new S2Error(
    "write",
    `"${name}" cannot be written to ${home} (${cause.message}). Make room or get the right to write there, or give another folder by S2_CACHE or cacheDir.`,
    { cause },
  );
}
