/** The pages of the documentation site, in the order in which one would learn; a name before a pattern claims its page. */
import { readFileSync } from "node:fs";
import { globSync } from "tinyglobby";
import { root } from "../entries.mjs";

const docs = (...names) => names.map((name) => `docs/${name}.md`);

const sections = [
  { title: "Start", files: ["README.md", ...docs("architecture", "options", "models", "command", "browser", "playground")] },
  { title: "Stories", files: ["docs/stories/*.md"] },
  {
    title: "Guides",
    files: [...docs("heads", "datasets", "retrieval", "training", "export", "server", "language"), "docs/*.md"],
  },
  { title: "In depth", files: [...docs("traps", "performance", "errors"), "models/MODEL_CARD.md"] },
  { title: "API reference", api: true },
  { title: "Results", files: ["{docs,research}/results/README.md", "{docs,research}/results/*.md", "research/README.md"] },
  { title: "Project", files: ["CONTRIBUTING.md", "docs/contributing/*.md", ...docs("releasing"), "*.md"] },
  { title: "Decisions", files: ["docs/decisions/*.md"] },
];

/** Lists the sections with their pages, `{ path, title }`; the section of the API reference has `api` instead. */
export function listSections() {
  const named = new Set(sections.flatMap(({ files = [] }) => files));
  const taken = new Set();
  return sections.map(({ title, files, api }) => {
    if (api) return { title, api };
    const paths = files.flatMap((pattern) => {
      const found = globSync(pattern, { cwd: root }).sort();
      return found.filter((path) => (path === pattern || !named.has(path)) && !taken.has(path) && taken.add(path));
    });
    return { title, pages: paths.map((path) => ({ path, title: path === "README.md" ? "Introduction" : titleOf(path) })) };
  });
}

function titleOf(path) {
  const [, title] = readFileSync(root + path, "utf8").match(/^# (.+)$/m) ?? [];
  if (!title) throw new Error(`${path} has no title: its first line should be "# Title".`);
  return title.replaceAll("`", "");
}
