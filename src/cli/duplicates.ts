/** `s2 duplicates`: groups of images that are the same or edited copies of one picture. */
import type { Command } from "commander";
import type { DuplicateFlags } from "./find-duplicates.ts";
import { readBits, readFraction } from "./flag-values.ts";
import { addModelOptions, modelHelp } from "./flags.ts";

const examples = `
Examples:
  s2 duplicates photos/
  s2 duplicates photos/ "backup/**" --html duplicates.html

Exact duplicates have the same bytes, or the same pixels in another file. Near ones are copies that were resized, recompressed, made slightly
brighter or cropped by up to a tenth: pairs whose features are similar and whose difference hashes of 128 bits nearly equal. Rotated and
mirrored copies are not found. The thresholds were chosen for s2-tiny; give --min-similarity with another model. The first image of a group is
the one to keep: most pixels, then most bytes. Nothing is ever deleted or moved.`;

export function defineDuplicates(program: Command): void {
  const command = program
    .command("duplicates")
    .summary("find exact and near duplicates")
    .description("Groups images that are the same or edited copies of one picture, and suggests which one to keep.")
    .argument("<IMAGES...>", "images, folders or globs in quotes")
    .option("--model <model>", modelHelp)
    .option("--min-similarity <cosine>", "least similarity of near duplicates' features (default: 0.9)", readFraction)
    .option("--max-difference <bits>", "most bits, of 128, in which their hashes differ (default: 12)", readBits)
    .option("--html <file>", "a page with the groups to write")
    .option("--store <folder>", "where features and hashes are kept from run to run", "features/duplicates")
    .option("--json", "one line of JSON: { groups, images, failed, html }")
    .option("--quiet", "no progress, no notes");
  addModelOptions(command)
    .addHelpText("after", examples)
    .action(async (images: string[], flags: DuplicateFlags) => {
      process.exitCode = await (await import("./find-duplicates.ts")).findDuplicatesIn(images, flags);
    });
}
