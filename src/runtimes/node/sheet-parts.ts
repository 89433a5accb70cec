/** Parts that contact sheets share: a page in one file that loads nothing else, its style, and thumbnails inside it. */
import { createHash } from "node:crypto";
import { loadImage } from "./load-image.ts";
import { encodeJpeg, shrunken } from "./page-picture.ts";

const STYLE = `
:root { color-scheme: light dark; --page: #f6f6f4; --card: #fff; --ink: #1c1d1f; --soft: #5f6368; --line: #d9d9d5; --fill: #dfe9f7; --main: #1f5fbf; --on: #fff; --warn: #9a5b00; }
@media (prefers-color-scheme: dark) {
  :root { --page: #161719; --card: #212326; --ink: #ececea; --soft: #a5a8ad; --line: #3a3d42; --fill: #2a3a52; --main: #7fb0ff; --on: #10151d; --warn: #f0b35a; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 130px; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
header { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: 8px 24px; justify-content: space-between; align-items: center; padding: 12px 24px; background: var(--card); border-bottom: 1px solid var(--line); }
h1 { font-size: 18px; margin: 0; }
header p { margin: 0; color: var(--soft); font-size: 14px; }
nav { flex-basis: 100%; display: flex; gap: 8px; overflow-x: auto; }
nav a { flex: none; max-width: 200px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; padding: 2px 10px; border: 1px solid var(--line); border-radius: 99px; color: inherit; font-size: 14px; text-decoration: none; }
nav a:hover { border-color: var(--main); }
main, footer { padding: 0 24px; }
h2 { font-size: 17px; margin: 24px 0 12px; overflow-wrap: anywhere; }
h2 small { color: var(--soft); font-weight: 400; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(168px, 44vw), 1fr)); gap: 12px; }
figure { margin: 0; padding: 10px; display: flex; flex-direction: column; gap: 8px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; min-width: 0; content-visibility: auto; contain-intrinsic-size: auto 300px; }
.picture { height: 160px; display: grid; place-items: center; color: var(--soft); }
.picture img { max-width: 100%; max-height: 160px; border-radius: 4px; }
figcaption { font-size: 13px; color: var(--soft); white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
:focus-visible { outline: 2px solid var(--main); outline-offset: 2px; }
footer { padding-block: 24px 40px; color: var(--soft); }
footer p { margin: 0; }
@media (max-width: 600px) { header, main, footer { padding-inline: 12px; } header p { display: none; } }
`;

/** Parts of a page; `body`, `style` and `script` are taken as they are. */
export interface SheetParts {
  readonly title: string;
  readonly body: string;
  readonly style: string;
  readonly script?: string;
}

/** Joins the page; its policy lets nothing be loaded and no script run but `script`. */
export function sheetPage({ title, body, style, script }: SheetParts): string {
  const scripts = script === undefined ? "" : `; script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'${scripts}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}${style}</style>
</head>
<body>
${body}
${script === undefined ? "" : `<script>${script}</script>\n`}</body>
</html>
`;
}

/** A JPEG of at most `side` pixels a side as a data URI; undefined for an image that cannot be read any more. */
export async function thumbnail(path: string, side: number): Promise<string | undefined> {
  try {
    const jpeg = await encodeJpeg(await shrunken(await loadImage(path), side));
    return `data:image/jpeg;base64,${Buffer.from(jpeg).toString("base64")}`;
  } catch {
    return undefined;
  }
}

/** Text as HTML, in quoted attributes too: names of files and classes may hold anything. */
export const escapeHtml = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: line ends would be changed, others lost
  text.replace(/[&<>"'\u0000-\u001f\u007f]/g, (found) => `&#${found.charCodeAt(0)};`);
