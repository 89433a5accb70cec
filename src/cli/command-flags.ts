/** Flags of `s2 ask` and `s2 experiment`. */
import type { ModelFlags } from "./flags.ts";

export interface AskFlags {
  answerer?: string;
  model?: string;
  threads?: number;
  json?: boolean;
}

export interface ExperimentFlags extends ModelFlags {
  larger?: string;
  other?: string;
  data: string;
  store: string;
  out: string;
  render?: boolean;
  json?: boolean;
  quiet?: boolean;
}
