/** IMAGE arguments (files, folders, globs) into a list of images, with what was passed over. */
import { type Stats, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, extname, join, relative, resolve } from "node:path";
import { S2Error } from "../core/index.ts";
import { isImageName, isUndecodedImageName } from "../images/index.ts";
import { imageRefusal, refuseUnreadable } from "../runtimes/node/index.ts";
import { findByGlob, isGlob, nameBelow, splitGlob, unescaped } from "./glob.ts";
import { writeMessage } from "./output.ts";
import { quoted, shown } from "./shown.ts";

export interface FoundImage {
  readonly path: string;
  /** The file's path below the folder or the glob's fixed part that named it: what its output is named by. */
  readonly name: string;
  /** An argument that names nothing to read: it is reported with the images that fail. */
  readonly missing?: S2Error;
}

/** An image in a folder or glob whose format is not decoded. */
export interface PassedOver {
  readonly path: string;
  readonly reason: S2Error;
}

export interface FoundImages {
  readonly images: readonly FoundImage[];
  readonly passedOver: readonly PassedOver[];
}

/**
 * Finds images in the arguments' order, folders and globs sorted, none twice. What a glob finds in `out`, a folder of earlier pictures,
 * is left out. Images that are not decoded are passed over where others are decoded, and are failures where none is.
 */
export async function findImages(given: readonly string[], out: string): Promise<FoundImages> {
  const images = new Map<string, FoundImage>();
  const passedOver = new Map<string, PassedOver>();
  for (const argument of given) {
    const found = await read(argument, out);
    for (const image of found.images) if (!images.has(resolve(image.path))) images.set(resolve(image.path), image);
    for (const image of found.passedOver) passedOver.set(resolve(image.path), image);
  }
  for (const path of images.keys()) passedOver.delete(path);
  return { images: [...images.values()], passedOver: [...passedOver.values()] };
}

/** One line for all that was passed over, such as "2 passed over (.bmp, .heic are not decoded)"; undefined for nothing. */
export function passedOverInWords(images: readonly PassedOver[]): string | undefined {
  if (images.length === 0) return undefined;
  const kinds = [...new Set(images.map(({ path }) => extname(path).toLowerCase()))].sort();
  return `${images.length} passed over (${kinds.join(", ")} ${kinds.length > 1 ? "are" : "is"} not decoded)`;
}

/** The reason for the first image of each format that was passed over. */
export function passedOverReasons(images: readonly PassedOver[]): string[] {
  const first = new Map<string, string>();
  for (const { path, reason } of images) {
    const kind = extname(path).toLowerCase();
    if (!first.has(kind)) first.set(kind, `passed over: ${shown(reason.message)}`);
  }
  return [...first.values()];
}

/** Says on standard error what was passed over, for commands without a last line of their own. */
export function sayPassedOver(images: readonly PassedOver[]): void {
  const words = passedOverInWords(images);
  if (words) writeMessage(`${[...passedOverReasons(images), words].join("\n")}\n`);
}

async function read(argument: string, out: string): Promise<FoundImages> {
  const found = statOf(argument);
  if (found?.isDirectory()) return readFolder(argument);
  if (found) return only(imageAt(argument, refuseUnreadable(argument, found)));
  if (isGlob(argument)) return readGlob(argument, out);
  const plain = unescaped(argument);
  return plain !== argument && statOf(plain) ? read(plain, out) : only(imageAt(argument)); // a missing file: loadImage says it best
}

async function readFolder(folder: string): Promise<FoundImages> {
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => !name.startsWith(".")).sort(byName);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    return only(missing(folder, `The folder "${shown(folder)}" cannot be read (${code}). Check its permissions.`));
  }
  const found = await sortOut(names.map((name) => ({ path: join(folder, name), name })));
  if (found.images.length > 0) return found;
  const below = await findByGlob({ base: folder, pattern: "**" }).catch(() => []);
  const images = below.filter((name) => isImageName(name) || isUndecodedImageName(name)).length;
  const advice =
    images > 0
      ? `has no images itself, but ${images} in folders below it; for these give ${quoted(join(folder, "**"))}`
      : "has no images, and none in folders below it; give another folder";
  return only(missing(folder, `The folder "${shown(folder)}" ${advice}.`));
}

/** Names mirror the folders below the glob's fixed part, so that they do not depend on what else is found. */
async function readGlob(argument: string, out: string): Promise<FoundImages> {
  const glob = splitGlob(argument);
  const inOut = (path: string) => !relative(out, path).startsWith("..");
  const paths = (await findByGlob(glob))
    .map((path) => join(glob.base, path))
    .filter((path) => inOut(glob.base) || !inOut(path))
    .sort(byName);
  const found = await sortOut(paths.map((path) => ({ path, name: nameBelow(glob.base, path) })));
  return found.images.length > 0 ? found : only(missing(argument, `No image matches "${shown(argument)}".`));
}

/** Images by their names; of those in a format that is not decoded, the ones whose bytes are of another format after all. */
async function sortOut(files: readonly { path: string; name: string }[]): Promise<FoundImages> {
  const images: FoundImage[] = [];
  const passedOver: PassedOver[] = [];
  for (const { path, name } of files) {
    if (!isImageName(name) && !isUndecodedImageName(name)) continue;
    const stats = statOf(path);
    if (stats?.isDirectory()) continue;
    const missing = stats && refuseUnreadable(path, stats);
    const reason = isUndecodedImageName(name) && !missing ? await imageRefusal(path) : undefined;
    if (reason) passedOver.push({ path, reason });
    else images.push({ path, name, ...(missing && { missing }) });
  }
  if (images.length > 0) return { images, passedOver };
  return { images: passedOver.map(({ path, reason }) => ({ path, name: "", missing: reason })), passedOver: [] };
}

/** Undefined for what is not there or cannot be reached, links that lead to themselves included. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

const only = (image: FoundImage): FoundImages => ({ images: [image], passedOver: [] });

const byName = (a: string, b: string) => a.localeCompare(b, "en", { numeric: true });

function imageAt(path: string, missing?: S2Error): FoundImage {
  return { path, name: basename(path), ...(missing && { missing }) };
}

function missing(argument: string, message: string): FoundImage {
  return { path: argument, name: "", missing: new S2Error("image-not-found", message) };
}
