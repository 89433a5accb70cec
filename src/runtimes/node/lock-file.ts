/**
 * `withLock`: one process at a time, by a lock file. The file is created exclusively and holds a random token; its owner touches it while
 * it works, and a process that finds it untouched for a while takes over from a killed one. Process ids and clocks of other machines are
 * not compared: containers with a common folder agree on neither. proper-lockfile works alike, but two waiting processes that find the
 * same expired lock can both get it; here the token of the taken file is read again.
 */
import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, rmSync } from "node:fs";
import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { S2Error } from "../../core/index.ts";
import { makeFolder, unfinishedName } from "./write-whole.ts";

/**
 * Runs `work` while holding the lock. `work` calls `check` right before an action of the owner: it fails if the lock was lost, as after
 * the machine slept. A lock untouched for `expiresAfter` milliseconds is a killed process's.
 * @throws S2Error "locked" when another live process holds it for longer than `patience` milliseconds, or took it over.
 */
export async function withLock<T>(
  path: string,
  work: (check: () => Promise<void>) => Promise<T>,
  { expiresAfter = 10_000, patience = 120_000 }: { expiresAfter?: number; patience?: number } = {},
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
  const held = file; // writing through it cannot touch the lock of a process that took over
  const beat = setInterval(() => void held.write(token, 0).catch(() => {}), expiresAfter / 5);
  beat.unref();
  try {
    return await work(async () => {
      if ((await tokenOf(path)) === token) return;
      throw new S2Error("locked", `Another process took over the lock ${path}. Run the command again when that one has ended.`);
    });
  } finally {
    clearInterval(beat);
    await held.close();
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

/** Removes a lock whose age, by the clock of the same file system, is beyond the limit. */
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
