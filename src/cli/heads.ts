/** `s2 fit`, `predict`, `eval` and `advise`: heads on frozen features. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { AdviseFlags } from "./advise-set.ts";
import type { EvalFlags } from "./eval-head.ts";
import type { FitFlags } from "./fit-head.ts";
import { readFraction, readStrengths } from "./flag-values.ts";
import { addModelOptions, addSizeOptions, modelHelp } from "./flags.ts";
import type { PredictFlags } from "./predict-images.ts";
import { addHeadOptions, addPrintOptions, addSetOptions, heads } from "./set-flags.ts";

const fitExamples = `
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
    .option("--replace", "replace the head that --out has")
    .option(
      "--regularization <list>",
      "values to try instead of the default ones: C, alpha or decay, strongest first",
      readStrengths,
    );
  addSetOptions(addPrintOptions(addHeadOptions(command)));
  addModelOptions(addSizeOptions(command))
    .addHelpText("after", fitExamples)
    .action(async (dataset: string, flags: FitFlags) => {
      process.exitCode = await (await import("./fit-head.ts")).fitHead(dataset, flags);
    });
}

const predictExamples = `
Examples:
  s2 predict heads/clothing photo.jpg
  s2 predict heads/clothing photos/ --sort-into sorted --min-confidence 0.8
  s2 predict heads/camvid "photos/**/*.jpg" -o masks --coco masks.json --polygons

--sort-into copies each image to DIR/CLASS/NAME; DIR/predictions.html shows all, the least confident first, and saves corrected classes for s2 fit.
Features are extracted with the model and the scales that the head was fitted with. For segmentation and depth two PNGs are written to --out:
NAME.png is the image beside its colors, with a legend; NAME.mask.png holds class ids, a palette's indices in the legend's colors; NAME.depth.png millimeters in 16 bits.`;

export function definePredict(program: Command): void {
  const command = program
    .command("predict")
    .summary("predictions of a fitted head for images")
    .description("Predicts the class, the mask, the depth or the objects of images by a head that `s2 fit` wrote.")
    .argument("<HEADFOLDER>")
    .argument("<IMAGE...>")
    .option("--model <model>", "where the model is now (default: where it was at the fit)")
    .option("-o, --out <folder>", "segmentation and depth: where PNGs go (default: predictions)")
    .option("--coco <file.json>", "segmentation: also the masks of all images as one COCO JSON, in run lengths")
    .option("--polygons", "with --coco: a polygon for each connected region instead of run lengths")
    .option("--geojson <file>", "segmentation: also polygons with holes, in pixels, as one GeoJSON file")
    .addOption(new Option("--json", "a line of JSON per image").conflicts("csv"))
    .option("--csv", "a table of numbers: a line per image")
    .option("--quiet", "no progress")
    .option("--sort-into <folder>", "classes: copies each image into the folder of its class, beside a page to correct them")
    .option("--min-confidence <p>", "with --sort-into: images below it go to the folder unsure", readFraction)
    .option("--link", "with --sort-into: hard links, which take no room, instead of copies");
  refuseSizes(addModelOptions(command))
    .addHelpText("after", predictExamples)
    .action(async (head: string, images: string[], flags: PredictFlags) => {
      process.exitCode = await (await import("./predict-images.ts")).predictImages(head, images, flags);
    });
}

/** Refuses options of the extraction, which a head has from its fit. */
function refuseSizes(command: Command): Command {
  for (const flag of ["--scales <list>", "--sizes <list>", "--fit <how>", "--merge <how>"]) {
    const refuse = () => {
      throw new InvalidArgumentError("Features are extracted as at the head's fit; leave it out, or fit another head.");
    };
    command.addOption(new Option(flag).argParser(refuse).hideHelp());
  }
  return command;
}

const evalExamples = `
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
    .addHelpText("after", evalExamples)
    .action(async (head: string, dataset: string, flags: EvalFlags) => {
      process.exitCode = await (await import("./eval-head.ts")).evalHead(head, dataset, flags);
    });
}

const adviseExamples = `
Examples:
  s2 advise clothing/ --test-fraction 0.3 --larger onnx-community/dinov2-small-ONNX
  s2 advise clothing/ --test-fraction 0.3 --html advice.html
  s2 advise rooms/ --task depth --meters-per-unit 0.001 --test-fraction 0.3 --json

Every image is squashed into the model's square and extracted at 1x, 1x+2x and 1x+2x+3x; a head is fitted to each, and to --preset dense, for classes global.
Controls: all scales in the channels of one (a random projection), images without their detail (reduced, then enlarged), and twice the side at once with
interpolated positions. All differences are on the same test images, with 95 % intervals; a verdict needs at least 50 of them.`;

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
    )
    .option("--html <file>", "also a page with the verdict, plots and the table");
  addSetOptions(addPrintOptions(addHeadOptions(command)));
  addModelOptions(command)
    .addHelpText("after", adviseExamples)
    .action(async (dataset: string, flags: AdviseFlags) => {
      process.exitCode = await (await import("./advise-set.ts")).adviseOnSet(dataset, flags);
    });
}
