/** Results on disk: NAME.json, the page and the plots made from it, and the index of all pages. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { experiments, page, type Result, resultsIndex } from "../eval/index.ts";
import { refuseForeign, saveFiles } from "../runtimes/node/index.ts";
import { drawPlot } from "./plots.ts";

const asBytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Numbers of a result as they are written: seven digits, so that a file does not change with a last bit. */
const rounded = (_: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(7)) : value;

/** Writes NAME.json, NAME.md and the plots; each is there whole or not at all. */
export async function writePage(folder: string, result: Result): Promise<void> {
  const text = `${JSON.stringify(result, rounded, 2)}\n`;
  const kept = JSON.parse(text) as Result; // the page is of the figures as they are in the file
  const files: Record<string, Uint8Array> = { [`${kept.name}.json`]: asBytes(text), [`${kept.name}.md`]: asBytes(page(kept)) };
  for (const plot of kept.plots) {
    const svg = asBytes(await drawPlot(plot));
    files[`${kept.name}-${plot.name}.svg`] = svg;
    files[`${kept.name}-${plot.name}.png`] = await sharp(svg, { density: 144 }).png({ palette: true }).toBuffer();
  }
  const json = join(folder, `${kept.name}.json`);
  refuseForeign(Object.keys(files).map((name) => ({ path: join(folder, name), beside: json })));
  saveFiles(folder, files);
}

/** Names of the experiments that have a result in the folder, in the registry's order. */
export const resultNames = (folder: string): string[] => {
  const there = existsSync(folder) ? readdirSync(folder) : [];
  return experiments.map(({ name }) => name).filter((name) => there.includes(`${name}.json`));
};

/** Writes README.md, a line for each result that is there. */
export function writeIndex(folder: string): void {
  const results = resultNames(folder).map((name) => JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as Result);
  refuseForeign([{ path: join(folder, "README.md") }]);
  saveFiles(folder, { "README.md": asBytes(resultsIndex(results)) });
}
