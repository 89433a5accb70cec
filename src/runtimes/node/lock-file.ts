/**
 * `withLock`: one process at a time, told by a lock file. The file is created exclusively and holds a random token; its owner touches it
 * while it works, and whoever finds one that has not been touched for a while takes over from a killed process. Process ids and clocks of
 * other machines are not compared: containers that share a folder agree on neither. proper-lockfile works alike, but two waiting
 * processes that find the same expired lock can both get it; here the taken file's token is looked at again.
 */
import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, rmSync } from "node:fs";
import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { S2Error } from "../../core/index.ts";
import { makeFolder, unfinishedName } from "./write-whole.ts";

export interface LockOptions {
  /** Milliseconds without a sign of life after which a lock is a killed process's. */
  readonly expiresAfter?: number;
  /** Milliseconds to wait for a live owner before giving up. */
  readonly patience?: number;
}

/**
 * Runs `work` while holding the lock. `work` calls `check` right before what only the owner may do: it fails if the lock was lost, as
 * after the machine slept.
 * @throws S2Error "locked" when another live process holds it for longer than `patience`, or took it over.
 */
export async function withLock<T>(
  path: string,
  work: (check: () => Promise<void>) => Promise<T>,
  { expiresAfter = 10_000, patience = 120_000 }: LockOptions = {},
): Promise<T> {
  const token = randomUUID();
  makeFolder(dirname(path));
  const start = performance.now();
  let file = await create(path, token);
  while (!file) {
    await removeExpired(path, expiresAfter);
    if (performance.now() - start > patience)
      throw new S2Error(
        "locked",
        `Another process holds the lock ${path} for longer than ${Math.round(patience / 1000)} s. Wait until it has ended.`,
      );
    await wait(20 + 60 * Math.random());
    file = await create(path, token);
  }
  const own = file; // writing through it cannot touch the lock of a process that took over
  const beat = setInterval(() => void own.write(token, 0).catch(() => {}), expiresAfter / 5);
  beat.unref();
  try {
    return await work(async () => {
      if ((await tokenOf(path)) === token) return;
      throw new S2Error("locked", `Another process took over the lock ${path}. Run the command again when that one has ended.`);
    });
  } finally {
    clearInterval(beat);
    await own.close();
    if ((await tokenOf(path)) === token) await rm(path, { force: true });
  }
}

async function create(path: string, token: string): Promise<FileHandle | undefined> {
  try {
    const file = await open(path, "wx");
    await file.write(token, 0);
    return file;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined;
    throw error;
  }
}

const tokenOf = (path: string) => readFile(path, "utf8").catch(() => undefined);

/** The age of the lock is measured against a file that is written now, by the clock of the same file system. */
async function removeExpired(path: string, expiresAfter: number): Promise<void> {
  const token = await tokenOf(path);
  const taken = unfinishedName(path);
  try {
    const modified = (await stat(path)).mtimeMs;
    await writeFile(taken, "");
    if ((await stat(taken)).mtimeMs - modified < expiresAfter) return;
    await rename(path, taken);
    // Another process may have taken over in between, and this is its fresh lock: it goes back.
    if (readFileSync(taken, "utf8") !== token) linkSync(taken, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EEXIST") throw error;
  } finally {
    rmSync(taken, { force: true });
  }
}
