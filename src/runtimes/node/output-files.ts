/** Files that the features of images are written to: their names, and the check that they replace nothing of someone else. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { S2Error } from "../../core/index.ts";
import { IMAGE_EXTENSIONS, isImageName } from "../../images/index.ts";
import { besideNpy } from "./feature-file.ts";
import { type FoundImage, type FoundImages, findImages } from "./find-images.ts";
import { escapePath } from "./quote-path.ts";
import { type Output, refuseForeign } from "./refuse-foreign.ts";
import { nameKey } from "./safe-name.ts";
import { makeFolder } from "./write-whole.ts";

/** Options of where features are written to. */
export interface OutputOptions {
  /** Folder, or for one image a file that ends in .safetensors or .npy. Default "features". */
  readonly out?: string;
  /** Default: the end of `out`, else "safetensors". */
  readonly format?: "safetensors" | "npy";
  /** Also writes a PNG: the image beside each scale's tokens, colored by principal components of all scales, tiles outlined. Default false. */
  readonly picture?: boolean;
}

/** An image with the files that its features are written to. */
export interface OutputFile {
  /** Path of the image. */
  readonly image: string;
  /** Path of the feature file. */
  readonly out: string;
  /** Path of the PNG, where one is wanted. */
  readonly picture?: string;
  /** Error of an image that is not there. */
  readonly missing?: S2Error;
}

/**
 * Finds images, names the files of each one and makes their folder, before anything runs.
 * @throws S2Error "option" when two images have the same file or a picture has the name of an image; "write" when a file would replace one
 * of someone else.
 */
export async function outputFiles(
  paths: string | readonly string[],
  options: OutputOptions,
): Promise<{ readonly files: OutputFile[]; readonly undecoded: FoundImages["undecoded"] }> {
  const out = readOut(options);
  const { images, undecoded } = await findImages(paths, out.folder);
  const files = nameOutputs(images, out, options.picture ?? false);
  refuseForeign(files.flatMap((each) => outputsOf(each, out.file)));
  makeFolder(out.folder);
  return { files, undecoded };
}

function outputsOf({ out, picture, missing }: OutputFile, file?: string): Output[] {
  if (missing) return [];
  const named = out === file;
  const json = besideNpy(out);
  const features: Output[] = json === out ? [{ path: out, named }] : [{ path: json }, { path: out, named, beside: json }];
  return picture ? [...features, { path: picture }] : features;
}

function readOut({ out = "features", format }: OutputOptions): { folder: string; file?: string; format: string } {
  const ending = extname(out).slice(1);
  const isFile = (ending === "safetensors" || ending === "npy") && !(existsSync(out) && statSync(out).isDirectory());
  if (!isFile) return { folder: out, format: format ?? "safetensors" };
  if (format && format !== ending)
    throw new S2Error("option", `The output ${out} ends in .${ending}, but the format is ${format}; make them agree.`);
  return { folder: dirname(out), file: out, format: ending };
}

/** Gives each image its files. @throws S2Error "option" for two images with one file, or a picture with the name of an image. */
export function nameOutputs(
  images: readonly FoundImage[],
  out: { readonly folder: string; readonly file?: string; readonly format: string },
  pictures: boolean,
): OutputFile[] {
  if (out.file && images.length > 1)
    throw new S2Error("option", `The output ${out.file} is one file, but there are ${images.length} images; give a folder.`);
  const taken = new Map<string, string>();
  const sources = new Set(images.map(({ path }) => resolve(path)));
  const stemOf = stems();
  return images.map(({ path, name, missing }) => {
    if (missing) return { image: path, out: "", missing };
    const base = out.file ? withoutExtension(out.file) : join(out.folder, dirname(name), stemOf(path));
    const [shownPath, shownBase, clash] = [escapePath(path), escapePath(base), taken.get(base)];
    if (clash)
      throw new S2Error(
        "option",
        `${escapePath(clash)} and ${shownPath} would both become ${shownBase}.${out.format}; extract them into different folders, or give a ` +
          'glob in quotes ("photos/**/*.jpg"), which keeps folders apart.',
      );
    taken.set(base, path);
    if (!pictures) return { image: path, out: `${base}.${out.format}` };
    if (sources.has(resolve(`${base}.png`)))
      throw new S2Error(
        "option",
        `The picture of ${shownPath} would overwrite the image ${shownBase}.png; write to another folder.`,
      );
    return { image: path, out: `${base}.${out.format}`, picture: `${base}.png` };
  });
}

/**
 * Returns the function from an image's path to the name of its output: the file's name without its extension. Of images in one folder that
 * differ in the extension alone, only the first in the order of `IMAGE_EXTENSIONS` (JPEG first) loses it: a.jpg and a.png become "a" and
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
    const comesLater = others.some((other) => nameKey(withoutExtension(other)) === nameKey(stem) && byExtension(other, name) < 0);
    const isNamed = others.some((other) => nameKey(other) === nameKey(stem)); // a.png.jpg beside a.png, whose output may be "a.png"
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

const rankOf = (name: string): number => IMAGE_EXTENSIONS.indexOf(extname(name).slice(1).toLowerCase());

const byExtension = (a: string, b: string): number => rankOf(a) - rankOf(b) || (a < b ? -1 : 1);

const withoutExtension = (path: string): string => path.slice(0, path.length - extname(path).length);
