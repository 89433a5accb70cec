/** `s2 advise`: does S² help on a data set, and at what cost? */
import type { Command } from "commander";
import type { AdviseFlags } from "./advise-set.ts";
import { addModelOptions, modelHelp } from "./flags.ts";
import { addHeadOptions, addPrintOptions, addSetOptions } from "./set-flags.ts";

const examples = `
Examples:
  s2 advise clothing/
  s2 advise clothing/ --test-fraction 0.3 --larger onnx-community/dinov2-small-ONNX
  s2 advise rooms/ --task depth --meters-per-unit 0.001 --test-fraction 0.3 --json

Every image is squashed into the model's square and extracted at 1x, 1x+2x and 1x+2x+3x; a head is fitted to each. Three controls say where a gain
comes from: the same in the channels of one scale (a random projection), the same of images without their detail (reduced, then enlarged), and twice
the side at once with interpolated positions. All differences are on the same test images, with 95 % intervals.`;

export function defineAdvise(program: Command): void {
  const command = program
    .command("advise")
    .summary("whether S² helps on a data set, and what it costs")
    .description("Fits heads at one, two and three scales to a data set and says, with figures, whether S² is worth it there.")
    .argument("<DATASET>")
    .option("--model <model>", modelHelp)
    .option(
      "--larger <model>",
      "a larger model to compare with at one scale; --output, --prefix-tokens, --patch-size and --image-size do not apply to it",
    );
  addSetOptions(addPrintOptions(addHeadOptions(command)));
  addModelOptions(command)
    .addHelpText("after", examples)
    .action(async (dataset: string, flags: AdviseFlags) => {
      const { adviseOnSet } = await import("./advise-set.ts");
      process.exitCode = await adviseOnSet(dataset, flags);
    });
}
