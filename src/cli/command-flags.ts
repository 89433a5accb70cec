/** What the commands on heads and experiments are told, each in its flags. */
import type { Pooling } from "../features/index.ts";
import type { TaskHeadName } from "../tasks/index.ts";
import type { ModelFlags, SizeFlags } from "./flags.ts";
import type { SayFlags, SetFlags } from "./set-flags.ts";

export interface FitFlags extends SizeFlags, ModelFlags, SetFlags, SayFlags {
  head?: TaskHeadName;
  pooling?: Pooling;
  regularisation?: number[];
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

export interface EvalFlags extends ModelFlags, SetFlags, SayFlags {
  split?: string;
  compare?: string;
  store: string;
}

export interface AdviseFlags extends ModelFlags, SetFlags, SayFlags {
  larger?: string;
  head?: TaskHeadName;
  pooling?: Pooling;
  near?: number;
  far?: number;
  store: string;
}

export interface AskFlags {
  answerer?: string;
  model?: string;
  threads?: number;
  json?: boolean;
}

/** Those of `s2 experiment`. */
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
