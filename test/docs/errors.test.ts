/** docs/errors.md names every code that the sources use: who meets one must find it. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const sources = (folder: string): string[] =>
  readdirSync(root + folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? sources(`${folder}/${entry.name}`) : [readFileSync(`${root}${folder}/${entry.name}`, "utf8")],
  );

it("every code of an S2Error or a warning is in docs/errors.md, and none that is gone", () => {
  const text = sources("src").join("\n");
  const used = new Set<string>();
  for (const [, code] of text.matchAll(/(?:new S2Error|warn|oneOf|integer|checkDims)\(\s*"([a-z0-9-]+)"/g)) used.add(code);
  for (const [, code] of text.matchAll(/code: "([a-z0-9-]+)"/g)) used.add(code);
  for (const code of ["bad-size", "max-tiles"]) used.add(code); // dynamic.ts picks between the two
  const page = readFileSync(`${root}docs/errors.md`, "utf8");
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  const listed = new Set(rows.flatMap((row) => [...row.split("|")[1].matchAll(/`([a-z0-9-]+)`/g)].map(([, code]) => code)));
  expect([...used].filter((code) => !listed.has(code))).toEqual([]);
  expect([...listed].filter((code) => !used.has(code))).toEqual([]);
});
