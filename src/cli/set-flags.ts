/** Options that the commands on data sets share, and how their values are read. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Task } from "../datasets/index.ts";
import type { Pooling } from "../features/index.ts";
import type { TASK_HEADS, TaskHeadName } from "../tasks/index.ts";
import { readCount } from "./flags.ts";

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
    .addOption(new Option("--head <name>", "the head to fit").choices([...new Set(Object.values(heads).flat())]))
    .addOption(
      new Option("--pooling <how>", "classification: the image's vector (default: cls if there is one, else mean)").choices([
        ...["cls", "mean", "cls+mean"],
      ]),
    )
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
    .addOption(new Option("--task <task>", "the task, if the folder has labels for several").choices(Object.keys(heads)))
    .option("--list <file>", 'a table in the folder: path, label and optionally split; CSV, or "path label" lines')
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
      readFraction,
    )
    .option("--seed <n>", "seed of what is split off (default: 1)", readSeed);
}

export function readPositive(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("Expected a number above 0.");
}

function readFraction(text: string): number {
  const value = readPositive(text);
  if (value < 1) return value;
  throw new InvalidArgumentError("Expected a fraction: above 0 and below 1.");
}

function readSeed(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected a whole number from 0.");
}

function readIgnore(text: string): number | "none" {
  if (text === "none") return text;
  if (/^\d+$/.test(text) && Number(text) <= 65535) return Number(text);
  throw new InvalidArgumentError('Expected an id from 0 to 65535, or "none".');
}
