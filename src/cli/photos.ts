/** PHOTO arguments (files, folders, globs) into a list of photos, and the file that each one's features go to. */
import { existsSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { S2Error } from "../core/index.ts";

/** What is decoded; in folders and globs other files are passed over. */
const IMAGE = /\.(jpe?g|png|webp|avif|gif|tiff?|svg)$/i;

export interface FoundPhoto {
  readonly path: string;
  /** The output's path below --out, without extension. */
  readonly name: string;
  /** An argument that names nothing: it is reported with the photos that fail. */
  readonly missing?: S2Error;
}

/** Photos in the arguments' order, folders and globs sorted, none twice. What a glob finds in `out`, a folder of earlier pictures, is left out. */
export async function findPhotos(given: readonly string[], out: string): Promise<FoundPhoto[]> {
  const found = new Map<string, FoundPhoto>();
  for (const argument of given) {
    for (const photo of await read(argument, out)) {
      const key = resolve(photo.path);
      if (!found.has(key)) found.set(key, photo);
    }
  }
  return [...found.values()];
}

async function read(argument: string, out: string): Promise<FoundPhoto[]> {
  if (existsSync(argument)) return statSync(argument).isDirectory() ? readFolder(argument) : [photoAt(argument)];
  return /[*?[\]{}]/.test(argument) ? readGlob(argument, out) : [photoAt(argument)]; // a missing file: loadImage says it best
}

async function readFolder(folder: string): Promise<FoundPhoto[]> {
  const names = (await readdir(folder)).filter((name) => IMAGE.test(name) && !name.startsWith(".")).sort(byName);
  if (names.length > 0) return names.map((name) => photoAt(join(folder, name)));
  return [
    missing(
      folder,
      `The folder "${folder}" holds no photos itself; for folders below it give "${join(folder, "**")}" in quotes.`,
    ),
  ];
}

/** Names mirror the folders below the glob's fixed part, so that they do not depend on what else is found. */
async function readGlob(glob: string, out: string): Promise<FoundPhoto[]> {
  const { glob: find } = await import("tinyglobby");
  const pattern = process.platform === "win32" ? glob.replaceAll("\\", "/") : glob;
  const base = dirname(`${pattern.slice(0, pattern.search(/[*?[\]{}]/))}x`);
  const inOut = (path: string) => !relative(out, path).startsWith("..");
  const paths = (await find(pattern, { expandDirectories: false }))
    .filter((path) => IMAGE.test(path) && (inOut(base) || !inOut(path)))
    .sort(byName);
  if (paths.length === 0) return [missing(glob, `No photo matches "${glob}".`)];
  return paths.map((path) => ({ path, name: stem(relative(base, path)) }));
}

const byName = (a: string, b: string) => a.localeCompare(b, "en", { numeric: true });

function photoAt(path: string): FoundPhoto {
  return { path, name: stem(basename(path)) };
}

function missing(argument: string, message: string): FoundPhoto {
  return { path: argument, name: "", missing: new S2Error("photo-not-found", message) };
}

function stem(path: string): string {
  return path.slice(0, path.length - extname(path).length);
}

/** Where features go: a folder, or for one photo a file with the format's extension. */
export function readOut(
  out: string,
  format: "safetensors" | "npy" | undefined,
): { folder: string; file?: string; format: "safetensors" | "npy" } {
  const ending = extname(out).slice(1);
  const isFile = (ending === "safetensors" || ending === "npy") && !(existsSync(out) && statSync(out).isDirectory());
  if (!isFile) return { folder: out, format: format ?? "safetensors" };
  if (format && format !== ending)
    throw new S2Error("option", `--out ends in .${ending}, but --format is ${format}; make them agree.`);
  return { folder: dirname(out), file: out, format: ending };
}

export interface Job {
  readonly photo: string;
  readonly out: string;
  readonly picture?: string;
  readonly missing?: S2Error;
}

/** Gives each photo its files; two photos for one file, or a picture over a photo, are refused before anything runs. */
export function nameOutputs(
  photos: readonly FoundPhoto[],
  out: { readonly folder: string; readonly file?: string; readonly format: string },
  pictures: boolean,
): Job[] {
  if (out.file && photos.length > 1) {
    throw new S2Error("option", `--out ${out.file} is one file, but there are ${photos.length} photos; give a folder.`);
  }
  const taken = new Map<string, string>();
  const sources = new Set(photos.map(({ path }) => resolve(path)));
  return photos.map(({ path, name, missing }) => {
    if (missing) return { photo: path, out: "", missing };
    const base = out.file ? stem(out.file) : join(out.folder, name);
    const clash = taken.get(base);
    if (clash) {
      throw new S2Error(
        "option",
        `${clash} and ${path} would both become ${base}.${out.format}; run them with different --out, or give a glob in quotes ` +
          '("photos/**/*.jpg"), which keeps folders apart.',
      );
    }
    taken.set(base, path);
    if (!pictures) return { photo: path, out: `${base}.${out.format}` };
    if (sources.has(resolve(`${base}.png`))) {
      throw new S2Error("option", `The picture of ${path} would overwrite the photo ${base}.png; give another folder as --out.`);
    }
    return { photo: path, out: `${base}.${out.format}`, picture: `${base}.png` };
  });
}
