/** Reads an image's file, with an error for a missing, empty or irregular one. */
import { constants, type Stats } from "node:fs";
import { lstat, open, readdir, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { nearest, S2Error } from "../../core/index.ts";
import { checkBytes } from "../image-options.ts";

/**
 * Reads an image's file whole: so the decoded bytes are those that were read, an SVG has no folder to read other files from, and libvips
 * does not take brackets in the name for options.
 * @throws S2Error "image-not-found", "image-broken" or "too-many-pixels".
 */
export async function readImage(source: string | Uint8Array, maxBytes?: number): Promise<Uint8Array> {
  return readStart(source, Number.POSITIVE_INFINITY, maxBytes);
}

/** Reads the first `most` bytes of an image's file. */
export async function readStart(source: string | Uint8Array, most: number, maxBytes?: number): Promise<Uint8Array> {
  if (source instanceof Uint8Array) {
    if (source.length > 0) return source;
    throw new S2Error("image-broken", "The image has 0 bytes; expected an image file. Fetch or read it again.");
  }
  if (typeof source !== "string") {
    throw new S2Error(
      "image-not-found",
      `Got an image of type ${typeof source}; expected a path, an address, a file's bytes or a Blob.`,
    );
  }
  try {
    checkKind(source, await stat(source)); // before it is opened: opening a device may do something
    // without O_NONBLOCK a pipe that took the file's place would hang here
    const file = await open(source, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const found = await file.stat();
      checkKind(source, found);
      const size = Math.min(found.size, most);
      checkBytes(`"${source}"`, size, "its file alone", maxBytes);
      const bytes = new Uint8Array(size);
      let length = 0;
      while (length < bytes.length) {
        const { bytesRead } = await file.read(bytes, length);
        if (bytesRead === 0) break; // it became shorter
        length += bytesRead;
      }
      return bytes.subarray(0, length);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof S2Error ? error : await missingError(source, error as NodeJS.ErrnoException);
  }
}

function checkKind(source: string, found: Stats): void {
  const refusal = refuseUnreadable(source, found);
  if (refusal) throw refusal;
  if (found.size === 0)
    throw new S2Error("image-broken", `"${source}" is empty (0 bytes); expected an image file. Copy or download it again.`);
}

/** Returns the error for a folder or device, whose reading might never end; undefined for a regular file. */
export function refuseUnreadable(source: string, found: Stats): S2Error | undefined {
  if (found.isFile()) return undefined;
  if (found.isDirectory())
    return new S2Error("image-not-found", `"${source}" is a folder; expected one image file. Give the path of a file in it.`);
  const kind = found.isFIFO() ? "pipe" : found.isSocket() ? "socket" : "device";
  return new S2Error("image-not-found", `"${source}" is a ${kind}; expected an image file. Save the image to a file first.`);
}

async function missingError(source: string, cause: NodeJS.ErrnoException): Promise<S2Error> {
  if (cause.code === "ELOOP") {
    return new S2Error("image-not-found", `"${source}" is a link that leads back to itself. Give the path of a file.`, { cause });
  }
  if (cause.code !== "ENOENT" && cause.code !== "ENOTDIR") {
    return new S2Error("image-not-found", `"${source}" cannot be opened (${cause.code}). Check its permissions.`, { cause });
  }
  if ((await lstat(source).catch(() => undefined))?.isSymbolicLink()) {
    return new S2Error("image-not-found", `"${source}" is a link to a file that is not there. Give the path of a file.`, {
      cause,
    });
  }
  const near = nearest(basename(source), await readdir(dirname(source)).catch(() => []));
  const advice = near
    ? `Did you mean "${near}"?`
    : "Check the path; a relative one starts at the folder this program was started in.";
  return new S2Error("image-not-found", `There is no file "${source}" (folder: ${process.cwd()}). ${advice}`, { cause });
}
