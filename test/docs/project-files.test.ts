/** The project's own files agree: a workflow that calls what is gone fails only after a push, and a wrong version only after a release. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { citeVersion, closeUnreleased, notesOf } from "../../scripts/changelog.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const { version, scripts, repository } = JSON.parse(read("package.json"));
const home = repository.url.replace(/^git\+|\.git$/g, "");

interface Workflow {
  readonly jobs: Record<string, { readonly uses?: string; readonly steps?: readonly { readonly run?: string }[] }>;
}

describe.each(readdirSync(join(root, ".github/workflows")))("the workflow %s", (name) => {
  const { jobs } = parse(read(`.github/workflows/${name}`)) as Workflow;
  const commands = Object.values(jobs).flatMap(({ steps = [] }) => steps.map(({ run = "" }) => run));

  it("calls scripts, files and workflows that exist", () => {
    const text = commands.join("\n");
    const called = [...text.matchAll(/npm (?:run )?(?!run|ci|publish)([\w:-]+)/g)].map(([, script]) => script);
    const files = text.match(/\b(?:scripts|test)\/[\w./-]+/g) ?? [];
    const workflows = Object.values(jobs).flatMap(({ uses }) => uses ?? []);
    expect(called.length + files.length).toBeGreaterThan(0);
    expect(called.filter((script) => !(script in scripts))).toEqual([]);
    expect([...files, ...workflows].filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

it("files that scripts of package.json name exist", () => {
  const named = Object.values<string>(scripts).flatMap((script) => script.match(/\b(?:scripts|bench|test)\/[\w./-]+/g) ?? []);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

it("the citation names this version, its repository, and the paper", () => {
  const citation = parse(read("CITATION.cff"));
  expect(citation).toMatchObject({ "cff-version": "1.2.0", version, "repository-code": home, type: "software" });
  expect(citation["preferred-citation"].identifiers[0].value).toBe("arXiv:2403.13043");
});

it.each(["SECURITY.md", "CODE_OF_CONDUCT.md", ".github/ISSUE_TEMPLATE/config.yml", ".github/ISSUE_TEMPLATE/bug.yml"])(
  "%s leads to this repository on GitHub, and no other one",
  (path) => {
    const own = read(path).match(/https:\/\/github\.com\/[\w-]*s2[\w-]*\/[\w-]+/g) ?? [];
    expect(new Set(own)).toEqual(new Set([home]));
  },
);

it.each(["bug", "feature"])("the %s form asks for something, each by an id of its own", (name) => {
  const { body } = parse(read(`.github/ISSUE_TEMPLATE/${name}.yml`)) as { body: { id?: string; type: string }[] };
  const ids = body.flatMap(({ id, type }) => (type === "markdown" ? [] : id));
  expect(ids.length).toBeGreaterThan(2);
  expect(new Set(ids).size).toBe(ids.length);
});

describe("the changelog at a release", () => {
  const before = "# Changelog\n\n## Unreleased\n\n- A line.\n\n## 0.1.0 (2026-01-31)\n\n- The first.\n";
  const after = closeUnreleased(before, "0.2.0", "2026-02-28");

  it("names the unreleased section and begins an empty one", () => {
    expect(after).toBe(before.replace("## Unreleased\n", "## Unreleased\n\n## 0.2.0 (2026-02-28)\n"));
    expect(closeUnreleased(before.replace("Unreleased", "0.2.0 (unreleased)"), "0.2.0", "2026-02-28")).toBe(after);
  });

  it("gives the notes of one version alone", () => {
    expect(notesOf(after, "0.2.0")).toBe("- A line.");
    expect(notesOf(after, "0.1.0")).toBe("- The first.");
    expect(() => notesOf(after, "0.1")).toThrow('no section "## 0.1 (DATE)"');
    expect(() => notesOf(before.replace("0.1.0", "0x1.0"), "0.1.0")).toThrow("no section");
  });

  it("is refused without anything to say, without the section, and for a version that is there", () => {
    expect(() => closeUnreleased(after, "0.3.0", "2026-03-31")).toThrow("says nothing");
    expect(() => closeUnreleased("# Changelog\n", "0.3.0", "2026-03-31")).toThrow('no section "## Unreleased"');
    expect(() => closeUnreleased(before, "0.1.0", "2026-03-31")).toThrow("already has a section of 0.1.0");
  });

  it("has a section for what comes next today", () => {
    expect(() => closeUnreleased(read("CHANGELOG.md"), "999.0.0", "2026-01-01")).not.toThrow("no section");
  });

  it("puts the version and its date into the citation, once each", () => {
    const once = citeVersion(read("CITATION.cff"), "0.2.0", "2026-02-28");
    const twice = citeVersion(once, "0.3.0", "2026-03-31");
    expect(parse(twice)).toMatchObject({ version: "0.3.0", "date-released": "2026-03-31", title: parse(once).title });
    expect(twice.length).toBe(once.length);
  });
});

describe("code that docs/contributing shows", () => {
  const pages = readdirSync(join(root, "docs/contributing"));

  it.each(pages)("%s quotes what the files have", (page) => {
    const blocks = [...read(`docs/contributing/${page}`).matchAll(/^```ts\n\/\/ (\S+)\n([\s\S]*?)^```$/gm)];
    expect(blocks.length).toBeGreaterThan(1);
    const missing = blocks.flatMap(([, path, quoted]) => {
      const parts = quoted.split(/^ *\/\/ \.\.\.\n/m); // "// ..." stands for what is left out
      return parts.filter((part) => !read(path).includes(part)).map((part) => `${path}: ${part}`);
    });
    expect(missing).toEqual([]);
  });
});
