/** Finds links of a built site that lead nowhere: to files, pictures and anchors that are not there, in its pages and its sidebar. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { inflateSync } from "node:zlib";

/** Lists them: `{ page, link, why }`. Links to other sites are not followed. */
export function brokenLinks(folder) {
  const pages = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".html"));
  const html = new Map(pages.map((page) => [page, readFileSync(join(folder, page), "utf8")]));
  const anchors = new Map([...html].map(([page, text]) => [page, new Set(attributes(text, "id|name"))]));
  const links = [...html].flatMap(([page, text]) => attributes(text, "href|src").map((link) => ({ page, link })));
  for (const link of sidebarLinks(folder)) links.push({ page: "index.html", link });
  return links.flatMap(({ page, link }) => {
    if (/^([a-z]+:|\/\/)/i.test(link)) return [];
    const [path, anchor] = link.split("#");
    const target = path === "" ? page : normalize(join(dirname(page), decodeURIComponent(path.split("?")[0])));
    if (target.startsWith("..") || !existsSync(join(folder, target)))
      return [{ page, link, why: "leads to no file of the site" }];
    if (statSync(join(folder, target)).isDirectory()) return [{ page, link, why: "leads to a folder" }];
    if (!anchor || !anchors.has(target) || anchors.get(target).has(decodeURIComponent(anchor))) return [];
    return [{ page, link, why: "leads to an anchor that is not there" }];
  });
}

/** Lists values of attributes of tags; `<` in text is always escaped, in ours. */
function attributes(html, names) {
  const tags = html.match(/<[a-z][^<>]*>/gi) ?? [];
  return tags.flatMap((tag) =>
    [...tag.matchAll(new RegExp(` (?:${names})="([^"]*)"`, "g"))].map(([, value]) => value.replaceAll("&amp;", "&")),
  );
}

/** The sidebar is in a script, as compressed JSON, so that it also works from file://. */
function sidebarLinks(folder) {
  const path = join(folder, "assets/navigation.js");
  if (!existsSync(path)) return [];
  const [, data] = readFileSync(path, "utf8").match(/"(.+)"/);
  const below = ({ path, children = [] }) => [...(path ? [path] : []), ...children.flatMap(below)];
  return JSON.parse(inflateSync(Buffer.from(data, "base64")).toString()).flatMap(below);
}
