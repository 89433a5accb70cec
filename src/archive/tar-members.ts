/** Members of a tar file, with the place of their bytes, so that a worker reads a shard's images without the rest of the file. */
import { S2Error } from "../core/index.ts";
import type { OpenedFile } from "./store.ts";

/** A regular file in a tar file. */
export interface TarMember {
  readonly name: string;
  /** First byte of its content. */
  readonly begin: number;
  readonly length: number;
}

const BLOCK = 512;

/**
 * Lists the regular files of a tar file (POSIX.1-2001, "ustar Interchange Format", pax and GNU long names) by its headers alone.
 * @throws S2Error "data-file" for one that is cut short or no tar file.
 */
export async function tarMembers(file: OpenedFile, path: string): Promise<TarMember[]> {
  const members: TarMember[] = [];
  let [name, size] = [undefined, undefined] as [string | undefined, number | undefined]; // of a pax or GNU header for the next entry
  for (let at = 0; at + BLOCK <= file.size; ) {
    const header = await file.read(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return members;
    const type = String.fromCharCode(header[156]);
    const length = size ?? number(header, 124, 12);
    const begin = at + BLOCK;
    if (sum(header) !== number(header, 148, 8) || !Number.isSafeInteger(length))
      throw new S2Error("data-file", `${path} is not a tar file, or is damaged at byte ${at}. Copy or make it again.`);
    if (begin + length > file.size)
      throw new S2Error("data-file", `${path} is cut short: a member at byte ${begin} has ${length} bytes. Copy it again.`);
    if (type === "x") ({ path: name = name, size = size } = paxOf(await file.read(begin, begin + length)));
    else if (type === "L") name = text(await file.read(begin, begin + length));
    else {
      const prefix = text(header.subarray(257, 262)) === "ustar" ? text(header.subarray(345, 500)) : "";
      const plain = text(header.subarray(0, 100));
      if (type === "0" || type === "\0" || type === "7")
        members.push({ name: name ?? (prefix ? `${prefix}/${plain}` : plain), begin, length });
      [name, size] = [undefined, undefined];
    }
    at = begin + Math.ceil(length / BLOCK) * BLOCK;
  }
  return members;
}

const text = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
};

/** Octal digits, or binary where the first bit is set (GNU, for files from 8 GiB on). */
function number(header: Uint8Array, at: number, length: number): number {
  const field = header.subarray(at, at + length);
  if (field[0] & 0x80) return field.subarray(1).reduce((value, byte) => value * 256 + byte, 0);
  const digits = text(field).trim();
  return digits === "" ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

/** Sum of the header's bytes with spaces in the place of the sum. */
function sum(header: Uint8Array): number {
  let total = 0;
  for (let i = 0; i < BLOCK; i++) total += i >= 148 && i < 156 ? 32 : header[i];
  return total;
}

/** Records "LENGTH KEY=VALUE\n"; lengths count bytes. */
function paxOf(bytes: Uint8Array): { path?: string; size?: number } {
  const found: { path?: string; size?: number } = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(new TextDecoder().decode(bytes.subarray(at, space)));
    if (space < 0 || !(length > 0)) break;
    const record = new TextDecoder().decode(bytes.subarray(space + 1, at + length - 1));
    const equals = record.indexOf("=");
    const value = record.slice(equals + 1);
    if (record.slice(0, equals) === "path") found.path = value;
    if (record.slice(0, equals) === "size") found.size = Number(value);
    at += length;
  }
  return found;
}
