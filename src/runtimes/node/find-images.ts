/** `findImages`: files, folders and globs into a list of images, with those whose format is not decoded, and sentences on these. */
import { type Stats, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, extname, join, relative, resolve } from "node:path";
import { S2Error } from "../../core/index.ts";
import { isImageName, isUndecodedImageName } from "../../images/index.ts";
import { findByGlob, isGlob, nameBelow, splitGlob, unescaped } from "./glob.ts";
import { imageRefusal } from "./load-image.ts";
import { escapePath, quotePath } from "./quote-path.ts";
import { refuseUnreadable } from "./read-image.ts";

/** An image that `findImages` found. */
export interface FoundImage {
  /** Path of the file, as it can be opened. */
  readonly path: string;
  /** Path below the folder, or below the fixed part of the glob, in which the image was found; outputs are named by it. */
  readonly name: string;
  /** Error of a path that names nothing to read. */
  readonly missing?: S2Error;
}

/** Images that `findImages` found. */
export interface FoundImages {
  /** Images in their order, with the paths that name nothing to read. */
  readonly images: readonly FoundImage[];
  /** Images of folders and globs in formats that are not decoded, such as HEIC, each with the reason. */
  readonly undecoded: readonly { readonly path: string; readonly reason: S2Error }[];
}

/**
 * Finds images by paths, folders and globs: in the order of `paths`, folders and globs sorted, each image once. A path that names no
 * image is in the list too, with its error as `missing`; so are images that are not decoded, where a folder or glob has no others.
 * @param out folder of earlier outputs, whose pictures globs from outside do not find
 */
export async function findImages(paths: string | readonly string[], out?: string): Promise<FoundImages> {
  const images = new Map<string, FoundImage>();
  const undecoded = new Map<string, FoundImages["undecoded"][number]>();
  for (const path of typeof paths === "string" ? [paths] : paths) {
    const found = await findAt(path, out);
    for (const image of found.images) if (!images.has(resolve(image.path))) images.set(resolve(image.path), image);
    for (const image of found.undecoded) undecoded.set(resolve(image.path), image);
  }
  for (const path of images.keys()) undecoded.delete(path);
  return { images: [...images.values()], undecoded: [...undecoded.values()] };
}

async function findAt(path: string, out?: string): Promise<FoundImages> {
  const stats = statOf(path);
  if (stats?.isDirectory()) return findInFolder(path);
  if (stats) return only({ path, name: basename(path), missing: refuseUnreadable(path, stats) });
  if (isGlob(path)) return findInGlob(path, out);
  const plain = unescaped(path);
  return plain !== path && statOf(plain) ? findAt(plain, out) : only({ path, name: basename(path) }); // loadImage has the best message
}

async function findInFolder(folder: string): Promise<FoundImages> {
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => !name.startsWith(".")).sort(byName);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    return missing(folder, `The folder "${escapePath(folder)}" cannot be read (${code}). Check its permissions.`);
  }
  const found = await selectImages(names.map((name) => ({ path: join(folder, name), name })));
  if (found.images.length > 0) return found;
  const below = await findByGlob({ base: folder, pattern: "**" }).catch(() => []);
  const images = below.filter((name) => isImageName(name) || isUndecodedImageName(name)).length;
  const advice =
    images > 0
      ? `has no images itself, but ${images} in folders below it; for these give ${quotePath(join(folder, "**"))}`
      : "has no images, and none in folders below it; give another folder";
  return missing(folder, `The folder "${escapePath(folder)}" ${advice}.`);
}

/** Names keep the folders below the glob's fixed part, so that they do not depend on what else is found. */
async function findInGlob(pattern: string, out?: string): Promise<FoundImages> {
  const glob = splitGlob(pattern);
  const inOut = (path: string) => out !== undefined && !relative(out, path).startsWith("..");
  const paths = (await findByGlob(glob))
    .map((path) => join(glob.base, path))
    .filter((path) => inOut(glob.base) || !inOut(path))
    .sort(byName);
  const found = await selectImages(paths.map((path) => ({ path, name: nameBelow(glob.base, path) })));
  return found.images.length > 0 ? found : missing(pattern, `No image matches "${escapePath(pattern)}".`);
}

/** Selects images by their names; a file with the extension of a format that is not decoded is one if its bytes are of another format. */
async function selectImages(files: readonly { path: string; name: string }[]): Promise<FoundImages> {
  const images: FoundImage[] = [];
  const undecoded: { path: string; reason: S2Error }[] = [];
  for (const { path, name } of files) {
    if (!isImageName(name) && !isUndecodedImageName(name)) continue;
    const stats = statOf(path);
    if (stats?.isDirectory()) continue;
    const missing = stats && refuseUnreadable(path, stats);
    const reason = isUndecodedImageName(name) && !missing ? await imageRefusal(path) : undefined;
    if (reason) undecoded.push({ path, reason });
    else images.push({ path, name, missing });
  }
  if (images.length > 0) return { images, undecoded };
  return { images: undecoded.map(({ path, reason }) => ({ path, name: "", missing: reason })), undecoded: [] };
}

/** Returns undefined for what is not there or cannot be reached, such as a link that leads to itself. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** Counts images that are not decoded, such as "2 passed over (.bmp, .heic are not decoded)"; undefined for none. */
export function undecodedInWords(images: FoundImages["undecoded"]): string | undefined {
  if (images.length === 0) return undefined;
  const formats = [...new Set(images.map(({ path }) => extname(path).toLowerCase()))].sort();
  return `${images.length} passed over (${formats.join(", ")} ${formats.length > 1 ? "are" : "is"} not decoded)`;
}

/** Lines with the reason for the first image of each format that is not decoded. */
export function undecodedReasons(images: FoundImages["undecoded"]): string[] {
  const format = ({ path }: { readonly path: string }) => extname(path).toLowerCase();
  const first = images.filter((image, i) => images.findIndex((other) => format(other) === format(image)) === i);
  return first.map(({ reason }) => `passed over: ${escapePath(reason.message)}`);
}

const only = (image: FoundImage): FoundImages => ({ images: [image], undecoded: [] });

const missing = (path: string, message: string): FoundImages =>
  only({ path, name: "", missing: new S2Error("image-not-found", message) });

const byName = (a: string, b: string) => a.localeCompare(b, "en", { numeric: true });
