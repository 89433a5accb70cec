/** The commands of a page of docs/stories, to be run in order on small data. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tiny } from "../cli/s2.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Splits at spaces outside of double quotes. */
const words = (line: string): string[] => (line.match(/(?:"[^"]*"|[^\s"])+/g) ?? []).map((word) => word.replaceAll('"', ""));

/** The arguments of each `npx s2 ...` line in the page's shell blocks. */
export function commandsOf(page: string): string[][] {
  const blocks = [...readFileSync(join(root, "docs/stories", page), "utf8").matchAll(/^```sh\n([\s\S]*?)^```$/gm)];
  return blocks.flatMap(([, block]) => [...block.matchAll(/^npx s2 (.+)$/gm)].map(([, line]) => words(line)));
}

/** A model of a few kB does the work of s2-tiny; heads remember it. */
export const smaller = (args: string[]) =>
  args[0] === "fit" ? [...args, ...tiny, "--prefix-tokens", "1", "--threads", "1"] : args;
