/** Packs the package once, as it would be published, and checks its package.json and its types: `npm run check:package`. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { root } from "./entries.mjs";
import { buildWhenStale } from "./stale.mjs";

/** The package is ESM alone: require() gets it in Nodes that can, and moduleResolution "node10" knows no exports. */
const expected = ({ kind, resolutionKind }) => kind === "CJSResolvesToESM" || resolutionKind === "node10";

buildWhenStale();
const folder = mkdtempSync(join(tmpdir(), "s2-package-"));
const found = [];
try {
  const packed = execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], { cwd: root });
  const tarball = new Uint8Array(readFileSync(join(folder, JSON.parse(packed)[0].filename)));
  const { messages, pkg } = await publint({ pack: { tarball: tarball.buffer }, level: "suggestion", strict: true });
  found.push(...messages.map((message) => `publint: ${formatMessage(message, pkg)}`));
  const { problems } = await checkPackage(createPackageFromTarballData(tarball));
  found.push(...problems.filter((each) => !expected(each)).map((each) => `arethetypeswrong: ${JSON.stringify(each)}`));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const line of found) console.error(line);
process.exit(found.length === 0 ? 0 : 1);
