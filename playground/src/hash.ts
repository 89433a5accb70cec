/** SHA-256 by the browser, which has it on safe pages alone. */

/** Returns the SHA-256 of bytes as hexadecimal digits. */
export async function hashOf(bytes: Uint8Array): Promise<string> {
  if (!globalThis.crypto?.subtle) throw new Error("Images are indexed on pages with https (or localhost) only.");
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
