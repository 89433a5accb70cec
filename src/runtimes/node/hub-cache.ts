/** The downloaded models on disk: the commit of a revision, the files of a commit, and whether they are still as they were checked. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { array, number, object, optional, string } from "valibot";
import { parseJson } from "../../tensors/json.ts";
import { COMMIT, type HubFile } from "../hub-files.ts";
import { isWhole } from "./hub-file.ts";
import { writeWhole } from "./write-whole.ts";

export interface CachedModel {
  readonly commit: string;
  readonly folder: string;
  /** Files that are missing or changed since the download. */
  readonly damaged: readonly string[];
}

/** `mtimeMs` is the file's time when its checksum was right: with the same size and time the file counts as untouched. */
const Manifest = array(
  object({ path: string(), size: number(), oid: string(), sha256: optional(string()), mtimeMs: optional(number()) }),
);

/** Finds the last download of `revision`. Files whose size or time has changed are checked by their checksums. */
export async function readCached(home: string, revision: string): Promise<CachedModel | undefined> {
  const commit = (await readFile(refFile(home, revision), "utf8").catch(() => "")).trim();
  if (!COMMIT.test(commit)) return undefined;
  const files = await readManifest(home, commit).catch(() => undefined); // without it the files count as unchecked
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

/** Notes that `revision` is `commit`, and writes nothing where that is noted already, so that a read-only cache works. */
export async function noteRevision(home: string, revision: string, commit: string): Promise<void> {
  for (const ref of new Set([revision, commit])) {
    const noted = await readFile(refFile(home, ref), "utf8").catch(() => "");
    if (noted !== commit) await writeText(refFile(home, ref), commit);
  }
}

async function readManifest(home: string, commit: string) {
  const name = manifestFile(home, commit);
  return parseJson(Manifest, await readFile(name), { code: "hub-checksum", name, advice: "Delete it." });
}

/** Notes the downloaded files of a commit; without this and `noteRevision` a folder does not count as cached. */
export async function writeManifest(home: string, commit: string, files: readonly HubFile[]): Promise<void> {
  const checked = [];
  for (const { path, size, oid, sha256 } of files) {
    const { mtimeMs } = await stat(join(home, commit, path));
    checked.push({ path, size, oid, sha256, mtimeMs });
  }
  await writeText(manifestFile(home, commit), JSON.stringify(checked));
}

const writeText = (path: string, text: string) => writeWhole(path, new TextEncoder().encode(text));
const manifestFile = (home: string, commit: string) => join(home, "checked", `${commit}.json`);
const refFile = (home: string, revision: string) => join(home, "refs", encodeURIComponent(revision));
