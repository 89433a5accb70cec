/**
 * Builds the documentation site, pages and API reference together, into site/: `npm run docs [-- --out FOLDER]`.
 * TypeDoc renders it; it needs no server. Ends with an error when a link or an anchor leads nowhere.
 * With `--unexported` it only lists the types that public declarations mention and no entry exports.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Application, Comment, Converter, LogLevel, PageEvent } from "typedoc";
import { entries, root } from "../entries.mjs";
import { brokenLinks } from "./links.mjs";
import { listSections } from "./pages.mjs";
import { countCodeInHeadings, DocsRouter, DocsTheme, makeAccessible } from "./theme.mjs";

const options = { out: { type: "string", default: `${root}site` }, unexported: { type: "boolean" } };
const { out, unexported } = parseArgs({ options }).values;
const repository = JSON.parse(readFileSync(`${root}package.json`, "utf8")).repository.url.replace(/^git\+|\.git$/g, "");
const here = (name) => `${root}scripts/docs/${name}`;
const pages = listSections().flatMap(({ title: group, pages = [] }) => pages.map((page) => ({ ...page, group })));

if (existsSync(out) && readdirSync(out).length > 0 && !existsSync(join(out, "assets/navigation.js"))) {
  console.error(
    `${out} holds something else than a site that this built, and would be emptied. Give --out a new or an empty folder.`,
  );
  process.exit(1);
}
const app = await Application.bootstrapWithPlugins({
  name: "s2-vision",
  entryPoints: entries().map(({ source }) => root + source),
  tsconfig: `${root}tsconfig.json`,
  skipErrorChecking: true, // `npm run check` does
  readme: `${root}README.md`,
  projectDocuments: pages.filter(({ path }) => path !== "README.md").map(({ path }) => root + path),
  out: resolve(out),
  router: "docs",
  theme: "docs",
  logLevel: unexported ? LogLevel.Warn : LogLevel.Error,
  excludeInternal: true,
  excludePrivate: true,
  disableGit: true,
  basePath: root,
  gitRevision: "main",
  sourceLinkTemplate: `${repository}/blob/{gitRevision}/{path}#L{line}`,
  lightHighlightTheme: "github-light-high-contrast",
  darkHighlightTheme: "github-dark-high-contrast",
  highlightLanguages: ["bash", "css", "html", "javascript", "json", "jsonc", "python", "toml", "typescript", "yaml"],
  groupOrder: ["Functions", "Classes", "Interfaces", "Type Aliases", "Variables", "*"],
  sort: [], // properties stay as they are declared
  navigation: { includeCategories: false, includeGroups: false, includeFolders: false, excludeReferences: true },
  includeHierarchySummary: false,
  visibilityFilters: {},
  markdownItLoader: countCodeInHeadings,
  useFirstParagraphOfCommentAsSummary: true,
  searchInComments: true,
  searchInDocuments: true,
  searchGroupBoosts: {
    ...{ Start: 20, Guides: 20, "In depth": 20, Results: 4, Project: 4, Decisions: 1 },
    ...{ Functions: 5, Classes: 5, Interfaces: 3, "Type Aliases": 3 },
  },
  navigationLinks: { GitHub: repository },
  includeVersion: true,
  customCss: here("style.css"),
  customJs: here("page.js"),
  favicon: `${root}playground/icon.svg`,
});
app.renderer.defineRouter("docs", DocsRouter);
app.renderer.defineTheme("docs", DocsTheme);

app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document) => {
  const path = relative(root, document.project.files.getReflectionPath(document));
  const page = pages.find((each) => each.path === path);
  Object.assign(document, { name: page.title, frontmatter: { ...document.frontmatter, path, group: page.group } });
});
app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
  linkToRepository(project.readme, "README.md");
  for (const { content, frontmatter } of project.documents) linkToRepository(content, frontmatter.path);
  for (const module of project.children) {
    const { entry, source } = entries().find(({ source }) => source === module.sources[0].fileName);
    const [, description] = readFileSync(root + source, "utf8").match(/^\/\*\*([\s\S]*?)\*\//) ?? [];
    module.name = join("s2-vision", entry);
    if (description) module.comment = new Comment([{ kind: "text", text: description.replace(/^\s*\* ?/gm, "").trim() }]);
  }
});

/** Turns links to folders, sources and other files that are neither pages nor pictures into links to the repository. */
function linkToRepository(contents, from) {
  for (const piece of contents) {
    if (piece.kind !== "relative-link") continue;
    const path = join(dirname(from), piece.text.split("#")[0]);
    if (/\.(png|jpe?g|svg)$/.test(path) || pages.some((page) => page.path === path) || !existsSync(root + path)) continue;
    const kind = statSync(root + path).isDirectory() ? "tree" : "blob";
    Object.assign(piece, { kind: "text", text: `${repository}/${kind}/main/${path}`, target: undefined });
  }
}

const project = await app.convert();
if (!project) process.exit(1);
if (unexported) {
  app.validate(project);
  process.exit();
}
for (const { groups } of project.children)
  for (const { children } of groups) children.sort((a, b) => a.name.localeCompare(b.name, "en"));
app.renderer.on(PageEvent.END, (page) => {
  page.contents = makeAccessible(page.contents);
});
await app.generateOutputs(project);
const broken = brokenLinks(resolve(out));
for (const { page, link, why } of broken) console.error(`${page}: ${link} ${why}`);
if (broken.length || app.logger.hasErrors()) process.exit(1);
