/** The registry of experiments, in the order in which their results are listed. */
import { ResearchError } from "../error.ts";
import type { Experiment } from "../experiment.ts";
import { adaptive } from "./adaptive.ts";
import { builtInScales } from "./built-in-scales.ts";
import { bundled } from "./bundled.ts";
import { capacity } from "./capacity.ts";
import { classification } from "./classification.ts";
import { depth } from "./depth.ts";
import { detail } from "./detail.ts";
import { fusion } from "./fusion.ts";
import { hardSamples } from "./hard-samples.ts";
import { ladder } from "./ladder.ts";
import { language } from "./language.ts";
import { layouts } from "./layouts.ts";
import { merge } from "./merge.ts";
import { outliers } from "./outliers.ts";
import { pixels } from "./pixels.ts";
import { pretraining } from "./pretraining.ts";
import { robot } from "./robot.ts";
import { scales } from "./scales.ts";
import { segmentation } from "./segmentation.ts";
import { split } from "./split.ts";

export const experiments: readonly Experiment[] = [
  ...[ladder, classification, segmentation, depth, detail],
  ...[layouts, adaptive, outliers, split, merge, scales, pixels, fusion],
  ...[capacity, hardSamples, pretraining, bundled, language, robot, builtInScales],
];

/** Finds an experiment by its name. @throws ResearchError for an unknown name. */
export function findExperiment(name: string): Experiment {
  const found = experiments.find((each) => each.name === name);
  if (found) return found;
  throw new ResearchError(`There is no experiment "${name}"; expected ${experiments.map((each) => each.name).join(", ")}.`);
}
