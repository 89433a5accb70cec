/** Downloads a model's files from the Hugging Face hub into a local folder, once. */
import { homedir } from "node:os";
import { join } from "node:path";
import { S2Error } from "../../core/index.ts";
import { COMMIT, checkHubName, checkHubUrl, chooseFiles, hub } from "../hub-files.ts";
import { askCommit, askFiles } from "../hub-list.ts";
import { type CachedModel, noteRevision, readCached, writeManifest } from "./hub-cache.ts";
import { type FetchOptions, fetchFile, isDiskError, sweepPartials } from "./hub-file.ts";
import { hubRequest } from "./hub-request.ts";

export interface DownloadOptions extends Partial<Pick<FetchOptions, "onProgress" | "signal" | "idleLimit">> {
  /** Uses the cache and never the network; also by the environment's HF_HUB_OFFLINE=1. */
  offline?: boolean;
  /** Default `$S2_CACHE`, else `$XDG_CACHE_HOME/s2-vision`, else `~/.cache/s2-vision`. */
  cacheDir?: string;
  /** Default `$HF_ENDPOINT`, else https://huggingface.co. */
  hubUrl?: string;
  /** A branch, a tag or a commit. Default "main". */
  revision?: string;
}

/**
 * Downloads "owner/name" with its configs and `onnx/model.onnx` (or `model.onnx`, or the weights to build it from) and returns the local
 * folder, `<cacheDir>/owner/name/<commit>`. Files are checked against the hub's checksums, and again when they have changed on the disk;
 * a download that was cut off continues where it stopped. Any number of processes may download one model at the same time.
 */
export async function downloadModel(name: string, options: DownloadOptions = {}): Promise<string> {
  const revision = options.revision ?? "main";
  checkHubName(name, revision);
  const home = join(options.cacheDir ?? defaultCacheDir(), ...name.split("/"));
  const cached = await readCached(home, revision);
  const isWhole = cached?.damaged.length === 0;
  const offline = options.offline ?? /^(1|true|yes|on)$/i.test(process.env.HF_HUB_OFFLINE ?? "");
  if (isWhole && (offline || COMMIT.test(revision))) return cached.folder; // a commit never changes
  if (offline) throw offlineError(name, revision, home, cached);
  try {
    const folder = await download(name, revision, home, isWhole ? cached : undefined, options);
    await sweepPartials(home);
    return folder;
  } catch (error) {
    throw isDiskError(error) ? writeError(name, home, error) : error;
  }
}

/** Files for texts, where a model has them. */
const TOKENIZER = ["tokenizer.json", "tokenizer_config.json"];

/** @param cached the earlier download, if all its files are still right. */
async function download(name: string, revision: string, home: string, cached: CachedModel | undefined, options: DownloadOptions) {
  const hubUrl = checkHubUrl(options.hubUrl ?? (process.env.HF_ENDPOINT || hub));
  const { signal, onProgress, idleLimit } = options;
  const model = { name, revision, hubUrl };
  const request = hubRequest({ ...model, cached: cached !== undefined, signal, idleLimit });
  const ask = { request, idleLimit, signal };
  const commit = await askCommit(model, ask);
  if (commit === cached?.commit) {
    await noteRevision(home, revision, commit);
    return cached.folder;
  }
  const folder = join(home, commit);
  const files = chooseFiles(name, await askFiles(model, commit, ask), TOKENIZER);
  for (const file of files) {
    const address = `${hubUrl}/${name}/resolve/${commit}/${file.path}`;
    await fetchFile(address, file, join(folder, file.path), { request, onProgress, idleLimit, signal });
  }
  await writeManifest(home, commit, files);
  await noteRevision(home, revision, commit);
  return folder;
}

/** Folder of downloaded models. */
export function defaultCacheDir(): string {
  const { S2_CACHE, XDG_CACHE_HOME } = process.env;
  return S2_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "s2-vision");
}

function offlineError(name: string, revision: string, home: string, cached?: CachedModel): S2Error {
  const [issue, otherwise] = cached
    ? [`${cached.damaged.join(", ")} of "${name}" in ${cached.folder} is missing or has changed`, ""]
    : [`"${name}" (revision ${revision}) is not in the cache, ${home}`, ", or copy that folder from a machine that has it"];
  const advice = `Run once with a network and without offline or HF_HUB_OFFLINE${otherwise}.`;
  return new S2Error("offline", `${issue}, and offline is set, so it is not downloaded. ${advice}`);
}

function writeError(name: string, home: string, error: Error): S2Error {
  const { message } = error.cause instanceof Error ? error.cause : error;
  const advice = "Make room or get the right to write there, or give another folder by S2_CACHE or cacheDir.";
  return new S2Error("write", `"${name}" cannot be written to ${home} (${message}). ${advice}`, { cause: error });
}
