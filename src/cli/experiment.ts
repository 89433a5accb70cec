/** `s2 experiment`: the paper's experiments as commands, each with a page of results. */
import type { Command } from "commander";
import type { ExperimentFlags } from "./command-flags.ts";
import { addModelOptions } from "./flags.ts";

const examples = `
Examples:
  s2 experiment
  s2 experiment classification --data data
  s2 experiment reconstruction --larger onnx-community/dinov2-small-ONNX --data data
  s2 experiment --render

Without NAME the experiments are listed. Figures go to NAME.json; NAME.md, the plots (SVG, PNG) and README.md are made from it, and --render
makes them again without running anything. Features are kept in --store: experiments share them, and a run that was interrupted goes on.`;

export function defineExperiment(program: Command): void {
  const command = program
    .command("experiment")
    .summary("an experiment of the paper, on your data, as a page of figures")
    .description("Runs an experiment on frozen features and writes what it found: figures as JSON, a page, plots.")
    .argument("[NAME]")
    .option("--model <model>", "a folder, an .onnx file, or owner/name on the hub")
    .option("--larger <model>", "a larger model to compare with; without one its rows are left out")
    .option("--other <model>", "another model of the same size; for the experiment bundled")
    .option("--data <folder>", "where the data sets lie: clothing, camvid, coco128, depth/osd, depth/rooms, pcb", "data")
    .option("--store <folder>", "where features are kept from run to run", "features/experiments")
    .option("-o, --out <folder>", "where results are written", "docs/results")
    .option("--render", "write pages, plots and index again from the figures that are there")
    .option("--json", "print the figures too")
    .option("--quiet", "no progress");
  addModelOptions(command)
    .addHelpText("after", examples)
    .action(async (name: string | undefined, flags: ExperimentFlags) => {
      const { runExperiment } = await import("./run-experiment.ts");
      process.exitCode = await runExperiment(name, flags);
    });
}
