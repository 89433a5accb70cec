/** Types of words.mjs, for the tests. */
export interface Rule {
  use: string;
  pattern: string;
  ceiling: number;
  in?: "names" | "prose";
  excepted: { line: RegExp; path: RegExp; why: string }[];
}
export interface FoundWord {
  rule: Rule;
  path: string;
  line: number;
  text: string;
  found: string;
}
export function readList(): Rule[];
export function findWords(rules?: Rule[], used?: Set<unknown>): FoundWord[];
export function searchText(path: string, text: string, rules: Rule[], used?: Set<unknown>): FoundWord[];
