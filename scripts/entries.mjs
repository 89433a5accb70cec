/** The entries of the package, from the `exports` of package.json: what users import, the built file, its types and the source that both come from. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../", import.meta.url));

/** Lists the entries that export names: `{ entry: "./node", types: "dist/node.d.ts", source: "src/node.ts" }`. Workers of pages export none. */
export function entries() {
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
  return Object.entries(exports)
    .map(([entry, target]) => ({ entry, file: typeof target === "string" ? target : target.default }))
    .filter(({ entry, file }) => file.endsWith(".js") && !entry.endsWith("-worker"))
    .map(({ entry, file }) => ({
      entry,
      types: file.replace(/^\.\//, "").replace(/\.js$/, ".d.ts"),
      source: file.replace(/^\.\/dist\//, "src/").replace(/\.js$/, ".ts"),
    }));
}
