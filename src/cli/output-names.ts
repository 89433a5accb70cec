/** The file that each image's output goes to. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { S2Error } from "../core/index.ts";
import { IMAGE_EXTENSIONS, isImageName } from "../images/index.ts";
import type { FoundImage } from "./images.ts";
import { shown } from "./shown.ts";

/** Reads --out: a folder, or for one image a file with the format's extension. */
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
  readonly image: string;
  readonly out: string;
  readonly picture?: string;
  readonly missing?: S2Error;
}

/** Gives each image its files; two images for one file, or a picture over an image, are refused before anything runs. */
export function nameOutputs(
  images: readonly FoundImage[],
  out: { readonly folder: string; readonly file?: string; readonly format: string },
  pictures: boolean,
): Job[] {
  if (out.file && images.length > 1) {
    throw new S2Error("option", `--out ${out.file} is one file, but there are ${images.length} images; give a folder.`);
  }
  const taken = new Map<string, string>();
  const sources = new Set(images.map(({ path }) => resolve(path)));
  const stemOf = stems();
  return images.map(({ path, name, missing }) => {
    if (missing) return { image: path, out: "", missing };
    const base = out.file ? withoutExtension(out.file) : join(out.folder, dirname(name), stemOf(path));
    const clash = taken.get(base);
    if (clash) {
      throw new S2Error(
        "option",
        `${shown(clash)} and ${shown(path)} would both become ${shown(base)}.${out.format}; run them with different --out, or give a ` +
          'glob in quotes ("photos/**/*.jpg"), which keeps folders apart.',
      );
    }
    taken.set(base, path);
    if (!pictures) return { image: path, out: `${base}.${out.format}` };
    if (sources.has(resolve(`${base}.png`))) {
      throw new S2Error(
        "option",
        `The picture of ${shown(path)} would overwrite the image ${shown(base)}.png; give another folder as --out.`,
      );
    }
    return { image: path, out: `${base}.${out.format}`, picture: `${base}.png` };
  });
}

/**
 * Returns the function from an image's path to the name of its output. That is the file's name without its extension; but of images in one
 * folder that differ in it alone, only the first in the order of `IMAGE_EXTENSIONS` (JPEG first) loses it: a.jpg and a.png become "a" and
 * "a.png". The folder decides and not the list of images, so that an image's name is the same however it was found.
 */
function stems(): (path: string) => string {
  const folders = new Map<string, ReadonlySet<string>>();
  return (path) => {
    const folder = dirname(path);
    const names = folders.get(folder) ?? imageNames(folder);
    folders.set(folder, names);
    const name = basename(path);
    const stem = withoutExtension(name);
    const others = [...names].filter((other) => other !== name);
    const comesLater = others.some((other) => alike(withoutExtension(other)) === alike(stem) && byExtension(other, name) < 0);
    const isNamed = others.some((other) => alike(other) === alike(stem)); // a.png.jpg beside a.png, whose output may be "a.png"
    return comesLater || isNamed ? name : stem;
  };
}

function imageNames(folder: string): ReadonlySet<string> {
  try {
    return new Set(readdirSync(folder).filter(isImageName));
  } catch {
    return new Set();
  }
}

/** Some file systems take names that differ in case for one. */
const alike = (name: string): string => name.normalize("NFC").toLowerCase();

const rankOf = (name: string): number => IMAGE_EXTENSIONS.indexOf(extname(name).slice(1).toLowerCase());

const byExtension = (a: string, b: string): number => rankOf(a) - rankOf(b) || (a < b ? -1 : 1);

function withoutExtension(path: string): string {
  return path.slice(0, path.length - extname(path).length);
}
