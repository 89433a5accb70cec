/** Why a photo cannot be loaded, said before decoding (no such file, a folder, empty) or after it failed (which kind of file it is). */
import { open, readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { nearest, S2Error } from "../../core/index.ts";
import { foreignKind, photoKind } from "../photo-kinds.ts";

const WORKS = "JPEG, PNG, WebP, AVIF, GIF, TIFF and SVG work";

/** Refuses what is not there to be decoded: a wrong type, a missing file, a folder, no bytes. */
export async function refuseSource(source: string | Uint8Array): Promise<void> {
  if (source instanceof Uint8Array) {
    if (source.length === 0)
      throw new S2Error("photo-broken", "The photo has 0 bytes; expected an image file. Fetch or read it again.");
    return;
  }
  if (typeof source !== "string") {
    throw new S2Error(
      "photo-not-found",
      `Got a photo of type ${typeof source}; expected a path, or the file's bytes as a Uint8Array.`,
    );
  }
  const found = await stat(source).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) throw await refuseMissing(source, found);
  if (found.isDirectory()) {
    throw new S2Error("photo-not-found", `"${source}" is a folder; expected one image file. Give the path of a file in it.`);
  }
  if (found.isFile() && found.size === 0) {
    throw new S2Error("photo-broken", `"${source}" is empty (0 bytes); expected an image file. Copy or download it again.`);
  }
}

/** The bytes of a photo's file, to be hashed before they are decoded. @throws S2Error as `loadImage` for what is not there to be decoded. */
export async function readPhotoFile(path: string): Promise<Uint8Array> {
  await refuseSource(path);
  return new Uint8Array(await readFile(path));
}

async function refuseMissing(source: string, cause: NodeJS.ErrnoException): Promise<S2Error> {
  if (/^(https?|data):/.test(source)) {
    const what = "Fetch it first: loadImage(new Uint8Array(await (await fetch(address)).arrayBuffer())).";
    return new S2Error("photo-not-found", `"${source.slice(0, 80)}" is an address; loadImage expected a path or bytes. ${what}`);
  }
  if (cause.code !== "ENOENT" && cause.code !== "ENOTDIR") {
    return new S2Error("photo-not-found", `"${source}" cannot be opened (${cause.code}). Check its permissions.`, { cause });
  }
  const near = nearest(basename(source), await readdir(dirname(source)).catch(() => []));
  const advice = near
    ? `Did you mean "${near}"?`
    : "Check the path; a relative one starts at the folder this program was started in.";
  return new S2Error("photo-not-found", `There is no file "${source}" (folder: ${process.cwd()}). ${advice}`, { cause });
}

/** The refusal for a file that sharp could not decode: broken, of a format it does not read, or no image at all. */
export async function refuseUndecodable(source: string | Uint8Array, cause: unknown): Promise<S2Error> {
  const start = await firstBytes(source);
  const name = typeof source === "string" ? `"${source}"` : "The photo";
  const reason = (cause as Error).message.split("\n")[0].replace(/^(Input (buffer|file) )?has corrupt header: /, "");
  const foreign = foreignKind(start);
  if (foreign) {
    return new S2Error("photo-format", `${name} is a ${foreign} file, which is not decoded here: ${WORKS}. Convert it to PNG.`, {
      cause,
    });
  }
  const kind = photoKind(start) ?? (/unsupported image format/.test(reason) ? undefined : "image");
  if (kind === undefined) {
    const shown = JSON.stringify(start.subarray(0, 12).toString("latin1"));
    return new S2Error("photo-format", `${name} is not an image (it starts with ${shown}); ${WORKS}. Give an image file.`, {
      cause,
    });
  }
  const advice = "It is cut short or damaged, and what is missing would be decoded as grey: copy or download it again.";
  return new S2Error("photo-broken", `${name} is a ${kind} file that cannot be decoded to its end (${reason}). ${advice}`, {
    cause,
  });
}

async function firstBytes(source: string | Uint8Array): Promise<Buffer> {
  if (typeof source !== "string") return Buffer.from(source.subarray(0, 16));
  const file = await open(source);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
