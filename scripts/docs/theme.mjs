/** TypeDoc theme of the site: its own theme, with our sidebar, addresses that follow the repository, and GitHub's anchors in pages. */
import { join } from "node:path";
import { DefaultTheme, KindRouter, ReflectionKind, Slugger } from "typedoc";
import { entries } from "../entries.mjs";
import { listSections } from "./pages.mjs";

/** Anchors as GitHub makes them, which the links in the pages are written for. */
class GitHubSlugger extends Slugger {
  serialize(heading) {
    return heading
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{Nd}\p{Pc} -]/gu, "")
      .replaceAll(" ", "-");
  }
}

/** docs/errors.md becomes docs/errors.html, and the function extract of "s2-vision/node" api/node/extract.html. */
export class DocsRouter extends KindRouter {
  getIdealBaseName(reflection) {
    if (reflection.isDocument()) return pathOf(reflection).replace(/\.md$/, "");
    const names = [];
    for (let each = reflection; !each.isProject(); each = each.parent) names.unshift(each.name);
    const [entry, ...rest] = names;
    const folder = entry === "s2-vision" ? "core" : entry.replace(/^s2-vision\//, "");
    return ["api", folder, ...rest].join("/");
  }

  buildPages(project) {
    const pages = super.buildPages(project);
    for (const { model } of pages)
      if (model.isProject() || model.isDocument()) this.sluggers.set(model, new GitHubSlugger(this.sluggerConfiguration));
    return pages;
  }
}

const pathOf = (document) => document.frontmatter.path;

/** The sidebar: pages in the order of pages.mjs, and the entries of the package with their names. */
export class DocsTheme extends DefaultTheme {
  buildNavigation(project) {
    const order = entries().map(({ entry }) => join("s2-vision", entry));
    const modules = super.buildNavigation(project).filter(({ text }) => order.includes(text));
    modules.sort((a, b) => order.indexOf(a.text) - order.indexOf(b.text));
    const api = modules.map(({ text, path, children = [] }) => {
      children.sort((a, b) => isType(a) - isType(b) || a.text.localeCompare(b.text, "en"));
      return { text, children: [{ text: "Overview", path }, ...children] }; // a link in what opens and closes cannot be reached by everyone
    });
    const documents = new Map(project.documents.map((document) => [pathOf(document), document]));
    const urlOf = (path) => (path === "README.md" ? "index.html" : this.router.getFullUrl(documents.get(path)));
    return listSections()
      .map(({ title, api: isApi, pages = [] }) => ({
        text: title,
        children: isApi ? api : pages.map(({ path, title }) => ({ text: title, path: urlOf(path) })),
      }))
      .filter(({ children }) => children.length > 0);
  }
}

const isType = ({ kind }) => Number(kind === ReflectionKind.Interface || kind === ReflectionKind.TypeAlias);

/** TypeDoc leaves code out of the text of headings, of which it makes anchors and "On this page": gives it that text as a child. */
export function countCodeInHeadings(parser) {
  parser.core.ruler.push("code in headings", ({ tokens }) => {
    for (const [i, { type }] of tokens.entries()) {
      if (type !== "heading_open") continue;
      for (const child of tokens[i + 1].children)
        if (child.type === "code_inline") child.children = [{ type: "text", content: child.content }];
    }
  });
}

/** Adds what TypeDoc's pages lack for readers without a mouse or a screen: landmarks, a link to the content, no links in what opens and closes. */
export function makeAccessible(html) {
  return html
    .replace('<header class="tsd-page-toolbar">', '<a href="#content" class="skip-link">Skip to content</a>$&')
    .replace('<div class="col-content">', '<div class="col-content" role="main" id="content">')
    .replace('<div class="page-menu">', '<div class="page-menu" role="navigation" aria-label="This page">')
    .replace('<nav id="tsd-sidebar-links"', '$& aria-label="Project"')
    .replace('<nav class="tsd-navigation"', '$& aria-label="Pages"')
    .replaceAll(/<h3>(Settings|On This Page)<\/h3>/g, "<h2>$1</h2>")
    .replaceAll(/(<summary[^>]*>(?:(?!<\/summary>).)*?)<a [^>]*class="tsd-anchor-icon".*?<\/a>/gs, "$1");
}
