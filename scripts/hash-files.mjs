/** A hash of the files that a committed result was made from, so that a test notices a result of earlier files. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { transformSync } from "esbuild";

/** SHA-256 of the names and contents of `files`, paths from the repository's root; comments in TypeScript and JavaScript do not count. */
export function hashFiles(files) {
  const hash = createHash("sha256");
  for (const file of files) {
    const bytes = readFileSync(new URL(`../${file}`, import.meta.url));
    hash.update(file).update(/\.m?[jt]s$/.test(file) ? withoutComments(bytes) : bytes);
  }
  return hash.digest("hex");
}

const withoutComments = (source) => transformSync(source, { loader: "ts", minifyWhitespace: true }).code;
