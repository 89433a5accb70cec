/** A folder for output, made with all above it, or a sentence. */
import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { S2Error } from "../../core/index.ts";

/** Makes one folder after the other: mkdir's `recursive` never ends below /proc. @throws S2Error "write". */
export function makeFolder(folder: string): void {
  if (isFolder(folder)) return;
  const above = dirname(resolve(folder));
  if (above !== resolve(folder)) makeFolder(above);
  try {
    mkdirSync(folder);
  } catch (cause) {
    if (isFolder(folder)) return; // another process was faster
    const { code } = cause as NodeJS.ErrnoException;
    const what = code === "EEXIST" ? "it is a file or a link that leads nowhere" : code;
    throw new S2Error("write", `The folder "${folder}" cannot be made (${what}). Choose another place.`, { cause });
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
