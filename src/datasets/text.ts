/** Text of data sets' files, in the encodings that editors and spreadsheets write. */

import type { Folder } from "./folder.ts";
import { readBytes } from "./invalid-file.ts";

/** Decodes UTF-8 and UTF-16 with or without a byte order mark; what is neither is Windows-1252, as Excel saves CSV. */
export function decodeText(bytes: Uint8Array): string {
  const [a, b] = bytes;
  if (a === 0xff && b === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (a === 0xfe && b === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  // Text of a list is mostly ASCII: in UTF-16 every second byte of its start is 0.
  if (bytes.length >= 4 && a === 0 && bytes[2] === 0 && b !== 0) return new TextDecoder("utf-16be").decode(bytes);
  if (bytes.length >= 4 && b === 0 && bytes[3] === 0 && a !== 0) return new TextDecoder("utf-16le").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** The text of a file, or a `flaw`. */
export const readText = async (folder: Folder, path: string): Promise<string> => decodeText(await readBytes(folder, path));

/** Lines of a text, ended as Windows, Unix or old Macs end them. */
export const linesOf = (text: string): string[] => text.split(/\r\n|\n|\r/);
