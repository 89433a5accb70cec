/** Files of a prediction: the picture with its legend for people, and the mask or the depth for programs. */
import { relative } from "node:path";
import { classColor, depthColor, depthPicture, maskPicture } from "../../features/index.ts";
import type { Photo, Pixels } from "../../images/index.ts";
import type { Store } from "../../store/index.ts";
import { tagPng } from "./save-png.ts";

/** A class for each pixel, or meters for each pixel. */
export type DrawnPrediction =
  | { readonly task: "segmentation"; readonly mask: Parameters<typeof maskPicture>[1] }
  | { readonly task: "depth"; readonly depth: Parameters<typeof depthPicture>[1] };

/** Paths of the files by what they hold, named after the picture. */
export function predictionPaths(picture: string, task: DrawnPrediction["task"]): Readonly<Record<string, string>> {
  const suffix = task === "segmentation" ? "mask" : "depth";
  return { picture, [suffix]: picture.replace(/png$/, `${suffix}.png`) };
}

/** Writes the files of a mask or of depth into a folder's store. */
export async function writePrediction(
  prediction: DrawnPrediction,
  classes: readonly string[],
  image: Photo,
  paths: Readonly<Record<string, string>>,
  { folder, store }: { readonly folder: string; readonly store: Store },
): Promise<void> {
  const { encode } = await import("fast-png");
  const write = (path: string, bytes: Uint8Array) => store.write(relative(folder, path), tagPng(bytes));
  if (prediction.task === "segmentation") {
    const { mask } = prediction;
    await write(paths.mask, encode({ ...mask, channels: 1, depth: 8 }));
    const drawn = maskPicture(image, mask);
    const present = [...new Set(mask.data)].sort((a, b) => a - b);
    const entries = present.map((id) => ({ name: classes[id], color: classColor(id) }));
    return write(paths.picture, await pngWithLegend(drawn, swatches(entries, drawn.width)));
  }
  const { width, height, data } = prediction.depth;
  const millimeters = Uint16Array.from(data, (meters) => Math.min(65535, Math.round(1000 * meters)));
  await write(paths.depth, encode({ width, height, channels: 1, depth: 16, data: millimeters }));
  const sorted = data.toSorted();
  const [near, far] = [sorted[0], sorted[sorted.length - 1]];
  const drawn = depthPicture(image, prediction.depth, { near, far });
  const ends = [`${near.toFixed(2)} m`, `${far.toFixed(2)} m`] as const;
  await write(paths.picture, await pngWithLegend(drawn, colorScale(ends, depthColor, drawn.width)));
}

/** Height of a line in pixels. */
const LINE = 24;
const MARGIN = 12;
/** Width of a letter of sans-serif at 14 px, on the wide side. */
const LETTER = 8.5;

type Color = readonly [red: number, green: number, blue: number];

/** SVG of a legend, with its height in pixels. */
interface Legend {
  readonly svg: string;
  readonly height: number;
}

/** Draws names beside their colors, in as many columns as the width has room for. */
function swatches(entries: readonly { readonly name: string; readonly color: Color }[], width: number): Legend {
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
function colorScale(ends: readonly [string, string], colorOf: (position: number) => Color, width: number): Legend {
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
async function pngWithLegend({ width, height, data }: Pixels, legend: Legend): Promise<Uint8Array> {
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
