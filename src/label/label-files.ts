/** The files of a labeling, beside each other in the folder of the images: written whole after each action, nothing foreign overwritten. */
import { S2Error } from "../core/index.ts";

/** Files by path below a folder, with "/" between the names. */
export interface LabelFiles {
  /** Reads a file; undefined if there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Writes a file whole or not at all, with the folders above it. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Removes a file, which need not be there. */
  remove(path: string): Promise<void>;
}

/** A text file that was read and is written again. */
export interface OwnText {
  /** The text that was read, "" where there is no file. */
  readonly text: string;
  /** Writes the file. @throws S2Error "write" if another program has changed it since. */
  write(text: string): Promise<void>;
}

/** Opens a text file in UTF-8, which need not be there. @throws S2Error "data-set" for another encoding. */
export async function openText(files: LabelFiles, path: string): Promise<OwnText> {
  const read = async () => {
    const bytes = await files.read(path);
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes ?? new Uint8Array());
    } catch (cause) {
      throw new S2Error("data-set", `${path} is no text in UTF-8. Save it as UTF-8, or move it away.`, { cause });
    }
  };
  const text = await read();
  let known = text;
  return {
    text,
    async write(next) {
      if (next === known) return;
      if ((await read()) !== known)
        throw new S2Error(
          "write",
          `${path} was changed by another program since labeling began; nothing was written. Open the folder again to go on from there.`,
        );
      await files.write(path, new TextEncoder().encode(next));
      known = next;
    },
  };
}
