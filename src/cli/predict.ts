/** `s2 predict`: what a fitted head says of images. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { PredictFlags } from "./command-flags.ts";
import { addModelOptions } from "./flags.ts";

const examples = `
Examples:
  s2 predict heads/clothing photo.jpg
  s2 predict heads/clothing photos/ --csv > photos.csv
  s2 predict heads/camvid "photos/**/*.jpg" -o masks

Images are looked at with the model and the scales that the head was fitted with. Of a mask or a depth two PNGs are written to --out: NAME.png is
the image beside its colors, with a legend; NAME.mask.png holds the ids of the classes, NAME.depth.png millimeters in 16 bits.`;

export function definePredict(program: Command): void {
  const command = program
    .command("predict")
    .summary("what a fitted head says of images")
    .description("Tells the class of images, their masks, depth or objects, by a head that `s2 fit` wrote.")
    .argument("<HEADFOLDER>")
    .argument("<IMAGE...>")
    .option("--model <model>", "where the model lies now (default: where it lay at fit)")
    .option("-o, --out <folder>", "masks and depth: where PNGs go (default: predictions)")
    .addOption(new Option("--json", "a line of JSON per image").conflicts("csv"))
    .option("--csv", "a table of numbers: a line per image")
    .option("--quiet", "no progress");
  refuseSizes(addModelOptions(command))
    .addHelpText("after", examples)
    .action(async (head: string, images: string[], flags: PredictFlags) => {
      const { predictImages } = await import("./predict-images.ts");
      process.exitCode = await predictImages(head, images, flags);
    });
}

/** Who gives scales to a head that has its own is told so. */
export function refuseSizes(command: Command): Command {
  for (const flag of ["--scales <list>", "--sizes <list>", "--fit <how>", "--merge <how>"]) {
    const refuse = () => {
      throw new InvalidArgumentError("The head says how images are looked at, as at its fit; leave it out, or fit another head.");
    };
    command.addOption(new Option(flag).argParser(refuse).hideHelp());
  }
  return command;
}
