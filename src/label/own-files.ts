/** The files of a folder as labeling may change them: below the folder alone, and no PNG or JSON file of someone else. */
import { S2Error } from "../core/index.ts";
import { foreignFile, isOwnJson, isTaggedPng, tagPng } from "../tensors/index.ts";
import type { LabelFiles } from "./label-files.ts";

/** Guards files: what is read and written lies below the folder, and `write` and `remove` refuse PNG and JSON files of someone else. */
export function ownFiles(files: LabelFiles): LabelFiles {
  const refuseForeign = async (path: string): Promise<void> => {
    const found = await files.read(path);
    if (found === undefined || found.length === 0) return; // replacing it loses nothing
    if (!(isPng(path) ? isTaggedPng(found) : isOwnJson(new TextDecoder().decode(found)))) throw foreignFile(path);
  };
  return {
    read: async (path) => files.read(inside(path)),
    async write(path, bytes) {
      inside(path);
      if (!/\.(png|json)$/i.test(path)) return files.write(path, bytes); // the session compares what it replaces
      await refuseForeign(path);
      await files.write(path, isPng(path) ? tagPng(bytes) : bytes);
    },
    async remove(path) {
      await refuseForeign(inside(path));
      await files.remove(path);
    },
  };
}

const isPng = (path: string): boolean => /\.png$/i.test(path);

/** @throws S2Error "data-set" for a path that leads out of the folder, as a list of someone else may have. */
function inside(path: string): string {
  if (!/^([\\/]|[a-z]:)|(^|[\\/])\.\.([\\/]|$)|\0/i.test(path)) return path;
  throw new S2Error("data-set", `The path ${JSON.stringify(path)} leads out of the folder. Correct the list that has it.`);
}
