/** `s2 train`: a small model of one's own, from a folder of images and a teacher. */
import type { Command } from "commander";
import { readCount } from "./flag-values.ts";
import { addModelOptions } from "./flags.ts";
import type { TrainFlags } from "./train-student.ts";

const examples = `
Examples:
  s2 train photos/ --teacher onnx-community/dinov2-small-ONNX -o models/mine
  s2 train "photos/**/*.jpg" --teacher onnx-community/dinov2-small-ONNX --s2 --steps 4000 -o models/mine-ms
  s2 extract photo.jpg --model models/mine

No labels are needed: the student learns to give the teacher's tokens (distillation). Views of the images with what the teacher says of
them are kept in --training, and a checkpoint every five minutes; the same command goes on after a break or Ctrl-C. With --device webgpu
the teacher and the training run on the graphics card. Of 20 photos or more every tenth is left out of the training (at most 50): on these the
model is evaluated at the end, by the fraction of the teacher's tokens that a linear map of its own explains (R²) and, where photos lie in folders of
classes, by nearest neighbors. training.html has the curve of the loss.`;

export function defineTrain(program: Command): void {
  const command = program
    .command("train")
    .summary("a small model of one's own from images and a teacher")
    .description("Trains a small Vision Transformer on images without labels, by distilling a larger model.")
    .argument("<IMAGE...>", "images, a folder of them, or a glob in quotes")
    .requiredOption("--teacher <model>", "a model with [CLS] and patch tokens: a folder, an .onnx file, or owner/name on the hub")
    .requiredOption("-o, --out <folder>", "gets config.json, model.safetensors, log.json and training.html")
    .option("--steps <n>", "steps of 40 tiles: views, each an image's part, with --s2 at two sizes", readCount(1), 1000)
    .option("--views <n>", "views to draw (default: 15 an image, with --s2 four)", readCount(1))
    .option("--dim <n>", "channels, a multiple of 4 and of --heads", readCount(4), 192)
    .option("--depth <n>", "blocks", readCount(1), 4)
    .option("--heads <n>", "attention heads", readCount(1), 3)
    .option("--s2", "train with S² in the loop: features at scales 1 and 2 against the teacher at the finer one (paper, Table 4)")
    .option("--seed <n>", "the same seed gives the same model on one thread", readCount(0), 1)
    .option("--training <folder>", "views and checkpoints (default: OUT/training)")
    .option("--json", "one line of JSON at the end: { out, files, evaluation }")
    .option("--quiet", "print nothing but failures");
  addModelOptions(command)
    .addHelpText("after", examples)
    .action(async (images: string[], flags: TrainFlags) => {
      process.exitCode = await (await import("./train-student.ts")).trainStudent(images, flags);
    });
}
