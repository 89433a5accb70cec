/** Data sets, metrics, comparisons and the paper's experiments. */
export { type Experiment, findExperiment } from "./experiment.ts";
export { experiments } from "./experiments/index.ts";
export type { Tokens } from "./judge.ts";
export type { Lab, LabModel, Which } from "./lab.ts";
export { figure, type Plot, page, type Result, resultsIndex } from "./result.ts";
