/** `s2 ask`: a question about an image, in words. */
import type { Command } from "commander";
import type { AskFlags } from "./command-flags.ts";
import { readCount } from "./flags.ts";

const examples = `
Examples:
  s2 ask photo.jpg "what colour is the star?"
  s2 ask photo.jpg "how many rings are there?" --json
  s2 ask photo.jpg

Without a question the kinds that it knows are listed. The answerer is a small one, trained on drawn scenes (docs/language.md): it shows what
an answerer sees through S², and knows little of images in which nothing is drawn. One that \`s2 experiment language\` trained on another model
is given by --answerer, with that model's folder as --model.`;

export function defineAsk(program: Command): void {
  program
    .command("ask")
    .summary("a question about an image, in words")
    .description(
      "Answers a question about an image with a small answerer on S² features; it knows a few kinds of questions and says which.",
    )
    .argument("<IMAGE>")
    .argument("[QUESTION]", "in quotes")
    .option("--answerer <file>", "an answerer that `s2 experiment language` wrote (default: the one that comes along)")
    .option("--model <folder>", "the vision model it was trained on, with config.json and model.safetensors (default: s2-tiny)")
    .option("--threads <n>", "threads of the model (default: physical cores)", readCount(1))
    .option("--json", "the answer as a line of JSON")
    .addHelpText("after", examples)
    .action(async (image: string, question: string | undefined, flags: AskFlags) => {
      const { askImage } = await import("./ask-image.ts");
      process.exitCode = await askImage(image, question, flags);
    });
}
