/** `s2 predict`: predictions of a fitted head for images. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { addModelOptions } from "./flags.ts";
import type { PredictFlags } from "./predict-images.ts";

const examples = `
Examples:
  s2 predict heads/clothing photo.jpg
  s2 predict heads/clothing photos/ --csv > photos.csv
  s2 predict heads/camvid "photos/**/*.jpg" -o masks

Features are extracted with the model and the scales that the head was fitted with. For segmentation and depth two PNGs are written to --out:
NAME.png is the image beside its colors, with a legend; NAME.mask.png holds the ids of the classes, NAME.depth.png millimeters in 16 bits.`;

export function definePredict(program: Command): void {
  const command = program
    .command("predict")
    .summary("predictions of a fitted head for images")
    .description("Predicts the class, the mask, the depth or the objects of images by a head that `s2 fit` wrote.")
    .argument("<HEADFOLDER>")
    .argument("<IMAGE...>")
    .option("--model <model>", "where the model is now (default: where it was at the fit)")
    .option("-o, --out <folder>", "segmentation and depth: where PNGs go (default: predictions)")
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

/** Refuses options of the extraction, which a head has from its fit. */
export function refuseSizes(command: Command): Command {
  for (const flag of ["--scales <list>", "--sizes <list>", "--fit <how>", "--merge <how>"]) {
    const refuse = () => {
      throw new InvalidArgumentError("Features are extracted as at the head's fit; leave it out, or fit another head.");
    };
    command.addOption(new Option(flag).argParser(refuse).hideHelp());
  }
  return command;
}
