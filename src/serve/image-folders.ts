/** Folders whose images an agent may read: paths are followed to their real place, which must lie inside. */
import { realpathSync, statSync } from "node:fs";
import { relative, resolve, sep } from "node:path";
import { S2Error } from "../core/index.ts";
import { findImages } from "../runtimes/node/index.ts";

export interface ImageFolders {
  readonly roots: readonly string[];
  /** Returns the real path of an image or a folder; names that are not absolute are looked up in each folder. @throws S2Error "image-not-found". */
  locate(path: string): string;
  /** Lists the real paths of all images inside a folder. */
  images(folder: string): Promise<string[]>;
}

/** @throws S2Error "option" for a path that is no folder. */
export function openImageFolders(folders: readonly string[]): ImageFolders {
  const roots = folders.map((folder) => {
    const real = realOf(folder);
    if (real !== undefined && statSync(real).isDirectory()) return real;
    throw new S2Error("option", `${folder} is no folder; give the folders whose images may be read.`);
  });
  const inside = (real: string) => roots.some((root) => real === root || real.startsWith(root.endsWith(sep) ? root : root + sep));
  return {
    roots,
    locate(path) {
      for (const root of roots) {
        const real = realOf(resolve(root, path));
        if (real !== undefined && inside(real)) return real;
      }
      // The same words for a path outside and for none, so that nobody learns what is there.
      throw new S2Error("image-not-found", `There is no "${path}" in the allowed folders (${roots.join(", ")}).`);
    },
    async images(folder) {
      const { images } = await findImages(folder);
      const reals = images.filter(({ missing }) => !missing).map(({ path }) => realOf(path));
      // A link in an allowed folder may lead out of it.
      return [...new Set(reals.filter((real): real is string => real !== undefined && inside(real)))];
    },
  };
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Returns the path as it is shown: from the folder on. */
export const shownPath = (path: string, root: string): string => relative(root, path).split(sep).join("/");
