/** Bearer tokens: compared in constant time, so that the time of an answer says nothing about them. */
import { createHash, timingSafeEqual } from "node:crypto";
import { Refusal } from "./refusals.ts";

const digest = (token: string) => createHash("sha256").update(token).digest();

/** Returns the check of an Authorization header, which returns the number of its token; without tokens everyone may. */
export function authorizer(tokens: readonly string[]): (header: string | undefined) => number | undefined {
  const known = tokens.map(digest);
  return (header) => {
    if (known.length === 0) return undefined;
    const given = digest(/^Bearer (.+)$/i.exec(header ?? "")?.[1] ?? "");
    let found = -1;
    // All are compared, and as hashes of one length.
    for (const [i, each] of known.entries()) if (timingSafeEqual(each, given)) found = i;
    if (found >= 0) return found;
    const message = "The request has no valid bearer token; send the header Authorization: Bearer TOKEN.";
    throw new Refusal(401, message, { "WWW-Authenticate": "Bearer" });
  };
}

/** Reads tokens from a text: one a line, with empty lines and lines of comments (#) between. */
export function readTokens(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}
