/** `imageSheet`: a page of images in groups, such as the hits of a search or duplicates, with boxes drawn over their thumbnails. */
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { type Box, S2Error } from "../../core/index.ts";
import { refuseForeign } from "./refuse-foreign.ts";
import { escapeHtml, sheetPage, thumbnail } from "./sheet-parts.ts";
import { writeWhole } from "./write-whole.ts";

/** Longest side of a thumbnail in pixels: enough to see a region of a tenth of the image. */
const SIDE = 400;

/** An image of a sheet. */
export interface SheetImage {
  readonly path: string;
  /** Size that the box refers to. */
  readonly size: readonly [height: number, width: number];
  readonly box?: Box;
  /** A few words below the name, such as the score. */
  readonly caption: string;
  /** Stands out: the query, or the image to keep. */
  readonly marked?: boolean;
}

/** A titled group of images. */
export interface SheetGroup {
  readonly title: string;
  readonly images: readonly SheetImage[];
}

const STYLE = `
.grid { grid-template-columns: repeat(auto-fill, minmax(min(220px, 44vw), 1fr)); }
.picture { height: 200px; }
.picture svg { max-width: 100%; max-height: 200px; border-radius: 4px; }
.picture rect { fill: none; vector-effect: non-scaling-stroke; }
.around { stroke: #000; stroke-width: 5px; }
.box { stroke: #ffd60a; stroke-width: 2.5px; }
figure.marked { border-color: var(--main); box-shadow: inset 0 0 0 1px var(--main); }
figcaption { white-space: normal; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
figcaption b { display: block; color: var(--ink); font-weight: 500; }
a { color: inherit; text-decoration: none; }
a:hover b { text-decoration: underline; }
`;

/** Checks before anything runs that a page may be written to `path`. @throws S2Error "option" or "write". */
export function checkSheetPath(path: string): void {
  if (!/\.html?$/i.test(path)) throw new S2Error("option", `Got --html ${path}; expected a name that ends in .html.`);
  refuseForeign([{ path, named: true }]);
}

/** Writes the page to `file`. Each image links to its file, by a path relative to the page. @throws S2Error "write". */
export async function writeImageSheet(
  file: string,
  { title, lead, groups }: { readonly title: string; readonly lead: string; readonly groups: readonly SheetGroup[] },
  signal?: AbortSignal,
): Promise<void> {
  const sections: string[] = [];
  for (const group of groups) {
    const cards: string[] = [];
    for (const image of group.images) {
      signal?.throwIfAborted();
      cards.push(card(image, await thumbnail(image.path, SIDE), addressOf(image.path, file)));
    }
    sections.push(`<section><h2>${escapeHtml(group.title)}</h2>\n<div class="grid">${cards.join("\n")}</div></section>`);
  }
  const body = `<header>
<div><h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(lead)}</p></div>
</header>
<main>${sections.join("\n")}</main>
<footer></footer>`;
  await writeWhole(file, new TextEncoder().encode(sheetPage({ title, body, style: STYLE })));
}

function card({ path, size: [height, width], box, caption, marked }: SheetImage, picture: string | undefined, address: string) {
  const name = escapeHtml(path);
  const rect = (of: string) =>
    box ? `<rect class="${of}" x="${box.left}" y="${box.top}" width="${box.width}" height="${box.height}"/>` : "";
  // An SVG of the image's own pixels scales box and thumbnail together.
  const drawn = picture
    ? `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${name}"><image width="${width}" height="${height}" preserveAspectRatio="none" href="${picture}"/>${rect("around")}${rect("box")}</svg>`
    : "<p>no preview</p>";
  return `<figure${marked ? ' class="marked"' : ""}><a href="${escapeHtml(address)}">
<div class="picture">${drawn}</div>
<figcaption><b><bdi>${name}</bdi></b>${escapeHtml(caption)}</figcaption></a></figure>`;
}

/** Relative address of an image, so that photos and page can be moved together. */
function addressOf(path: string, page: string): string {
  const way = relative(dirname(resolve(page)), resolve(path));
  if (isAbsolute(way)) return pathToFileURL(path).href; // on another drive of Windows
  return way.split(sep).map(encodeURIComponent).join("/");
}
