/** `s2 fit`: a head on frozen features of a data set. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { FitFlags } from "./command-flags.ts";
import { addModelOptions, addSizeOptions } from "./flags.ts";
import { addSetOptions, heads, readPositive } from "./set-flags.ts";

const examples = `
Examples:
  s2 fit clothing/ --scales 1,2,3 -o heads/clothing
  s2 fit clothing/ --scales 1 -o heads/clothing-1x
  s2 fit camvid/ --head ridge -o heads/camvid
  s2 fit rooms/ --task depth --meters-per-unit 0.001 --test-fraction 0.2 -o heads/rooms

Heads: ${Object.entries(heads)
  .map(([kind, names]) => `${kind} ${names.join(", ")}`)
  .join("; ")}; the first is the default (docs/heads.md).
Features are kept in --store, so that a run that was interrupted, or another head, goes on from there.`;

export function defineFit(program: Command): void {
  const command = program
    .command("fit")
    .summary("a head on features of a data set")
    .description(
      "Fits a head to a data set's images: classes, masks, depth or boxes. The regularization is chosen on the validation split; figures come with 95 % intervals.",
    )
    .argument("<DATASET>")
    .option("--model <model>", "a folder, an .onnx file, or owner/name on the hub (default: s2-tiny)")
    .requiredOption("-o, --out <folder>", "where head.json and head.safetensors go")
    .addOption(new Option("--head <name>", "what is fitted").choices([...new Set(Object.values(heads).flat())]))
    .addOption(
      new Option("--pooling <how>", "classes: what stands for an image (default: cls where there is one, else mean)").choices([
        "cls",
        "mean",
        "cls+mean",
      ]),
    )
    .option("--regularization <list>", "values to try instead of the usual: C, alpha or decay, strongest first", readPositives)
    .option("--near <meters>", "depth: the least that it tells (default: 0.1)", readPositive)
    .option("--far <meters>", "depth: the most that it tells and that counts (default: 10)", readPositive)
    .option("--store <folder>", "where features are kept from run to run", "features/sets")
    .option("--json", "one line of JSON instead of text")
    .option("--quiet", "no progress, no notes");
  addSetOptions(command);
  addModelOptions(addSizeOptions(command))
    .addHelpText("after", examples)
    .action(async (dataset: string, flags: FitFlags) => {
      const { fitHead } = await import("./fit-head.ts");
      process.exitCode = await fitHead(dataset, flags);
    });
}

function readPositives(text: string): number[] {
  const values = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (values.every((value) => Number.isFinite(value) && value > 0)) return values;
  throw new InvalidArgumentError("Expected positive numbers with commas between: 0.01,0.1,1.");
}
