/** `s2 label`: a page on a folder, to label a few images and to correct suggestions for the rest. */
import { type Command, Option } from "commander";
import { items, readCount } from "./flag-values.ts";
import { addModelOptions, addSizeOptions, choice, modelHelp } from "./flags.ts";
import type { LabelFlags } from "./label-folder.ts";

const examples = `
Examples:
  s2 label photos/
  s2 label photos/ --classes hat,shirt,shoes
  s2 label photos/ --task segmentation --classes sky,road

The page is served on 127.0.0.1 alone, and its address works once, in one browser. Every action is saved at once: classes to labels.csv, for
s2 fit photos/ --list labels.csv; masks to masks/, masks.csv and classes.txt, for s2 fit photos/ --list masks.csv --task segmentation.
End with Ctrl-C; the same command goes on from what is saved. Features are kept in --store, where s2 fit with the same options finds them.`;

export function defineLabel(program: Command): void {
  const command = program
    .command("label")
    .summary("a page to label a folder of photos, with suggestions")
    .description("Opens a page on a folder: label a few photos by class or by clicks, and correct suggestions for the rest.")
    .argument("<FOLDER>")
    .addOption(choice("--task <task>", "what is labeled", "classification", "segmentation").default("classification"))
    .option("--classes <names>", "names of classes to begin with: hat,shirt,shoes; the page adds more", items)
    .option("--model <model>", modelHelp)
    .option("-o, --out <file>", "the list, a .csv in the folder (default: labels.csv, for masks masks.csv)")
    .option("--store <folder>", "where features are kept from run to run", "features/sets")
    .option("--port <n>", "port of the page (default: a free one)", readCount(1, 65535))
    .addOption(new Option("--no-open", "print the address and open no browser"))
    .option("--json", "one line of JSON: { url, images, list }")
    .option("--quiet", "no notes");
  addModelOptions(addSizeOptions(command))
    .addHelpText("after", examples)
    .action(async (folder: string, flags: LabelFlags) => {
      process.exitCode = await (await import("./label-folder.ts")).labelFolder(folder, flags);
    });
}
