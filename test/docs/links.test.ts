/** A link in the docs, or a file that a comment names, must be there: a reader who follows it into nothing stops trusting the rest. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const filesBelow = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => ending.test(path) && !/node_modules|^dist\//.test(path))
    .map((path) => `${folder}/${path}`);

const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...filesBelow("docs", /\.md$/),
  ...filesBelow("models", /\.md$/),
  ...filesBelow("research", /\.md$/),
];

/** Anchors of a page as GitHub makes them from its headings. */
function anchorsOf(page: string): Set<string> {
  const headings = [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, text]) => text);
  const anchors = headings.map((text) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{Nd}\p{Pc} -]/gu, "")
      .replaceAll(" ", "-"),
  );
  return new Set(anchors);
}

describe("links between pages", () => {
  it.each(pages)("%s links to what is there", (page) => {
    const links = [...read(page).matchAll(/\]\(([^()\s]+)\)/g)].map(([, link]) => link).filter((link) => !/^[a-z]+:/.test(link));
    const broken = links.filter((link) => {
      const [path, anchor] = link.split("#");
      const target = path === "" ? page : normalize(join(dirname(page), path));
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && target.endsWith(".md") && !anchorsOf(target).has(decodeURIComponent(anchor));
    });
    expect(broken).toEqual([]);
  });
});

it("files that comments, docs and scripts name exist", () => {
  const folders = ["src", "test", "scripts", "bench", "docs", "examples", "playground", "research"];
  const sources = ["README.md", "CONTRIBUTING.md", ...folders.flatMap((folder) => filesBelow(folder, /\.(ts|mjs|md|py|html)$/))];
  const named =
    /(?<![\w./-])(?:src|test|scripts|bench|docs|examples|playground|models|research)\/[\w./-]+\.(?:ts|mts|mjs|md|py)\b/g;
  const missing = sources.flatMap((source) =>
    (read(source).match(named) ?? []).filter((path) => !existsSync(join(root, path))).map((path) => `${source}: ${path}`),
  );
  expect(missing).toEqual([]);
});

it("each decision has a number of its own, in its name and in its title", () => {
  const names = readdirSync(join(root, "docs/decisions")).sort();
  expect(new Set(names.map((name) => name.slice(0, 4))).size).toBe(names.length);
  for (const name of names) expect(read(`docs/decisions/${name}`)).toMatch(new RegExp(`^# ${name.slice(0, 4)} \\S`));
});
