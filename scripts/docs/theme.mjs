/** How TypeDoc renders our site: its own theme, with our sidebar, addresses that follow the repository, and GitHub's anchors in pages. */
import { DefaultTheme, KindRouter, Slugger } from "typedoc";
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

/** docs/heads.md becomes docs/heads.html, and the function extract of "s2-vision/node" api/node/extract.html. */
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
    const modules = super.buildNavigation(project).filter(({ text }) => text.startsWith("s2-vision"));
    const documents = new Map(project.documents.map((document) => [pathOf(document), document]));
    const linkTo = ({ path, title }) =>
      path === "README.md"
        ? { text: title, path: "index.html" }
        : { text: title, path: this.router.getFullUrl(documents.get(path)), kind: documents.get(path).kind };
    return listSections().map(({ title, api, pages }) => ({ text: title, children: api ? modules : pages.map(linkTo) }));
  }
}

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
