/** Measures what a page downloads at once for an entry of the package: the entry and its static imports, minified and gzipped; without what comes by import() on demand. */
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** @returns its bytes, and the source files in them. ONNX Runtime is none of it: it sits in the worker. */
export async function entrySize(name, resolveDir) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export * from ${JSON.stringify(name)};`, resolveDir },
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    outdir: "out",
    write: false,
    metafile: true,
  });
  const { outputs } = metafile;
  const first = new Set();
  const visit = (path) => {
    if (first.has(path)) return;
    first.add(path);
    for (const { path: next, kind } of outputs[path].imports) if (kind === "import-statement") visit(next);
  };
  visit(Object.keys(outputs).find((path) => path.endsWith("stdin.js")));
  const files = outputFiles.filter(({ path }) => [...first].some((output) => path.endsWith(`/${output}`)));
  if (files.length !== first.size) throw new Error(`${first.size} files were expected, and ${files.length} found.`);
  return {
    bytes: files.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0),
    inputs: [...first].flatMap((path) => Object.keys(outputs[path].inputs)),
  };
}
