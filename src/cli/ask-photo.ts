/** The work of `s2 ask`: the question is read first, then the photo looked at as the answerer was trained, then it is told. */

import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { S2Error } from "../core/index.ts";
import { extractPhoto, photoTokens } from "../features/index.ts";
import {
  type Answerer,
  answersOf,
  examples,
  openAnswerer,
  type QuestionKind,
  questionKinds,
  readAnswerer,
  readQuestion,
} from "../language/index.ts";
import { loadImage, openGraph } from "../node.ts";
import { sha256 } from "../tensors/index.ts";
import { buildFolder } from "./build-folder.ts";
import type { AskFlags } from "./command-flags.ts";
import { failingWith } from "./errors.ts";
import { writeResult } from "./output.ts";
import { status } from "./status.ts";

const models = fileURLToPath(new URL("../../models/", import.meta.url));
const own = { answerer: join(models, "answerer/answerer.safetensors"), model: join(models, "s2-tiny") };

/** Returns the exit status. */
export async function askPhoto(photo: string, question: string | undefined, flags: AskFlags): Promise<number> {
  const answerer = await readFrom(flags.answerer ?? own.answerer);
  if (question === undefined) {
    const lines = questionKinds.map((kind) => `  ${examples[kind]}  (${rightness(answerer, kind)} on drawn scenes)`);
    writeResult(`It knows questions of these kinds, with other shapes and colours too:\n${lines.join("\n")}\n`);
    return status.ok;
  }
  const asked = readQuestion(question);
  const pixels = await failingWith(status.allFailed, () => loadImage(photo));
  const { model } = await failingWith(status.model, () => openTrainedOn(answerer, flags));
  const look = { scales: answerer.scales, fit: "squash" } as const;
  const { data, channels, prefix } = photoTokens(await extractPhoto(model, pixels, look));
  await model.dispose();
  const opened = await openAnswerer(answerer, (file) => openGraph(file, { threads: 1 }));
  const [{ answer, probability }] = await opened.tell(data.slice(prefix * channels), [asked]);
  await opened.close();
  const right = answerer.accuracy[asked.kind];
  if (flags.json) writeResult(`${JSON.stringify({ photo, question, answer, probability, right })}\n`);
  else
    writeResult(
      `${answer}\n  ${percent(probability)} sure; such questions about drawn scenes: ${rightness(answerer, asked.kind)}.\n`,
    );
  return status.ok;
}

async function readFrom(file: string): Promise<Answerer> {
  return failingWith(status.model, () => {
    if (existsSync(file)) return readAnswerer(new Uint8Array(readFileSync(file)));
    throw new S2Error("answerer", `There is no file ${file}; give --answerer a file that \`s2 experiment language\` wrote.`);
  });
}

/** The model whose tokens it was trained on, and no other. */
async function openTrainedOn({ model: name, sha256: expected }: Answerer, { model: folder = own.model, threads }: AskFlags) {
  const weights = join(folder, "model.safetensors");
  const is = existsSync(weights) ? await sha256(new Uint8Array(readFileSync(weights))) : undefined;
  if (is === expected) return buildFolder(folder, { threads, middle: true });
  const got = is ? `the weights in ${basename(folder)} are others` : `${folder} has no model.safetensors`;
  throw new S2Error(
    "answerer",
    `The answerer was trained on tokens of ${name}, and ${got}; give --model the folder of ${name}, or train one on yours with \`s2 experiment language\`.`,
  );
}

/** "79 % right, 13 % by chance". */
const rightness = ({ accuracy }: Answerer, kind: QuestionKind): string =>
  `${percent(accuracy[kind])} right, ${percent(1 / answersOf[kind].length)} by chance`;

const percent = (share: number): string => `${Math.round(100 * share)} %`;
