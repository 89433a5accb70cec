/** Words that were replaced by the field's terms (words.json) must not come back: a reader would have to learn them again. */
import { describe, expect, it } from "vitest";
import { findWords, type Rule, readList, searchText } from "../../scripts/words.mjs";

const rules = readList();
const used = new Set<unknown>();
const found = findWords(rules, used);
const nameOf = ({ use, pattern, in: where }: Rule) => `${where ?? "all"}: ${pattern.slice(0, 60)}: use ${use}`;

it.each(rules.map((rule) => [nameOf(rule), rule] as const))("%s", (_, rule) => {
  const offenders = found.filter((each) => each.rule === rule);
  const lines = offenders.map(({ path, line, found, text }) => `${path}:${line} "${found}" in: ${text.slice(0, 100)}`);
  expect(offenders.length, ["", ...lines, "(node scripts/words.mjs prints all)"].join("\n")).toBeLessThanOrEqual(rule.ceiling);
});

it("every exception of the list excuses something", () => {
  const unused = rules.flatMap(({ excepted }) => excepted).filter((exception) => !used.has(exception));
  expect(unused.map(({ why }) => why)).toEqual([]);
});

describe("the search", () => {
  const search = (path: string, text: string) => searchText(path, text, rules).map(({ line, found }) => `${line} ${found}`);

  it("finds words within names, comments, strings and file names", () => {
    const code = ["const toldClass = 1;", "// told by a head", 'const a = "it told us";'].join("\n");
    expect(search("code.ts", code)).toEqual(["1 told", "2 told", "3 told"]);
    expect(search("told-picture.ts", "")).toEqual(["0 told"]);
    expect(search("page.md", "The colour of `lookAt`, a small share of it.")).toEqual(["1 small share", "1 colour", "1 look"]);
  });

  it("leaves English verbs and the field's names alone", () => {
    const prose = "It looks at the tiles which share a border; in place, the choice narrows. Metrics, parameters, a diameter.";
    expect(search("page.md", prose)).toEqual([]);
    expect(search("code.ts", "items.some(Boolean); Gather(x); performance.mark(1);")).toEqual([]);
  });
});
