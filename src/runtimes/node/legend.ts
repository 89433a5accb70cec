/** Legends of pictures: names beside their colors, a bar of colors, and the picture above them as a PNG file. */
import type { Pixels } from "../../images/index.ts";

/** Height of a line in pixels. */
const LINE = 24;
const MARGIN = 12;
/** Pixels from the left of a swatch to its name, and between two columns. */
const INDENT = 24;
const GAP = 24;

type Color = readonly [red: number, green: number, blue: number];

/** SVG of a legend, with its height in pixels. */
interface Legend {
  readonly svg: string;
  readonly height: number;
}

/** A name with its color and a note, such as its fraction. */
export interface LegendEntry {
  readonly name: string;
  readonly note: string;
  readonly color: Color;
}

/** Draws names and notes beside their colors, row by row, in as many columns as the width has room for, each as wide as it needs. */
export function swatches(entries: readonly LegendEntry[], width: number): Legend {
  const lengths = entries.map(({ name, note }) => INDENT + lengthOf(`${name} ${note}`) + GAP);
  let columns = [Math.max(...lengths)];
  for (let count = 2; count <= entries.length; count++) {
    const wider = Array.from({ length: count }, (_, column) => Math.max(...lengths.filter((_, i) => i % count === column)));
    if (wider.reduce((sum, each) => sum + each, 2 * MARGIN - GAP) <= width) columns = wider;
  }
  const lefts = columns.map((_, i) => columns.slice(0, i).reduce((sum, each) => sum + each, MARGIN));
  const drawn = entries.map(({ name, note, color }, i) => {
    const x = lefts[i % columns.length];
    const y = MARGIN / 2 + Math.floor(i / columns.length) * LINE;
    const words = `${safe(name)} <tspan fill="#6a6a6a">${safe(note)}</tspan>`;
    return `<rect x="${x}" y="${y + 4}" width="16" height="16" rx="2" fill="rgb(${color.join(",")})"/>${text(x + INDENT, y + 17, words)}`;
  });
  const height = Math.ceil(entries.length / columns.length) * LINE + MARGIN;
  return { svg: svg(width, height, drawn), height };
}

/** Draws a bar of colors from 0 to 1 with words at both ends. */
export function colorScale(ends: readonly [string, string], colorOf: (position: number) => Color, width: number): Legend {
  const [first, last] = ends.map((end) => lengthOf(end) + MARGIN);
  const room = Math.max(16, width - 2 * MARGIN - first - last);
  const bars = Array.from({ length: 64 }, (_, i) => {
    const x = MARGIN + first + (i * room) / 64;
    return `<rect x="${x}" y="6" width="${room / 64 + 1}" height="16" fill="rgb(${colorOf(i / 63).join(",")})"/>`;
  });
  const words = [text(MARGIN, 19, safe(ends[0])), text(MARGIN + first + room + MARGIN, 19, safe(ends[1]))];
  const height = LINE + 6;
  return { svg: svg(width, height, [...bars, ...words]), height };
}

/** Encodes the picture with the legend below it as a PNG file. */
export async function pngWithLegend({ width, height, data }: Pixels, legend: Legend): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  const extended = image.extend({ bottom: legend.height, background: "#ffffff" });
  return new Uint8Array(
    await extended
      .composite([{ input: Buffer.from(legend.svg), left: 0, top: height }])
      .png()
      .toBuffer(),
  );
}

/** Returns the length of a text in sans-serif at 14 px, on the wide side, for fonts differ. */
function lengthOf(words: string): number {
  let length = 0;
  for (const letter of words)
    length += /[ijlrtfI .,:;!'|()-]/.test(letter) ? 5.5 : /[mwMW%@\u2e80-\u{3ffff}]/u.test(letter) ? 14 : 9;
  return length;
}

const svg = (width: number, height: number, parts: readonly string[]) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${parts.join("")}</svg>`;

const safe = (words: string): string => words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

const text = (x: number, y: number, words: string): string =>
  `<text x="${x}" y="${y}" font-family="sans-serif" font-size="14" fill="#222222">${words}</text>`;
