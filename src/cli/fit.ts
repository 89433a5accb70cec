/** `s2 fit`: a head on frozen features of a data set. */
import type { Command } from "commander";
import type { FitFlags } from "./fit-head.ts";
import { readStrengths } from "./flag-values.ts";
import { addModelOptions, addSizeOptions, modelHelp } from "./flags.ts";
import { addHeadOptions, addPrintOptions, addSetOptions, heads } from "./set-flags.ts";

const examples = `
Examples:
  s2 fit clothing/ --scales 1,2,3 -o heads/clothing
  s2 fit clothing/ --scales 1 -o heads/clothing-1x
  s2 fit camvid/ --head ridge -o heads/camvid
  s2 fit rooms/ --task depth --meters-per-unit 0.001 --test-fraction 0.2 -o heads/rooms

Heads: ${Object.entries(heads)
  .map(([task, names]) => `${task} ${names.join(", ")}`)
  .join("; ")}; the first is the default (docs/heads.md).
Features are kept in --store, so that a run that was interrupted, or another head, continues from there.`;

export function defineFit(program: Command): void {
  const command = program
    .command("fit")
    .summary("a head on features of a data set")
    .description(
      "Fits a head for classification, segmentation, depth or counting to a data set. The regularization is chosen on the validation split; figures come with 95 % intervals.",
    )
    .argument("<DATASET>")
    .option("--model <model>", modelHelp)
    .requiredOption("-o, --out <folder>", "where head.json and head.safetensors go")
    .option(
      "--regularization <list>",
      "values to try instead of the default ones: C, alpha or decay, strongest first",
      readStrengths,
    );
  addSetOptions(addPrintOptions(addHeadOptions(command)));
  addModelOptions(addSizeOptions(command))
    .addHelpText("after", examples)
    .action(async (dataset: string, flags: FitFlags) => {
      const { fitHead } = await import("./fit-head.ts");
      process.exitCode = await fitHead(dataset, flags);
    });
}
