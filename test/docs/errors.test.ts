/** docs/errors.md, the type `S2ErrorCode` and the sources name the same codes: who meets one must find it, and a program must be able to name it. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const sources = (folder: string): string[] =>
  readdirSync(root + folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? sources(`${folder}/${entry.name}`) : [readFileSync(`${root}${folder}/${entry.name}`, "utf8")],
  );
const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, code]) => code);
const sorted = (codes: Iterable<string>) => [...new Set(codes)].sort();

const text = sources("src").join("\n");
const [errors, notices = ""] = readFileSync(`${root}docs/errors.md`, "utf8").split(/^## Notices/m);
const listed = (page: string) =>
  page
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .flatMap((row) => matches(row.split("|")[1], /`([a-z0-9-]+)`/g));

it("S2ErrorCode is the union of the codes that docs/errors.md lists as errors", () => {
  const union = matches(readFileSync(`${root}src/core/codes.ts`, "utf8"), /^ {2}\| "([a-z0-9-]+)"/gm);
  expect(union).toHaveLength(new Set(union).size);
  expect(union.sort()).toEqual(sorted(listed(errors)));
});

it("every code of an error, a notice or a warning is in docs/errors.md, and none that is gone", () => {
  const used = [
    ...matches(text, /(?:new S2Error|badOption|warn|oneOf|integer|checkDims)\(\s*"([a-z0-9-]+)"/g),
    ...matches(text, /code: "([a-z0-9-]+)"/g),
    ...["bad-size", "max-tiles"], // dynamic.ts picks between the two
  ];
  expect(sorted(used)).toEqual(sorted([...listed(errors), ...listed(notices)]));
});
