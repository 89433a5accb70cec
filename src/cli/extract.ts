/** `s2 extract`: images into feature files. */
import { type Command, Option } from "commander";
import { addModelOptions, addSizeOptions, type ExtractFlags, readCount } from "./flags.ts";

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
    .summary("images into multi-scale feature files")
    .description(
      "Extracts multi-scale features (S²): one file per image. IMAGE is a file, a folder (its images, sorted) or a glob in quotes.",
    )
    .argument("<IMAGE...>")
    .option("--model <model>", "a folder, an .onnx file, or owner/name on the hub (default: s2-tiny, which comes along)")
    .option("-o, --out <path>", "folder, or for one image a file .safetensors or .npy", "features")
    .addOption(new Option("--format <format>", "default: safetensors, or as --out ends").choices(["safetensors", "npy"]))
    .addOption(new Option("--dtype <type>", "numbers in the file").choices(["float32", "float16"]).default("float32"))
    .option("--picture", "also write a .png: the image beside each scale's main components, tiles outlined")
    .option("--resume", "skip images whose file is complete and as this image, model and options make it")
    .option("--json", "a line of JSON per image: { image, out, dims, grid, tiles, ms } or { image, error }")
    .option("--quiet", "say nothing but which images fail");
  addSizeOptions(command);
  addModelOptions(command)
    .option("--split-forward <n>", "tiles per run of the model (default: 4)", readCount(1))
    .addHelpText("after", examples)
    .action(async (images: string[], flags: ExtractFlags) => {
      const { extractImages } = await import("./extract-images.ts");
      process.exitCode = await extractImages(images, flags);
    });
}
