/** An archive's files in a folder: created under a temporary name, synced, and committed by a hard link, which fails for the second worker. */
import { randomBytes } from "node:crypto";
import { type FileHandle, link, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { makeFolder, withLock, writeError } from "../runtimes/node/index.ts";
import { type ArchiveStore, FOLDERS, type OpenedFile } from "./store.ts";

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/** Opens a folder as an archive's store; folders are made when something is written. */
export function openFolderStore(location: string): ArchiveStore {
  const at = (name: string) => join(location, name);
  const tmp = at("tmp");
  const store: ArchiveStore = {
    location,
    tmp,
    async list(folder, start = "") {
      const names = await readdir(at(folder)).catch((error) => (codeOf(error) === "ENOENT" ? [] : Promise.reject(error)));
      return names.filter((name) => name.startsWith(start)).sort();
    },
    async read(name) {
      return readFile(at(name)).catch((error) => (codeOf(error) === "ENOENT" ? undefined : Promise.reject(error)));
    },
    open: (name) => openLocalFile(at(name)),
    exists: (name) =>
      stat(at(name)).then(
        () => true,
        (error) => (codeOf(error) === "ENOENT" ? false : Promise.reject(error)),
      ),
    async create(name, bytes) {
      makeFolder(tmp);
      const unfinished = join(tmp, `${basename(name)}.${randomBytes(6).toString("hex")}`);
      try {
        const file = await open(unfinished, "wx");
        try {
          await file.writeFile(bytes);
          await file.sync();
        } finally {
          await file.close();
        }
        return await store.commit(unfinished, name);
      } catch (error) {
        throw writeError(at(name), error);
      } finally {
        await rm(unfinished, { force: true });
      }
    },
    async commit(path, name) {
      const final = at(name);
      makeFolder(dirname(final));
      try {
        await linkOrRename(path, final);
      } catch (error) {
        if (codeOf(error) === "EEXIST") return false;
        throw writeError(final, error);
      }
      await syncFolder(dirname(final));
      return true;
    },
    remove: (name) => rm(at(name), { force: true }),
    lease: (name, work, times) => withLock(join(at(FOLDERS.claims), `${name}.lock`), work, times),
  };
  return store;
}

/** Links, or renames on file systems without hard links: there two workers may both win, with files of the same content. */
async function linkOrRename(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(codeOf(error) ?? "")) throw error;
    if (await stat(to).catch(() => undefined)) throw Object.assign(new Error("exists"), { code: "EEXIST" });
    await rename(from, to);
  }
}

/** Waits until the folder's names are on the disk; some systems cannot sync folders. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

/** Opens a local file to read parts of it. */
export async function openLocalFile(path: string): Promise<OpenedFile> {
  const file = await open(path, "r");
  return { size: (await file.stat()).size, read: (begin, end) => readRange(file, begin, end), close: () => file.close() };
}

async function readRange(file: FileHandle, begin: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - begin);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, begin + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}
