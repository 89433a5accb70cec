/** `s2 extract`: features of images, as files. */
import { type Command, Option } from "commander";
import type { ExtractFlags } from "./extract-images.ts";
import { readCount } from "./flag-values.ts";
import { addModelOptions, addSizeOptions, dtypeOption, modelHelp } from "./flags.ts";

const examples = `
Examples:
  s2 extract photo.jpg --scales 1,2,3
  s2 extract photos/ --model onnx-community/dinov2-small-ONNX --out features --resume
  s2 extract "photos/**/*.jpg" --format npy --dtype float16
  s2 extract photo.jpg --picture --out photo.safetensors

A file holds one tensor "features" [1, tokens, channels] and, as metadata in JSON, the plan, the model, the image and the options;
.npy files have their metadata beside them in .json. Images of a glob keep their folders below --out.`;

export function defineExtract(program: Command): void {
  const command = program
    .command("extract")
    .summary("extract multi-scale features into files")
    .description(
      "Extracts multi-scale features (S²): one file per image. IMAGE is a file, a folder (its images, sorted) or a glob in quotes.",
    )
    .argument("<IMAGE...>")
    .option("--model <model>", modelHelp)
    .option("-o, --out <path>", "folder, or for one image a file .safetensors or .npy", "features")
    .addOption(new Option("--format <format>", "default: safetensors, or as --out ends").choices(["safetensors", "npy"]))
    .addOption(dtypeOption())
    .option("--picture", "also write a .png: the image beside each scale's principal components, tiles outlined")
    .option("--resume", "skip images whose file is complete and of this image, model and options")
    .option("--json", "a line of JSON per image: { image, out, dims, grid, tiles, ms } or { image, error }")
    .option("--quiet", "print nothing but the images that fail");
  addSizeOptions(command);
  addModelOptions(command)
    .option("--split-forward <n>", "tiles per run of the model (default: 4)", readCount(1))
    .addHelpText("after", examples)
    .action(async (images: string[], flags: ExtractFlags) => {
      process.exitCode = await (await import("./extract-images.ts")).extractImages(images, flags);
    });
}
