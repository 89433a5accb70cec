/** What the commands on heads and experiments are told, each in its flags. */
import type { Pooling } from "../features/index.ts";
import type { TaskHeadName } from "../tasks/index.ts";
import type { ModelFlags, SizeFlags } from "./flags.ts";
import type { PrintFlags, SetFlags } from "./set-flags.ts";

export interface FitFlags extends SizeFlags, ModelFlags, SetFlags, PrintFlags {
  head?: TaskHeadName;
  pooling?: Pooling;
  regularization?: number[];
  near?: number;
  far?: number;
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

export interface AdviseFlags extends ModelFlags, SetFlags, PrintFlags {
  larger?: string;
  head?: TaskHeadName;
  pooling?: Pooling;
  near?: number;
  far?: number;
  store: string;
}
