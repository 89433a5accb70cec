/** The options that say how a data set is read, and which heads there are. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Task } from "../datasets/index.ts";
import type { TASK_HEADS } from "../tasks/index.ts";
import { readCount } from "./flags.ts";

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

/** As the library has them (tasks.ts), which is not loaded to print a help text. */
export const heads: typeof TASK_HEADS = {
  classification: ["logistic", "ridge", "knn", "prototypes"],
  segmentation: ["logistic", "ridge"],
  depth: ["ridge", "bins"],
  counting: ["objects"],
};

/** Printing of commands on data sets. */
export interface PrintFlags {
  json?: boolean;
  quiet?: boolean;
}

export function addSetOptions(command: Command): Command {
  const kinds = ["classification", "segmentation", "depth", "counting"];
  return command
    .optionsGroup("The data set (docs/datasets.md):")
    .addOption(new Option("--task <task>", "what is known of the images, where the folder has more than one kind").choices(kinds))
    .option("--list <file>", 'a table in the folder: path, label and, if it has it, split; CSV, or "path label" lines')
    .option("--classes <file>", "names of classes: a file in the folder (default: classes.txt or as docs/datasets.md says)")
    .option("--ignore <id>", "masks: the id that is no class, or none (default: void's, else 255 unless it is named)", readIgnore)
    .option("--meters-per-unit <n>", "of depth files: 0.001 for millimeters", readPositive)
    .option(
      "--objects-from <id>",
      "depth: the least id in labels/ that is an object, not a table or a floor (default: 1)",
      readCount(1),
    )
    .option(
      "--test-fraction <fraction>",
      "where there is no test split: the part of the images to split off as one, 0.2 for example",
      readShare,
    )
    .option("--seed <n>", "of what is split off (default: 1)", readSeed);
}

export function readPositive(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("Expected a number above 0.");
}

function readShare(text: string): number {
  const value = readPositive(text);
  if (value < 1) return value;
  throw new InvalidArgumentError("Expected a part: above 0 and below 1.");
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

/** Those that were given, for a head to keep. */
export function setFlagsOf({ list, classes, ignore, metersPerUnit, objectsFrom, testFraction, seed }: SetFlags): SetFlags {
  const flags = { list, classes, ignore, metersPerUnit, objectsFrom, testFraction, seed };
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}
