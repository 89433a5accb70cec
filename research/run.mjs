/**
 * Runs a TypeScript file of this folder: `node research/run.mjs research/src/run-experiment.ts [argument...]`. esbuild bundles it into research/dist; the package stays
 * outside of the bundle, imported by its public names, as a user's program would.
 */
import { basename } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const [file, ...args] = process.argv.slice(2);
const root = fileURLToPath(new URL("../", import.meta.url));
// As deep below research/ as the sources, so that `new URL("../models/", import.meta.url)` is the same in both.
const outfile = `${root}research/dist/${basename(file).replace(/\.\w+$/, ".mjs")}`;
await build({
  ...{
    entryPoints: [root + file],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    logLevel: "warning",
  },
  ...{ packages: "external", tsconfigRaw: {} }, // no `paths`: they lead to the package's sources, for type checking alone
});
process.argv = [process.argv[0], outfile, ...args];
await import(pathToFileURL(outfile).href);
