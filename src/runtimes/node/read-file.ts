/** Reads files of a model, whole or in pieces: only regular files, and only those in the folder of the model. */
import { closeSync, existsSync, fstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { S2Error } from "../../core/index.ts";

/** Opens a file for a function that reads pieces of it. @throws S2Error "model-not-found" or "model-file". */
export function withFile<T>(path: string, use: (readAt: (at: number, length: number) => Uint8Array, size: number) => T): T {
  checkRegular(path);
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (cause) {
    throw new S2Error("model-file", `${path} cannot be opened (${(cause as Error).message}); check its permissions.`, { cause });
  }
  try {
    return use((at, length) => readPiece(file, path, at, length), fstatSync(file).size);
  } finally {
    closeSync(file);
  }
}

/** Reads all bytes of a file, also beyond `readFileSync`'s 2 GB. */
export function readWhole(path: string): Uint8Array {
  return withFile(path, (readAt, size) => readAt(0, size));
}

/** Reads the first bytes, which identify most formats. */
export function readHead(path: string): Uint8Array {
  return withFile(path, (readAt, size) => readAt(0, Math.min(48, size)));
}

/** Refuses pipes, devices and folders: opening a pipe waits for its writer. */
function checkRegular(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) return;
  if (found)
    throw new S2Error(
      "model-file",
      `${path} is ${found.isDirectory() ? "a folder" : "no regular file"}; expected a file. Check the path.`,
    );
  throw new S2Error("model-not-found", `There is no ${path}; give a folder of the hub's layout.`);
}

function readPiece(file: number, path: string, from: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const read = readSync(file, bytes, at, Math.min(length - at, 2 ** 30), from + at);
    if (read === 0) throw new S2Error("model-file", `${path} ends early; it is cut short or still being written.`);
    at += read;
  }
  return bytes;
}

/**
 * Returns the path of a file that another one names, such as ONNX's external data or the shards of weights. With links followed it must
 * lie in the folder of the naming file as given, or in the one that the naming file links to. The second admits the hub's cache, whose
 * snapshots are links into one folder of blobs.
 * @throws S2Error "model-file" for a path outside, "model-not-found" when there is no such file.
 */
export function besideFile(naming: string, location: string): string {
  const folder = dirname(naming);
  const refuse = (where: string): never => {
    throw new S2Error(
      "model-file",
      `${naming} names the file ${JSON.stringify(location)}, ${where}; files outside the model's folder are not read. Put a copy into the folder.`,
    );
  };
  if (location === "" || isAbsolute(location) || /^([A-Za-z]:|[/\\])|(^|[/\\])\.\.([/\\]|$)|\0/.test(location))
    refuse("which is no path within its folder");
  const path = join(folder, location);
  // existsSync, for statSync throws for names that are too long and circles of links.
  if (!existsSync(path))
    throw new S2Error(
      "model-not-found",
      `${naming} names the file ${location}, and there is no ${path}; download it too, into the same folder.`,
    );
  const real = realpathSync(path);
  const homes = [realpathSync(folder), dirname(realpathSync(naming))];
  if (!homes.some((home) => isWithin(home, real))) refuse(`which is a link to ${real}`);
  return path;
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
