/** Results on disk: NAME.json, the page and the plots made from it, and the index of all pages. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "s2-vision/node";
import sharp from "sharp";
import { ResearchError } from "./error.ts";
import { experiments } from "./experiments/index.ts";
import { drawPlot } from "./plots.ts";
import { page, type Result, resultsIndex } from "./result.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Numbers of a result as they are written: seven digits, so that a file does not change with a last bit. */
const rounded = (_: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(7)) : value;

/** Writes NAME.json, NAME.md and the plots, each to a temporary name first. */
export async function writePage(folder: string, result: Result): Promise<void> {
  const text = `${JSON.stringify(result, rounded, 2)}\n`;
  const written = JSON.parse(text) as Result; // the page shows the figures of the file
  const { name, plots } = written;
  const files: [name: string, bytes: Uint8Array][] = [];
  for (const plot of plots) {
    const svg = encode(await drawPlot(plot));
    files.push([`${name}-${plot.name}.svg`, svg]);
    files.push([`${name}-${plot.name}.png`, await sharp(svg, { density: 144 }).png({ palette: true }).toBuffer()]);
  }
  files.push([`${name}.md`, encode(page(written))], [`${name}.json`, encode(text)]);
  refuseForeign(folder, [`${name}.md`, `${name}.json`]);
  const store = openStore(folder);
  for (const [file, bytes] of files) await store.write(file, bytes);
}

/** Returns the names of the experiments that have a result in the folder, in the registry's order. */
export const resultNames = (folder: string): string[] => {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return experiments.map(({ name }) => name).filter((name) => files.includes(`${name}.json`));
};

/** Writes README.md, a line for each result that is there. */
export async function writeIndex(folder: string): Promise<void> {
  const results = resultNames(folder).map((name) => JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as Result);
  refuseForeign(folder, ["README.md"]);
  await openStore(folder).write("README.md", encode(resultsIndex(results)));
}

/** Refuses to overwrite a file that no experiment wrote: figures and pages contain the command, and a page with figures beside it is theirs. */
export function refuseForeign(folder: string, names: readonly string[]): void {
  for (const name of names) {
    const path = join(folder, name);
    const written = [path, path.replace(/\.md$/, ".json")].some((file) => existsSync(file) && isResult(file));
    if (!existsSync(path) || written) continue;
    throw new ResearchError(
      `${path} exists, and no experiment wrote it; it is not overwritten. Choose another --out, or move the file away.`,
    );
  }
}

const isResult = (path: string): boolean => readFileSync(path, "utf8").includes("npm run experiment");
