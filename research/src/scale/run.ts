/** Simulates archives from bench/results/archive.json: `node research/run.mjs research/src/scale/run.ts` writes result.json beside this file and docs/scale.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Measured, type ScaleFigures, scaleFigures } from "./figures.ts";
import { type SearchResult, scalePage } from "./page.ts";

const root = fileURLToPath(new URL("../../", import.meta.url)); // from research/dist
const read = <T>(path: string): T => JSON.parse(readFileSync(root + path, "utf8")) as T;
const rounded = (_: string, value: unknown) =>
  typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;

const text = `${JSON.stringify(scaleFigures(read<Measured>("bench/results/archive.json")), rounded, 1)}\n`;
writeFileSync(`${root}research/src/scale/result.json`, text);
const page = scalePage(JSON.parse(text) as ScaleFigures, read<SearchResult>("bench/results/archive-search.json"));
writeFileSync(`${root}docs/scale.md`, page);
