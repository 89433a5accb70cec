/** A trained VQA head as a file, and ready to predict. */
import { fromFloat16, readSafetensors, toFloat16, writeSafetensors } from "s2-vision/node";
import { constant, finishGraph, input, newGraph, type OpenGraph, output, writeOnnx } from "s2-vision/onnx";
import { array, gtValue, integer, literal, looseObject, minValue, number, object, pipe, safeParse, string } from "valibot";
import { ResearchError } from "../error.ts";
import { answersOf, type QuestionType, questionLength, questionTypes, vocabulary, wordIds } from "./questions.ts";
import { countTokens, type VisualInput, type VqaHeadShape, wordScores } from "./vqa-head.ts";

/** The weights of a VQA head, and what is needed to use them. */
export interface VqaHead {
  readonly visualInput: VisualInput;
  readonly shape: VqaHeadShape;
  /** Name of the vision model, whose tokens after half of its blocks are the visual input. */
  readonly model: string;
  /** SHA-256 of that model's weights file. */
  readonly sha256: string;
  readonly scales: readonly number[];
  /** Fraction of correct answers about the test scenes, by type of question. */
  readonly accuracy: Readonly<Record<QuestionType, number>>;
  readonly weights: Readonly<Record<string, { readonly dims: readonly number[]; readonly data: Float32Array }>>;
}

const size = pipe(number(), integer(), minValue(1));
const accuracies = Object.fromEntries(questionTypes.map((type) => [type, number()])) as Record<
  QuestionType,
  ReturnType<typeof number>
>;
const description = looseObject({
  kind: literal("vqa-head"),
  words: array(string()),
  visualInput: object({
    grids: array(object({ rows: size, cols: size })),
    channels: size,
    mean: array(number()),
    deviation: array(pipe(number(), gtValue(0))),
  }),
  shape: object({ dim: size, depth: size, heads: size }),
  model: string(),
  sha256: string(),
  scales: array(pipe(number(), gtValue(0))),
  accuracy: object(accuracies),
});

/** Encodes a VQA head as float16 safetensors; all but the weights is in the metadata. */
export function writeVqaHead({ weights, ...about }: VqaHead): Uint8Array {
  const tensors = Object.entries(weights).map(([name, { dims, data }]) => [
    name,
    { dtype: "F16" as const, dims, data: toFloat16(data) },
  ]);
  return writeSafetensors(Object.fromEntries(tensors), { s2: JSON.stringify({ kind: "vqa-head", words: vocabulary, ...about }) });
}

const advice = "Give a file that `npm run experiment -- language` wrote.";

/** @throws ResearchError for a file that is no VQA head, or has other words. */
export function readVqaHead(file: Uint8Array): VqaHead {
  const { tensors, metadata } = readSafetensors(file);
  const { kind, words, ...about } = readDescription(metadata.s2);
  if (words.join() !== vocabulary.join())
    throw new ResearchError(`The file is no VQA head of this version: it was trained with other words. ${advice}`);
  const { visualInput, shape } = about;
  const { mean, deviation, channels } = visualInput;
  if (mean.length !== channels || deviation.length !== channels || shape.dim % shape.heads !== 0)
    throw new ResearchError(
      `The VQA head has ${mean.length} means and ${deviation.length} deviations for ${channels} channels, and ${shape.heads} heads ` +
        `for ${shape.dim} channels; expected one of each for every channel, and heads of equal size. ${advice}`,
    );
  const weights = Object.entries(tensors).map(([tensor, { dtype, dims, data }]) => {
    if (dtype !== "F16") throw new ResearchError(`${tensor} of the VQA head is ${dtype}; expected F16. ${advice}`);
    return [tensor, { dims, data: fromFloat16(data as Uint16Array) }];
  });
  return { ...about, weights: Object.fromEntries(weights) };
}

function readDescription(json = "{}") {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new ResearchError(`The file is no VQA head: its description is no JSON (${(error as Error).message}). ${advice}`);
  }
  const { success, output, issues } = safeParse(description, value);
  if (success) return output;
  const at = issues[0].path?.map(({ key }) => key).join(".") ?? "its description";
  throw new ResearchError(`The file is no VQA head of this version: ${at}: ${issues[0].message}. ${advice}`);
}

/** An answer and its probability, 0 to 1, among the possible answers to such a question. */
export interface Answer {
  readonly answer: string;
  readonly probability: number;
}

export interface OpenedVqaHead {
  /** Answers questions about an image's visual tokens [n, c]. */
  predict(visual: Float32Array, questions: readonly { type: QuestionType; words: readonly string[] }[]): Promise<Answer[]>;
  close(): Promise<void>;
}

/** Opens a VQA head for `perScene` questions at a time. */
export async function openVqaHead(head: Omit<VqaHead, "accuracy">, openGraph: OpenGraph, perScene = 1): Promise<OpenedVqaHead> {
  const { visualInput, shape, weights } = head;
  const graph = newGraph(20);
  const dims = { visual: [1, countTokens(visualInput), visualInput.channels], questions: [1, perScene, questionLength] };
  const visual = input(graph, "visual", "float32", dims.visual);
  const questions = input(graph, "questions", "int64", dims.questions);
  const weight = (name: string, expected: readonly number[]) => {
    const found = weights[name];
    if (String(found?.dims) === String(expected)) return constant(graph, "float32", found.dims, found.data);
    const received = found ? `[${found.dims.join(", ")}]` : "absent";
    throw new ResearchError(`${name} of the VQA head is ${received}; expected [${expected.join(", ")}]. The file is damaged.`);
  };
  output(wordScores(visual, questions, visualInput, shape, weight), "scores");
  const opened = await openGraph(writeOnnx(finishGraph(graph, "vqa-head")));
  return {
    async predict(tokens, asked) {
      const ids = BigInt64Array.from(
        asked.flatMap(({ words }) => wordIds(words)),
        BigInt,
      );
      const outputs = await opened.run({
        visual: { dims: dims.visual, data: tokens },
        questions: { dims: dims.questions, data: ids },
      });
      const scores = outputs.scores.data as Float32Array;
      return asked.map(({ type }, i) => mostProbable(scores.subarray(i * vocabulary.length), answersOf[type]));
    },
    close: () => opened.close(),
  };
}

/** The possible answer with the highest score. */
function mostProbable(scores: Float32Array, possible: readonly string[]): Answer {
  const candidates = possible.map((answer) => scores[vocabulary.indexOf(answer)]);
  const best = candidates.indexOf(Math.max(...candidates));
  const sum = candidates.reduce((total, score) => total + Math.exp(score - candidates[best]), 0);
  return { answer: possible[best], probability: 1 / sum };
}
