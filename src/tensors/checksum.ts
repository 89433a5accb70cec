/** Safetensors files with a checksum over all of their bytes, so that a damaged one is noticed when it is read. */
import { S2Error, type S2ErrorCode } from "../core/index.ts";
import { readSafetensors, type StoredTensor, writeSafetensors } from "./safetensors.ts";

/** The source of a file, as a refusal names it. */
export interface CheckedSource {
  /** The code of the S2Error. */
  readonly code: S2ErrorCode;
  readonly name: string;
  /** The sentence that says what to do. */
  readonly advice: string;
}

/** SHA-256 in hexadecimal. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const key = "sha256";
const zeros = "0".repeat(64);

/** The metadata entry that `withChecksum` fills in. */
export const checksumEntry: Readonly<Record<string, string>> = { [key]: zeros };

/** Writes a safetensors file with its checksum in the metadata. */
export async function writeChecked(tensors: Record<string, StoredTensor>, metadata: Record<string, string>): Promise<Uint8Array> {
  return withChecksum(writeSafetensors(tensors, { ...metadata, ...checksumEntry }));
}

/** Fills in the checksum of a file that was written with `checksumEntry`: SHA-256 of the file with zeros in the checksum's place. */
export async function withChecksum(file: Uint8Array): Promise<Uint8Array> {
  const at = placeOf(file);
  if (at !== undefined) file.set(new TextEncoder().encode(await sha256(file)), at);
  return file;
}

/** Compares a file with its checksum; "absent" when it has none. */
export async function checkChecksum(file: Uint8Array): Promise<"right" | "wrong" | "absent"> {
  const at = placeOf(file);
  if (at === undefined) return "absent";
  const claimed = latin1(file.subarray(at, at + zeros.length));
  if (claimed === zeros) return "absent";
  const copy = new Uint8Array(file); // a Node Buffer's slice() would share its bytes
  copy.fill(0x30, at, at + zeros.length);
  return (await sha256(copy)) === claimed ? "right" : "wrong";
}

/** Reads what `writeChecked` wrote. @throws S2Error with the source's code for a damaged file and for one without a checksum. */
export async function readChecked(file: Uint8Array, { code, name, advice }: CheckedSource) {
  const found = await checkChecksum(file);
  if (found === "right") return readSafetensors(file);
  const why = found === "wrong" ? "does not match its checksum; it is damaged" : "has no checksum; it is damaged or another file";
  throw new S2Error(code, `${name} ${why}. ${advice}`);
}

/** Position of the digits. The header escapes quotes inside of strings, so that no text of the metadata looks like this. */
function placeOf(file: Uint8Array): number | undefined {
  if (file.length < 8) return undefined;
  const length = new DataView(file.buffer, file.byteOffset).getBigUint64(0, true);
  if (length > BigInt(file.length - 8)) return undefined;
  const found = /"sha256":"[0-9a-f]{64}"/.exec(latin1(file.subarray(8, 8 + Number(length))));
  return found ? 8 + found.index + key.length + 4 : undefined;
}

/** One character a byte, so that places in the text are places in the file. */
function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}
