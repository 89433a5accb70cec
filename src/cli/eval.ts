/** `s2 eval`: a fitted head evaluated on a data set, with intervals, alone or compared with another head on the same images. */
import type { Command } from "commander";
import type { EvalFlags } from "./eval-head.ts";
import { addModelOptions } from "./flags.ts";
import { refuseSizes } from "./predict.ts";
import { addPrintOptions, addSetOptions } from "./set-flags.ts";

const examples = `
Examples:
  s2 eval heads/clothing clothing/
  s2 eval heads/clothing clothing/ --compare heads/clothing-1x
  s2 eval heads/camvid other-streets/ --split all --json

Options of the data set that were given at the fit need not be given again. Intervals are 95 %, by bootstrap over images; a difference whose
interval holds 0 may be chance.`;

export function defineEval(program: Command): void {
  const command = program
    .command("eval")
    .summary("a fitted head evaluated on a data set")
    .description("Evaluates a head that `s2 fit` wrote on labeled images: all figures of its task with 95 % intervals.")
    .argument("<HEADFOLDER>")
    .argument("<DATASET>")
    .option("--split <name>", "the split to evaluate on (default: test)")
    .option("--compare <HEADFOLDER>", "another head of the same task: the differences, paired by image")
    .option("--model <model>", "where the model is now (default: where it was at the fit)");
  addSetOptions(addPrintOptions(command));
  refuseSizes(addModelOptions(command))
    .addHelpText("after", examples)
    .action(async (head: string, dataset: string, flags: EvalFlags) => {
      const { evalHead } = await import("./eval-head.ts");
      process.exitCode = await evalHead(head, dataset, flags);
    });
}
