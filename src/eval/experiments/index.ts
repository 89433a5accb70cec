/** The paper's experiments, in the order in which their results are listed. */
import type { Experiment } from "../experiment.ts";
import { bundled } from "./bundled.ts";
import { classification } from "./classification.ts";
import { depth } from "./depth.ts";
import { detail } from "./detail.ts";
import { fusion } from "./fusion.ts";
import { hardSamples } from "./hard-samples.ts";
import { language } from "./language.ts";
import { merge } from "./merge.ts";
import { pixels } from "./pixels.ts";
import { reconstruction } from "./reconstruction.ts";
import { scales } from "./scales.ts";
import { segmentation } from "./segmentation.ts";
import { split } from "./split.ts";

export const experiments: readonly Experiment[] = [
  ...[classification, segmentation, depth, detail],
  ...[split, merge, scales, pixels, fusion],
  ...[reconstruction, hardSamples, bundled, language],
];
