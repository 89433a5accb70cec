/** Legends below pictures: swatches with names, or a color scale with its ends; sharp draws the text. */
import type { Pixels } from "../../images/index.ts";

/** Height of a line in pixels. */
const LINE = 24;
const MARGIN = 12;
/** Width of a letter of sans-serif at 14 px, on the wide side. */
const LETTER = 8.5;

type Color = readonly [red: number, green: number, blue: number];

/** SVG of a legend, with its height in pixels. */
export interface Legend {
  readonly svg: string;
  readonly height: number;
}

/** Draws names beside their colors, in as many columns as the width has room for. */
export function swatches(entries: readonly { readonly name: string; readonly color: Color }[], width: number): Legend {
  const column = Math.max(...entries.map(({ name }) => name.length)) * LETTER + 40;
  const columns = Math.max(1, Math.floor((width - MARGIN) / column));
  const height = Math.ceil(entries.length / columns) * LINE + MARGIN;
  const drawn = entries.map(({ name, color }, i) => {
    const x = MARGIN + (i % columns) * column;
    const y = MARGIN / 2 + Math.floor(i / columns) * LINE;
    return `<rect x="${x}" y="${y + 4}" width="16" height="16" fill="rgb(${color.join(",")})"/>${text(x + 24, y + 17, name)}`;
  });
  return { svg: svg(width, height, drawn), height };
}

/** Draws a bar of colors from 0 to 1 with words at both ends. */
export function colorScale(ends: readonly [string, string], colorOf: (position: number) => Color, width: number): Legend {
  const [first, last] = ends.map((end) => end.length * LETTER + MARGIN);
  const room = Math.max(16, width - 2 * MARGIN - first - last);
  const bars = Array.from({ length: 64 }, (_, i) => {
    const x = MARGIN + first + (i * room) / 64;
    return `<rect x="${x}" y="6" width="${room / 64 + 1}" height="16" fill="rgb(${colorOf(i / 63).join(",")})"/>`;
  });
  const words = [text(MARGIN, 19, ends[0]), text(MARGIN + first + room + MARGIN, 19, ends[1])];
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

const svg = (width: number, height: number, parts: readonly string[]) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${parts.join("")}</svg>`;

function text(x: number, y: number, words: string): string {
  const safe = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}" font-family="sans-serif" font-size="14" fill="#222222">${safe}</text>`;
}
