/** The downloaded models on disk: which commit a revision was, which files it has, and whether they are still as they were checked. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { array, type InferOutput, number, object, optional, string } from "valibot";
import { parseJson } from "../../tensors/json.ts";
import { COMMIT, type HubFile } from "../hub-files.ts";
import { isWhole } from "./hub-file.ts";
import { writeWhole } from "./write-whole.ts";

export interface CachedModel {
  readonly commit: string;
  readonly folder: string;
  /** Files that are missing or not what was downloaded. */
  readonly damaged: readonly string[];
}

/** `mtimeMs`: the time of the file when its checksum was right; with its size it says cheaply that nobody has touched it since. */
const Manifest = array(
  object({ path: string(), size: number(), oid: string(), sha256: optional(string()), mtimeMs: optional(number()) }),
);

/** Finds the model that `revision` was when it was last downloaded. Files whose size or time has changed are checked by their checksums. */
export async function readCached(home: string, revision: string): Promise<CachedModel | undefined> {
  const commit = (await readFile(refFile(home, revision), "utf8").catch(() => "")).trim();
  if (!COMMIT.test(commit)) return undefined;
  const files = await readManifest(home, commit);
  if (!files) return undefined;
  const folder = join(home, commit);
  const damaged: string[] = [];
  let isTouched = false;
  for (const file of files) {
    const path = join(folder, file.path);
    const found = await stat(path).catch(() => undefined);
    if (found?.size === file.size && found.mtimeMs === file.mtimeMs) continue;
    if (await isWhole(path, file)) isTouched = true;
    else damaged.push(file.path);
  }
  if (isTouched && damaged.length === 0) await writeManifest(home, commit, files).catch(() => undefined); // a read-only cache
  return { commit, folder, damaged };
}

/** Notes, once all files are there, what they are and that `revision` is `commit`: these notes are what makes a folder count as cached. */
export async function remember(home: string, revision: string, commit: string, files: readonly HubFile[]): Promise<void> {
  await writeManifest(home, commit, files);
  await rememberRevision(home, revision, commit);
}

/** Writes nothing where it is noted already, so that a read-only cache serves. */
export async function rememberRevision(home: string, revision: string, commit: string): Promise<void> {
  for (const ref of new Set([revision, commit])) {
    const noted = await readFile(refFile(home, ref), "utf8").catch(() => "");
    if (noted !== commit) await writeWhole(refFile(home, ref), new TextEncoder().encode(commit));
  }
}

async function readManifest(home: string, commit: string): Promise<InferOutput<typeof Manifest> | undefined> {
  const file = manifestFile(home, commit);
  try {
    return parseJson(Manifest, await readFile(file), { code: "hub-checksum", name: file, advice: "Delete it." });
  } catch {
    return undefined; // then the files count as not checked
  }
}

async function writeManifest(home: string, commit: string, files: readonly HubFile[]): Promise<void> {
  const checked = [];
  for (const { path, size, oid, sha256 } of files) {
    const { mtimeMs } = await stat(join(home, commit, path));
    checked.push({ path, size, oid, sha256, mtimeMs });
  }
  await writeWhole(manifestFile(home, commit), new TextEncoder().encode(JSON.stringify(checked)));
}

const manifestFile = (home: string, commit: string) => join(home, "checked", `${commit}.json`);
const refFile = (home: string, revision: string) => join(home, "refs", encodeURIComponent(revision));
