/** Options that the commands on data sets share. */
import type { Command } from "commander";
import type { Task } from "../datasets/index.ts";
import type { Pooling } from "../features/index.ts";
import type { TASK_HEADS, TaskHeadName } from "../tasks/index.ts";
import { readCount, readIgnore, readPositive, readSplit } from "./flag-values.ts";
import { choice, poolingOption } from "./flags.ts";

/** Flags for reading and splitting a data set. */
export interface SetFlags {
  task?: Task;
  list?: string;
  classes?: string;
  ignore?: number | "none";
  metersPerUnit?: number;
  objectsFrom?: number;
  testFraction?: number;
  seed?: number;
}

/** Flags for fitting a head. */
export interface HeadFlags {
  head?: TaskHeadName;
  pooling?: Pooling;
  near?: number;
  far?: number;
}

/** The library's list, which is not loaded to print a help text. */
export const heads: typeof TASK_HEADS = {
  classification: ["logistic", "ridge", "knn", "prototypes"],
  segmentation: ["logistic", "ridge"],
  depth: ["ridge", "bins"],
  counting: ["objects"],
};

export function addHeadOptions(command: Command): Command {
  return command
    .addOption(choice("--head <name>", "the head to fit", ...new Set(Object.values(heads).flat())))
    .addOption(poolingOption("classification: the image's vector"))
    .option("--near <meters>", "depth: the least that is predicted (default: 0.1)", readPositive)
    .option("--far <meters>", "depth: the largest that is predicted and evaluated (default: 10)", readPositive);
}

export function addPrintOptions(command: Command): Command {
  return command
    .option("--store <folder>", "where features are kept from run to run", "features/sets")
    .option("--json", "one line of JSON instead of text")
    .option("--quiet", "no progress, no notes");
}

export function addSetOptions(command: Command): Command {
  return command
    .optionsGroup("The data set (docs/datasets.md):")
    .addOption(choice("--task <task>", "the task, if the folder has labels for several", ...Object.keys(heads)))
    .option(
      "--list <file>",
      'a table in the folder: path, label and optionally split; CSV, or "path label" lines (--task segmentation: path and mask)',
    )
    .option("--classes <file>", "names of classes: a file in the folder (default: classes.txt or as docs/datasets.md says)")
    .option(
      "--ignore <id>",
      "segmentation: the id that is no class, or none (default: void's, else 255 unless it is named)",
      readIgnore,
    )
    .option("--meters-per-unit <n>", "of depth files: 0.001 for millimeters", readPositive)
    .option(
      "--objects-from <id>",
      "depth: the lowest id in labels/ that is an object, not a table or a floor (default: 1)",
      readCount(1),
    )
    .option(
      "--test-fraction <fraction>",
      "fraction of the images to split off for the test if there is no test split, such as 0.2",
      readSplit,
    )
    .option("--seed <n>", "seed of what is split off (default: 1)", readCount(0, 999_999_999));
}
