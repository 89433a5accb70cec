/** `s2 predict`: what a fitted head says of photos. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { PredictFlags } from "./command-flags.ts";
import { addModelOptions } from "./flags.ts";

const examples = `
Examples:
  s2 predict heads/clothing photo.jpg
  s2 predict heads/clothing photos/ --csv > photos.csv
  s2 predict heads/camvid "photos/**/*.jpg" -o masks

Photos are looked at with the model and the scales that the head was fitted with. Of a mask or a depth two PNGs are written to --out: NAME.png is
the photo beside its colours, with a legend; NAME.mask.png holds the ids of the classes, NAME.depth.png millimetres in 16 bits.`;

export function definePredict(program: Command): void {
  const command = program
    .command("predict")
    .summary("what a fitted head says of photos")
    .description("Tells the class of photos, their masks, depth or objects, by a head that `s2 fit` wrote.")
    .argument("<HEADFOLDER>")
    .argument("<PHOTO...>")
    .option("--model <model>", "where the model lies now (default: where it lay at fit)")
    .option("-o, --out <folder>", "masks and depth: where PNGs go (default: predictions)")
    .addOption(new Option("--json", "a line of JSON per photo").conflicts("csv"))
    .option("--csv", "a table of numbers: a line per photo")
    .option("--quiet", "no progress");
  refuseSizes(addModelOptions(command))
    .addHelpText("after", examples)
    .action(async (head: string, photos: string[], flags: PredictFlags) => {
      const { predictPhotos } = await import("./predict-photos.ts");
      process.exitCode = await predictPhotos(head, photos, flags);
    });
}

/** Who gives scales to a head that has its own is told so. */
export function refuseSizes(command: Command): Command {
  for (const flag of ["--scales <list>", "--sizes <list>", "--fit <how>", "--merge <how>"]) {
    const refuse = () => {
      throw new InvalidArgumentError("The head says how photos are looked at, as at its fit; leave it out, or fit another head.");
    };
    command.addOption(new Option(flag).argParser(refuse).hideHelp());
  }
  return command;
}
