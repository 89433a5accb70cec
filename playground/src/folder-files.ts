/** A folder of this device as files by path: what the browser refuses is said in sentences, and a file is written whole or not at all. */
import { S2Error } from "s2-vision";
import type { LabelFiles } from "s2-vision/label";

/** A folder that was opened with the File System Access API. */
export interface Folder {
  /** Lists the paths of all files below the folder, without hidden ones. */
  list(): Promise<string[]>;
  /** Returns a file to read from. @throws S2Error "image-not-found". */
  file(path: string): Promise<File>;
  /** Files that are written beside the images. @throws S2Error "write". */
  readonly files: LabelFiles;
}

export function openFolder(folder: FileSystemDirectoryHandle): Folder {
  const above = async (path: string, create: boolean) => {
    const names = path.split("/");
    const name = names.pop()!;
    let current = folder;
    for (const each of names) current = await current.getDirectoryHandle(each, { create });
    return { parent: current, name };
  };
  const handleOf = async (path: string, create = false) => {
    const { parent, name } = await above(path, create);
    return parent.getFileHandle(name, { create });
  };
  /** Gives undefined where there is no such file. @throws NotFoundError where the folder itself is gone. */
  const ifThere = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (nameOf(error) !== "NotFoundError") throw error;
      await folder.keys().next();
      return undefined;
    }
  };
  const inWords = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw refusal(folder.name, path, error);
    }
  };
  return {
    list: () => inWords(folder.name, () => pathsIn(folder)),
    async file(path) {
      const found = await inWords(path, () => ifThere(async () => (await handleOf(path)).getFile()));
      if (found) return found;
      throw new S2Error("image-not-found", `There is no file "${path}" in the folder any more. Put it back, or skip it.`);
    },
    files: {
      read: (path) =>
        inWords(path, () => ifThere(async () => new Uint8Array(await (await (await handleOf(path)).getFile()).arrayBuffer()))),
      write: (path, bytes) =>
        inWords(path, async () => {
          const before = await ifThere(() => handleOf(path));
          const file = before ?? (await handleOf(path, true));
          try {
            await writeWhole(file, bytes);
          } catch (error) {
            if (!before) await remove(path).catch(() => {}); // it was made empty
            throw error;
          }
        }),
      remove: (path) => inWords(path, async () => void (await ifThere(() => remove(path)))),
    },
  };

  async function remove(path: string): Promise<void> {
    const { parent, name } = await above(path, false);
    await parent.removeEntry(name);
  }
}

/** The browser writes beside the file, and puts the new content in its place at the end. */
async function writeWhole(file: FileSystemFileHandle, bytes: Uint8Array): Promise<void> {
  const stream = await file.createWritable();
  try {
    await stream.write(bytes as Uint8Array<ArrayBuffer>);
    await stream.close();
  } catch (error) {
    await stream.abort().catch(() => {});
    throw error;
  }
}

async function pathsIn(folder: FileSystemDirectoryHandle, above = ""): Promise<string[]> {
  const paths: string[] = [];
  for await (const [name, handle] of folder.entries()) {
    if (name.startsWith(".")) continue;
    if (handle.kind === "file") paths.push(above + name);
    // A folder that may not be read hides none of the others.
    else paths.push(...(await pathsIn(handle as FileSystemDirectoryHandle, `${above}${name}/`).catch(() => [])));
  }
  return paths;
}

const nameOf = (error: unknown): string => (error instanceof Error || error instanceof DOMException ? error.name : "");

/** Returns the S2Error for what a browser refuses. */
function refusal(folder: string, path: string, cause: unknown): unknown {
  if (cause instanceof S2Error) return cause;
  const sentences: Readonly<Record<string, string>> = {
    NotFoundError: `The folder "${folder}" is not where it was: it was moved, renamed or removed. Put it back, or open it again; saved labels are in it.`,
    NotAllowedError: `The page may not change files in "${folder}". Close the folder, open it again, and allow the browser to save changes.`,
    TypeMismatchError: `${path} is a folder; expected a file to write. Move the folder away.`,
    QuotaExceededError: `${path} cannot be written: the disk is full. Make room on it.`,
  };
  const message = cause instanceof Error ? cause.message : String(cause);
  const other = `${path} cannot be read or written (${message}). Check that the folder may be written and that no other program uses the file.`;
  return new S2Error("write", sentences[nameOf(cause)] ?? other, { cause });
}
