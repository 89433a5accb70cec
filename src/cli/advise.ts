/** `s2 advise`: whether S² helps on one's own data, and at what cost. */
import { type Command, Option } from "commander";
import type { AdviseFlags } from "./command-flags.ts";
import { addModelOptions } from "./flags.ts";
import { addSetOptions, heads, readPositive } from "./set-flags.ts";

const examples = `
Examples:
  s2 advise clothing/
  s2 advise clothing/ --test-fraction 0.3 --larger onnx-community/dinov2-small-ONNX
  s2 advise rooms/ --task depth --meters-per-unit 0.001 --test-fraction 0.3 --json

Every image is squashed into the model's square and looked at as 1x, 1x+2x and 1x+2x+3x; a head is fitted to each. Three controls say where a gain
comes from: the same in the channels of one scale (a random map), the same of images without their detail (reduced, then enlarged), and twice the
side at once with interpolated positions. All differences are on the same test images, with 95 % intervals.`;

export function defineAdvise(program: Command): void {
  const command = program
    .command("advise")
    .summary("whether S² helps on a data set, and what it costs")
    .description("Fits heads at one, two and three scales to a data set and says, with figures, whether S² is worth it there.")
    .argument("<DATASET>")
    .option("--model <model>", "a folder, an .onnx file, or owner/name on the hub (default: s2-tiny)")
    .option(
      "--larger <model>",
      "a larger model, to compare with at one scale; --output, --prefix-tokens, --patch-size and --image-size do not hold for it",
    )
    .addOption(new Option("--head <name>", "what is fitted").choices([...new Set(Object.values(heads).flat())]))
    .addOption(new Option("--pooling <how>", "classes: what stands for an image").choices(["cls", "mean", "cls+mean"]))
    .option("--near <meters>", "depth: the least that is told (default: 0.1)", readPositive)
    .option("--far <meters>", "depth: the most that is told and that counts (default: 10)", readPositive)
    .option("--store <folder>", "where features are kept from run to run", "features/sets")
    .option("--json", "one line of JSON instead of text")
    .option("--quiet", "no progress, no notes");
  addSetOptions(command);
  addModelOptions(command)
    .addHelpText("after", examples)
    .action(async (dataset: string, flags: AdviseFlags) => {
      const { adviseSet } = await import("./advise-set.ts");
      process.exitCode = await adviseSet(dataset, flags);
    });
}
