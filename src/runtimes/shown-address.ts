/** Addresses in messages. A file of its own, because a page loads it at once. Platform-free. */

/** Returns an address for messages: without its query, which may be a signature that grants access, and without a password. */
export function shownAddress(address: string): string {
  if (address.startsWith("data:")) return `${address.slice(0, 40)}${address.length > 40 ? "..." : ""}`;
  return address.replace(/[?#].*$/s, "").replace(/^([a-z]+:\/\/)[^/]*@/i, "$1");
}
