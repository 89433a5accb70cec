/** SVG files that draw much, read other files, or are no SVG after all. */
import { pathToFileURL } from "node:url";
import type { Random } from "./corpus.ts";

const here = pathToFileURL(process.cwd());

const svg = (body: string, width: number | string, height: number | string, head = ""): string =>
  `${head}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xi="http://www.w3.org/2001/XInclude" width="${width}" height="${height}">${body}</svg>`;

const filtered = (filter: string): string =>
  `<filter id="f" x="0" y="0" width="1" height="1">${filter}</filter><rect width="100%" height="100%" filter="url(#f)"/>`;

export function hostileSvg(random: Random): string {
  const side = random.pick([0, 1, 16, 300, 2000, 4096, 5000, 40_000, 1e9]);
  const count = random.pick([1, 10, 300]);
  const body = random.pick([
    () => filtered(`<feTurbulence baseFrequency="0.${random.below(99)}" numOctaves="${count}"/>`),
    () => filtered(`<feMorphology operator="dilate" radius="${random.pick([1, 50, 5000])}"/>`.repeat(random.pick([1, 4]))),
    () => filtered(`<feGaussianBlur stdDeviation="${random.pick([1, 100, 1e6])}"/>`.repeat(count)),
    () => filtered(`<feFlood result="a${random.below(9)}" flood-color="red"/>`.repeat(count)),
    () => filtered(`<feConvolveMatrix order="${count}" kernelMatrix="${"1 ".repeat(Math.min(count * count, 1e4))}"/>`),
    () => `${"<g opacity='0.9'>".repeat(count)}<circle r="50%"/>${"</g>".repeat(count)}`,
    () =>
      `<g id="a0"><rect width="9" height="9"/></g>${Array.from({ length: 9 }, (_, i) => `<g id="a${i + 1}">${`<use href="#a${i}"/>`.repeat(8)}</g>`).join("")}`,
    () =>
      `<use id="u" href="#u"/><pattern id="p" width="1" height="1"><rect width="9" height="9" fill="url(#p)"/></pattern><rect width="99" height="99" fill="url(#p)"/>`,
    () => `<image href="${here}/package.json" width="9" height="9"/><image xlink:href="/etc/passwd" width="9" height="9"/>`,
    () => `<text y="20"><xi:include parse="text" href="file:///etc/hostname"/></text>`,
    () =>
      `<image href="data:image/${random.pick(["png", "jpeg", "svg+xml"])};base64,${"QUJD".repeat(count)}" width="9" height="9"/>`,
    () => `<path d="M0 0 ${"L 9 9 L 0 9 ".repeat(count * 100)}" stroke="red" stroke-dasharray="${random.pick([0.001, 1])}"/>`,
    () => `<text font-size="${random.pick([1, 1e5, 1e9])}">${"&#x1F600;a".repeat(count)}</text>`,
    () => "<g>".repeat(count * 10),
    () => `<style>@import url("${here}/a.css"); * { fill: ${"(".repeat(count)} }</style><rect width="9" height="9"/>`,
    () => `<rect width="${random.pick(["1e308", "-1", "NaN", "1e-320"])}" height="9" transform="scale(1e30) rotate(nan)"/>`,
  ])();
  const entities = `<!DOCTYPE svg [<!ENTITY a "aaaaaaaa">${"bcdefghi".replace(/./g, (c) => `<!ENTITY ${c} "${`&${String.fromCharCode(c.charCodeAt(0) - 1)};`.repeat(10)}">`)}]>`;
  const foreign = '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/hostname">]>';
  return random.pick([
    () => svg(body, side, side),
    () => svg(body, side, side),
    () => svg(body, "100%", "100%"),
    () => svg(body, random.pick(["-5", "1e40", "abc", "0.001"]), side),
    () => svg(`<text y="9">&i;</text>${body}`, 40, 40, entities),
    () => svg(`<text y="9">&x;</text>${body}`, 40, 40, foreign),
    () => svg(body, 200, 200).slice(0, -random.below(60)),
    () => `<!-- ${"x".repeat(random.pick([10, 1100, 5000]))} -->${svg(body, 50, 50)}`,
  ])();
}
