/** Types of public-names.mjs, for the tests. */
export interface PublicName {
  name: string;
  entries: string[];
  at: string;
  documented: boolean;
  undocumented: string[];
}
export function publicNames(): PublicName[];
export interface Docstring {
  at: string;
  text: string;
}
export function questionDocstrings(): { all: Docstring[]; questions: Docstring[] };
