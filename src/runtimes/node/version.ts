/** Version of this package, which feature files record. */
import { readFileSync } from "node:fs";

/** Reads the version from package.json, three folders above this file in `src` and in `dist` alike. */
export function readVersion(): string {
  return (JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as { version: string }).version;
}
