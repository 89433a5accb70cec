/** A model's files from the Hugging Face hub into a local folder, once: which files, which revision, and what is there already. */
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { S2Error } from "../../core/index.ts";
import { COMMIT, chooseFiles, type HubFile, refuseNames } from "../hub-files.ts";
import { fetchFile, type OnProgress } from "./hub-file.ts";
import { hubFetch } from "./hub-request.ts";

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
}

/**
 * Downloads "owner/name" with its configs and `onnx/model.onnx` (or `model.onnx`) and returns the local folder,
 * `<cacheDir>/owner/name/<commit>`. Files are checked against the hub's checksums; a download that was cut off goes on where it stopped.
 */
export async function downloadModel(name: string, options: DownloadOptions = {}): Promise<string> {
  const revision = options.revision ?? "main";
  refuseNames(name, revision);
  const home = join(options.cacheDir ?? defaultCacheDir(), ...name.split("/"));
  const cached = await cachedFolder(home, revision);
  const offline = options.offline ?? /^(1|true|yes|on)$/i.test(process.env.HF_HUB_OFFLINE ?? "");
  if (cached && (offline || COMMIT.test(revision))) return cached; // a commit never changes
  if (offline) throw refuseOffline(name, revision, home);
  return download(name, revision, home, cached, options);
}

async function download(name: string, revision: string, home: string, cached: string | undefined, options: DownloadOptions) {
  const { listFiles, modelInfo } = await import("@huggingface/hub");
  const hubUrl = (options.hubUrl ?? process.env.HF_ENDPOINT ?? "https://huggingface.co").replace(/\/+$/, "");
  const fetch = hubFetch({ name, revision, hubUrl, cached: cached !== undefined, signal: options.signal });
  const { sha: commit } = await modelInfo({ name, revision, hubUrl, fetch, additionalFields: ["sha"] });
  if (!COMMIT.test(commit))
    throw new S2Error("hub-network", `${hubUrl} gave "${commit}" as the commit of "${name}"; expected 40 hex digits.`);
  const folder = join(home, commit);
  if (folder !== cached) {
    const listed: HubFile[] = [];
    for await (const file of listFiles({ repo: name, recursive: true, revision: commit, hubUrl, fetch })) {
      if (file.type === "file") listed.push({ path: file.path, size: file.size, oid: file.oid ?? "", sha256: file.lfs?.oid });
    }
    for (const file of chooseFiles(name, listed)) {
      const address = `${hubUrl}/${name}/resolve/${commit}/${file.path}`;
      await fetchFile(address, file, join(folder, file.path), { fetch, onProgress: options.onProgress });
    }
  }
  await remember(home, revision, commit);
  return folder;
}

/** The folder that `revision` meant when it was last downloaded whole. */
async function cachedFolder(home: string, revision: string): Promise<string | undefined> {
  const commit = (await readFile(refFile(home, revision), "utf8").catch(() => "")).trim();
  const folder = join(home, commit);
  return COMMIT.test(commit) && (await stat(folder).catch(() => undefined)) ? folder : undefined;
}

/** Notes, once all files are there, that `revision` is `commit`: this note is what makes a folder count as cached. */
async function remember(home: string, revision: string, commit: string): Promise<void> {
  await mkdir(join(home, "refs"), { recursive: true });
  for (const ref of new Set([revision, commit])) {
    const unfinished = `${refFile(home, ref)}.${process.pid}.part`;
    await writeFile(unfinished, commit);
    await rename(unfinished, refFile(home, ref));
  }
}

function refFile(home: string, revision: string): string {
  return join(home, "refs", encodeURIComponent(revision));
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
