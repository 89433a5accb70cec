/** Flags of the commands on heads and experiments. */
import type { ModelFlags, SizeFlags } from "./flags.ts";
import type { PrintFlags } from "./progress.ts";
import type { HeadFlags, SetFlags } from "./set-flags.ts";

export interface FitFlags extends SizeFlags, ModelFlags, SetFlags, HeadFlags, PrintFlags {
  regularization?: number[];
  out: string;
  store: string;
}

export interface PredictFlags extends ModelFlags {
  out?: string;
  json?: boolean;
  csv?: boolean;
  quiet?: boolean;
}

export interface EvalFlags extends ModelFlags, SetFlags, PrintFlags {
  split?: string;
  compare?: string;
  store: string;
}

export interface AdviseFlags extends ModelFlags, SetFlags, HeadFlags, PrintFlags {
  larger?: string;
  store: string;
}
