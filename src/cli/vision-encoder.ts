/** `s2 export-vision-encoder`: S² for the vision encoder of a LLaVA-like folder. */
import type { Command } from "commander";
import { failingWith, status } from "./errors.ts";
import { readCount, readSides } from "./flag-values.ts";
import { addSizesAlias, dtypeOption } from "./flags.ts";
import { writeMessage, writeReport } from "./output.ts";

interface EncoderFlags {
  out: string;
  imgSizes?: number[];
  visionTower?: string;
  antialias?: boolean;
  splitForward?: number;
  dtype: "float32" | "float16";
}

const examples = `
Examples:
  s2 export-vision-encoder models/llava-s2 -o models/llava-s2
  s2 export-vision-encoder models/llava --img-sizes 336,672,1008 --vision-tower models/clip-vit-large-336 -o models/llava-s2

Writes onnx/vision_encoder.onnx, config.json, preprocessor_config.json and processor_config.json. The tokenizer, embed_tokens.onnx and
decoder_model_merged.onnx stay as they are: copy them beside these where FOLDER and --out differ. Weights of a projector belong to their
number of scales: those of one scale are refused.`;

export function defineVisionEncoder(program: Command): void {
  const command = program
    .command("export-vision-encoder")
    .summary("export a LLaVA-like vision encoder with S² for transformers.js")
    .description(
      "Writes the vision encoder of a LLaVA-like model with S², tower and projector inside, and the configs that go with it.",
    )
    .argument("<FOLDER>", "config.json and safetensors of LLaVA, VILA or transformers' LLaVA")
    .requiredOption("-o, --out <folder>", "the folder to write into; may be FOLDER itself")
    .option("--img-sizes <list>", "sides in pixels, the tower's first: 336,672,1008 (default: what config.json says)", readSides)
    .option("--vision-tower <folder>", "the tower's own folder, where FOLDER has only its name")
    .option("--antialias", "filter before shrinking; released weights were trained without")
    .option("--split-forward <n>", "tiles per run of the tower (default: a scale at once)", readCount(1))
    .addOption(dtypeOption());
  addSizesAlias(command, readSides)
    .addHelpText("after", examples)
    .action(async (folder: string, { out, imgSizes: scales, ...options }: EncoderFlags) => {
      const { exportLlavaFolder } = await import("../runtimes/node/index.ts");
      const exported = await failingWith(status.model, () => exportLlavaFolder(folder, out, { scales, ...options }));
      const { path, bytes, tokens, plan, others } = exported;
      for (const other of others)
        writeMessage(`warning: ${other} has the old size; remove it, or load with dtype: { vision_encoder: "fp32" }.\n`);
      for (const { message } of plan.warnings) writeMessage(`warning: ${message}\n`);
      const size = `${(bytes / 1e6).toFixed(1)} MB, images of ${plan.image[0]} px`;
      writeReport(`${path}: ${size}, ${plan.tiles} tiles, ${tokens} tokens\n`);
    });
}
