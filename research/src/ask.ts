/** `npm run ask -- IMAGE QUESTION`: a small VQA head on S² features answers a question about an image, as a demonstration. */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { imageTokens } from "s2-vision/heads";
import { extract, loadImage, openGraph } from "s2-vision/node";
import { buildFolder, sha256 } from "./build-folder.ts";
import { ResearchError, runCommand } from "./error.ts";
import { answersOf, exampleQuestions, type QuestionType, questionTypes, readQuestion } from "./vqa/questions.ts";
import { openVqaHead, readVqaHead, type VqaHead } from "./vqa/vqa-head-file.ts";

interface Flags {
  readonly head: string;
  readonly model: string;
  readonly json?: boolean;
}

const root = fileURLToPath(new URL("../../", import.meta.url));

const examples = `
Examples:
  npm run ask -- photo.jpg "what colour is the star?"
  npm run ask -- photo.jpg "how many rings are there?" --json
  npm run ask -- photo.jpg

Without a question the types of questions are listed. The head was trained on drawn scenes (research/README.md): it shows what can be read from
S² features, and knows little of images in which nothing is drawn.`;

const command = new Command("npm run ask --")
  .description("Answers a question about an image with a small VQA head on S² features.")
  .argument("<IMAGE>")
  .argument("[QUESTION]", "in quotes")
  .option(
    "--head <file>",
    "a VQA head that `npm run experiment -- language` wrote",
    join(root, "research/models/vqa-head/vqa-head.safetensors"),
  )
  .option(
    "--model <folder>",
    "the vision model it was trained on, with config.json and model.safetensors",
    join(root, "models/s2-tiny"),
  )
  .option("--json", "the answer as a line of JSON")
  .addHelpText("after", examples)
  .action(async (image: string, question: string | undefined, flags: Flags) => {
    const head = readHead(flags.head);
    console.log(question === undefined ? listQuestions(head) : await answer(image, question, head, flags));
  });

function readHead(file: string): VqaHead {
  if (existsSync(file)) return readVqaHead(new Uint8Array(readFileSync(file)));
  throw new ResearchError(`There is no file ${file}; give --head a file that \`npm run experiment -- language\` wrote.`);
}

function listQuestions(head: VqaHead): string {
  const lines = questionTypes.map((type) => `  ${exampleQuestions[type]}  (${accuracyOf(head, type)} on drawn scenes)`);
  return `Questions of these types can be asked, with other shapes and colors too:\n${lines.join("\n")}`;
}

/** Reads the question first, for a mistake in it costs nothing then. */
async function answer(image: string, text: string, head: VqaHead, { model: folder, json }: Flags): Promise<string> {
  const question = readQuestion(text);
  const pixels = await loadImage(image);
  const { model } = await openTrainedOn(head, folder);
  const { data, channels, prefix } = imageTokens(
    await extract(model, pixels, { scales: head.scales, fit: "squash", fusion: "reference" }),
  );
  await model.dispose();
  const opened = await openVqaHead(head, (file) => openGraph(file, { threads: 1 }));
  const [{ answer, probability }] = await opened.predict(data.slice(prefix * channels), [question]);
  await opened.close();
  if (json) return JSON.stringify({ image, question: text, answer, probability, accuracy: head.accuracy[question.type] });
  return `${answer}\n  probability ${percent(probability)}; such questions about drawn scenes: ${accuracyOf(head, question.type)}.`;
}

/** Opens the model whose tokens the head was trained on, and no other. */
async function openTrainedOn({ model: name, sha256: expected }: VqaHead, folder: string) {
  const weights = join(folder, "model.safetensors");
  const found = existsSync(weights) ? sha256(readFileSync(weights)) : undefined;
  if (found === expected) return buildFolder(folder, { middle: true });
  const received = found ? `the weights in ${basename(folder)} are others` : `${folder} has no model.safetensors`;
  throw new ResearchError(
    `The VQA head was trained on tokens of ${name}, and ${received}; give --model the folder of ${name}, or train one on yours with \`npm run experiment -- language\`.`,
  );
}

/** "79 % right, 13 % by chance". */
const accuracyOf = ({ accuracy }: VqaHead, type: QuestionType): string =>
  `${percent(accuracy[type])} right, ${percent(1 / answersOf[type].length)} by chance`;

const percent = (fraction: number): string => `${Math.round(100 * fraction)} %`;

await runCommand(command);
