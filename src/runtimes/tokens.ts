/** Finds patch size and prefix tokens from a token count: tokens = prefix + ⌊height / patch⌋ · ⌊width / patch⌋. Platform-free. */

import { commonPrefixes, possibleGrids, S2Error } from "../core/index.ts";
import type { Size } from "./hub-config.ts";

/** Known facts about a model that gives `tokens` tokens for an image of `size`. */
export interface TokenFacts {
  readonly tokens: number;
  readonly size: Size;
  /** Patch size from the caller or a config file. */
  readonly patchSize?: number;
  /** Number of prefix tokens from the caller; checked. */
  readonly prefixTokens?: number;
  readonly family?: string;
  /** Numbers of prefix tokens of the family. */
  readonly familyPrefixes?: readonly number[];
}

/** Larger than in any known family; beyond it the patch size is more likely wrong. */
const MAX_PREFIX_TOKENS = 16;

/** Finds the token geometry. @throws S2Error "prefix-tokens", a question, when the facts disagree or do not suffice. */
export function readTokens(facts: TokenFacts): { patchSize?: number; prefixTokens: number; grid: Size } {
  const { tokens, size, patchSize, prefixTokens, familyPrefixes } = facts;
  if (patchSize !== undefined) {
    const allowed = prefixTokens !== undefined ? [prefixTokens] : familyPrefixes;
    const fitting = possibleGrids(size, patchSize).filter(({ rows, cols }) => {
      const rest = tokens - rows * cols;
      return allowed ? allowed.includes(rest) : rest >= 0 && rest <= MAX_PREFIX_TOKENS;
    });
    const [first] = fitting;
    // The first grid is the usual one, which decides among known prefixes; without any the grids must agree.
    if (first && (allowed || fitting.every(({ rows, cols }) => rows * cols === first.rows * first.cols)))
      return { patchSize, prefixTokens: tokens - first.rows * first.cols, grid: [first.rows, first.cols] };
    throw disagreement(facts, patchSize, allowed);
  }
  const candidates = prefixTokens !== undefined ? [prefixTokens] : (familyPrefixes ?? []);
  for (const prefix of candidates) {
    const grid = squaresOf(size, tokens - prefix);
    if (grid) return { patchSize: patchOfGrid(size, tokens - prefix), prefixTokens: prefix, grid };
  }
  throw question(facts, candidates);
}

/** Returns the grid of square tokens, also where they are no whole pixels: CrossViT makes 14x14 tokens of 240x240. */
function squaresOf([height, width]: Size, tokens: number): Size | undefined {
  const rows = Math.round(Math.sqrt((tokens * height) / width));
  const cols = tokens / rows;
  return rows * width === cols * height && Number.isInteger(cols) ? [rows, cols] : undefined;
}

/** Returns the patch size that cuts the image into so many tokens without remainder. */
function patchOfGrid([height, width]: Size, tokens: number): number | undefined {
  const patch = Math.sqrt((height * width) / tokens);
  return Number.isInteger(patch) && height % patch === 0 && width % patch === 0 ? patch : undefined;
}

function disagreement({ tokens, size, family, prefixTokens }: TokenFacts, patch: number, allowed?: readonly number[]): S2Error {
  const [rows, cols] = size.map((side) => Math.floor(side / patch));
  const expected =
    prefixTokens !== undefined
      ? `prefixTokens is ${prefixTokens}`
      : family && allowed
        ? `a ${family} has ${allowed.join(" or ")}`
        : "no family has so many";
  const got = `The model gives ${tokens} tokens for an image of ${size.join("x")}; patches of ${patch} make a grid of ${rows}x${cols}`;
  const rest = tokens - rows * cols;
  const leaves = rest < 0 ? "more tokens than there are" : `which leaves ${rest} before it, while ${expected}`;
  return new S2Error(
    "prefix-tokens",
    `${got}, ${leaves}. Which is right? Give prefixTokens (${commonPrefixes}) or patchSize.${fits(tokens, size)}`,
    { option: ["prefixTokens", "patchSize"] },
  );
}

function question({ tokens, size }: TokenFacts, candidates: readonly number[]): S2Error {
  const got = `The model gives ${tokens} tokens for an image of ${size.join("x")}`;
  const missing =
    candidates.length > 0
      ? `with ${candidates.join(" or ")} before the grid the rest is no grid of whole patches`
      : "how many of them stand before the grid is not known, for no config.json says the model's family or patch size";
  return new S2Error("prefix-tokens", `${got}, and ${missing}. Give prefixTokens ${commonPrefixes}.${fits(tokens, size)}`, {
    option: "prefixTokens",
  });
}

/** Lists the likely answers that are consistent: up to [CLS] and eight registers. */
function fits(tokens: number, size: Size): string {
  const answers: string[] = [];
  for (let prefix = 0; prefix <= 9; prefix++) {
    const patch = patchOfGrid(size, tokens - prefix);
    if (patch !== undefined && patch > 1) answers.push(`prefixTokens ${prefix} (patch size ${patch})`);
  }
  return answers.length > 0 ? ` What fits: ${answers.join(" or ")}.` : "";
}
