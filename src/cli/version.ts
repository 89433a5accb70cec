/** The package's version, as `s2 --version` says it and as feature files record it. */
import { readFileSync } from "node:fs";

/** From package.json, which lies two folders up from here in `src` and in `dist` alike. */
export function readVersion(): string {
  return (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }).version;
}
